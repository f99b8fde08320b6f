"""The streams of a container, over a socket whose other end speaks as the engine does."""

from __future__ import annotations

import io
import socket
import struct
import tarfile
import threading
from collections.abc import Iterator

import attrs
import pytest

from buildbot_ship.daemon.containers.streams import MAX_LINE, MAX_LOG, Streams
from buildbot_ship.daemon.interface import JobFile

OUT, ERR = 1, 2


@pytest.fixture
def ends() -> Iterator[tuple[Streams, socket.socket]]:
    ours, engine = socket.socketpair()
    with ours, engine:
        yield Streams(socket.SocketIO(ours, "rb")), engine


def frame(stream: int, data: bytes) -> bytes:
    """Return a frame as the API's description of attaching has it."""
    return struct.pack(">BxxxL", stream, len(data)) + data


def test_output_and_lines_come_apart(ends: tuple[Streams, socket.socket]) -> None:
    streams, engine = ends
    parts = [(ERR, b"one\ntw"), (OUT, b"ab"), (ERR, b"o\r\nthree"), (OUT, b"c")]
    engine.sendall(b"".join(frame(*part) for part in parts))
    engine.close()
    lines: list[str] = []
    assert b"".join(streams.receive(lines.append)) == b"abc"
    assert lines == ["one", "two", "three"]


def test_a_line_without_end_is_not_held(ends: tuple[Streams, socket.socket]) -> None:
    streams, engine = ends
    piece = b"x" * (MAX_LINE // 2 + 1)
    lines: list[str] = []
    for _ in range(2):
        engine.sendall(frame(ERR, piece))
    engine.sendall(frame(OUT, b"."))
    assert next(streams.receive(lines.append)) == b"."
    assert lines == [f"{'x' * 2 * len(piece)}..."]


def test_a_flood_of_lines_ends_at_the_cap_and_files_still_come(
    ends: tuple[Streams, socket.socket],
) -> None:
    streams, engine = ends
    said = frame(ERR, (b"x" * 1023 + b"\n") * 1024)

    def flood() -> None:
        for _ in range(3 * MAX_LOG // (1 << 20)):
            engine.sendall(said)
        engine.sendall(frame(OUT, b"files"))
        engine.close()

    thread = threading.Thread(target=flood)
    thread.start()
    lines: list[str] = []
    assert b"".join(streams.receive(lines.append)) == b"files"
    thread.join()
    assert lines[-1] == f"(output beyond {MAX_LOG} bytes is not logged)"
    assert MAX_LOG <= sum(len(line) + 1 for line in lines[:-1]) < MAX_LOG + (2 << 20)


def test_what_is_sent_is_a_tar(ends: tuple[Streams, socket.socket]) -> None:
    streams, engine = ends
    streams.send([JobFile("job.json", b"{}")])
    received = engine.recv(tarfile.RECORDSIZE, socket.MSG_WAITALL)
    with tarfile.open(fileobj=io.BytesIO(received)) as archive:
        assert archive.getnames() == ["job.json"]


def test_scripts_come_before_the_job_with_their_size(
    ends: tuple[Streams, socket.socket],
) -> None:
    streams, engine = ends
    streams.send_scripts([JobFile("install.py", b"")])
    streams.send([JobFile("job.json", b"{}")])
    size = int.from_bytes(engine.recv(8, socket.MSG_WAITALL), "big")
    for count, name in [(size, "install.py"), (tarfile.RECORDSIZE, "job.json")]:
        received = engine.recv(count, socket.MSG_WAITALL)
        with tarfile.open(fileobj=io.BytesIO(received)) as archive:
            assert archive.getnames() == [name]


def test_a_container_that_has_ended_takes_nothing(ends: tuple[Streams, socket.socket]) -> None:
    streams, engine = ends
    engine.close()
    streams.send([JobFile("big", b"x" * (1 << 21))])
    assert list(streams.receive(print)) == []


def reset_by_the_engine() -> Streams:
    """Return streams whose connection the engine has reset."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        engine, _ = server.accept()
    ours.sendall(b"not read")
    # With a linger time of zero, closing sends a reset.
    engine.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    engine.close()
    return Streams(socket.SocketIO(ours, "rb"))


def test_a_reset_is_the_end_if_the_container_has_ended() -> None:
    asked: list[bool] = []

    def has_ended() -> bool:
        asked.append(len(asked) == 1)
        return asked[-1]

    streams = attrs.evolve(reset_by_the_engine(), has_ended=has_ended)
    assert list(streams.receive(print)) == []
    assert asked == [False, True]


def test_a_reset_is_an_error_if_the_container_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildbot_ship.daemon.containers.streams.RESET_PAUSE", 0)
    with pytest.raises(ConnectionResetError):
        list(reset_by_the_engine().receive(print))


def test_an_engine_that_still_writes_is_let_go(ends: tuple[Streams, socket.socket]) -> None:
    streams, engine = ends
    engine.settimeout(5)
    engine.sendall(frame(OUT, b"read") + frame(OUT, b"not read"))
    assert next(streams.receive(print)) == b"read"
    streams.close()
    streams.close()
    assert engine.recv(1) == b""
    with pytest.raises(BrokenPipeError):
        engine.sendall(frame(OUT, b"more"))


def test_sending_ends_when_the_container_has_ended(
    ends: tuple[Streams, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buildbot_ship.daemon.containers.streams.CHECK_MILLISECONDS", 10)
    asked: list[bool] = []

    def has_ended() -> bool:
        asked.append(len(asked) >= 2)
        return asked[-1]

    streams, _engine = ends
    # Nobody reads, and the buffers of the socket hold less.
    attrs.evolve(streams, has_ended=has_ended).send([JobFile("a", bytes(10_000_000))])
    assert asked[:3] == [False, False, True]
    assert all(asked[2:])
