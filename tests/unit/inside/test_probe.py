from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scripts import scripts_folder

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nResult:12"
Answer = Callable[[socket.socket, int], None]


def send(*answers: bytes) -> Answer:
    """Return a service that sends these answers, the last one for ever."""

    def answer(connection: socket.socket, number: int) -> None:
        connection.recv(1000)
        connection.sendall(answers[min(number, len(answers) - 1)])

    return answer


@contextlib.contextmanager
def service(answer: Answer) -> Iterator[int]:
    """Serve on a port of the loopback address, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            number = 0
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        answer(connection, number)
                    number += 1

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            # Closing alone does not end `accept`, which could then take the connections of
            # another test's server that has the same file descriptor.
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def probe(folder: Path, *checks: dict[str, Any], deadline: float = 0.3) -> list[dict[str, Any]]:
    arguments = {"checks": list(checks), "deadline": deadline, "settle": 0.05}
    (folder / "job.json").write_text(json.dumps(arguments))
    script = scripts_folder() / "probe.py"
    out = folder / "out"
    subprocess.run([sys.executable, "-sE", str(script), str(folder), str(out)], check=True)
    answers: list[dict[str, Any]] = json.loads((out / "result.json").read_text())["answers"]
    return answers


def check(url: str, status: int = 200, text: str = "") -> dict[str, Any]:
    return {"url": url, "status": status, "text": text}


REFUSED = b"HTTP/1.1 500 No\r\n\r\nno  result\ntoday"
LOGIN = b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((OK,), {"text": "Result:12"}),
        ((REFUSED, OK), {"text": "Result:12"}),
        ((b"", OK), {}),
        ((b"HTTP/1.1 404 No\r\n\r\n",), {"status": 404}),
    ],
)
def test_a_request_is_repeated_until_the_answer_is_right(
    tmp_path: Path, answers: tuple[bytes, ...], expected: dict[str, Any]
) -> None:
    with service(send(*answers)) as port:
        (found,) = probe(tmp_path, check(f"http://127.0.0.1:{port}/", **expected))
    assert found == {"passed": True, "why": str(expected.get("status", 200))}


@pytest.mark.parametrize(
    ("answer", "text", "why"),
    [
        (REFUSED, "", "it answered 500: no result today; the check expects 200"),
        (OK, "13", "it answered 200: Result:12; the check expects the text '13'"),
        (b"", "", "it closed the connection without an answer"),
        (b"hello\r\n", "", "it sent no valid answer (BadStatusLine: hello)"),
        (LOGIN, "", "it answered 302; the check expects 200"),
    ],
)
def test_a_wrong_answer_is_quoted(tmp_path: Path, answer: bytes, text: str, why: str) -> None:
    with service(send(answer)) as port:
        (found,) = probe(tmp_path, check(f"http://127.0.0.1:{port}/", text=text))
    assert found == {"passed": False, "why": why}


def test_a_port_is_enough_and_may_have_to_say_something(tmp_path: Path) -> None:
    def greet(connection: socket.socket, number: int) -> None:
        connection.sendall(b"220 mail")

    with service(greet) as port:
        url = f"tcp://127.0.0.1:{port}"
        first, second, third = probe(
            tmp_path, check(url), check(url, text="220"), check(url, text="221")
        )
    assert first["passed"]
    assert second["passed"]
    assert third["why"] == "it sent '220 mail'; the check expects '221'"


def test_a_closed_port_and_an_unknown_name_are_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    closed, unknown = probe(
        tmp_path, check(f"http://127.0.0.1:{port}/"), check("http://no-such-name.invalid:1/")
    )
    assert closed["why"] == f"nothing listens on port {port}"
    assert unknown["why"] == "the name no-such-name.invalid does not resolve"


def test_a_service_that_stops_after_one_answer_is_noticed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def once() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(OK)
            server.close()

        threading.Thread(target=once, daemon=True).start()
        (found,) = probe(tmp_path, check(f"http://127.0.0.1:{port}/"))
    why = f"it answered once; then nothing listens on port {port}"
    assert (found["passed"], found["why"]) == (False, why)


def test_a_body_without_an_end_is_not_read_for_ever(tmp_path: Path) -> None:
    stop = threading.Event()

    def flood(connection: socket.socket, number: int) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stop.is_set():
            connection.sendall(b"x" * 65536)

    with service(flood) as port:
        (found,) = probe(tmp_path, check(f"http://127.0.0.1:{port}/", text="Result"))
        stop.set()
    assert found["passed"] is False
    assert len(found["why"]) < 500
