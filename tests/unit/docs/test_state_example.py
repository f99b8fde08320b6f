"""docker/example-state keeps its data, whatever ends it and whatever it is given."""

from __future__ import annotations

import importlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from lab.ports import free_port

TOP = Path(__file__).resolve().parents[3]
SOURCE = TOP / "docker" / "example-state" / "src"
PAGE = TOP / "docs" / "run" / "state.md"
# A test has no volume to mount.
SERVE = "import os; os.path.ismount = os.path.isdir; from notes.__main__ import main; main()"


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of version 1."""
    monkeypatch.syspath_prepend(str(SOURCE))
    yield importlib.import_module("notes.database")
    for name in [name for name in sys.modules if name.partition(".")[0] == "notes"]:
        del sys.modules[name]


def second_version(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the migration that the page adds."""
    statement = re.search(r'^\+    \("(ALTER TABLE .*)", 1\),$', PAGE.read_text(), re.M)
    assert statement is not None
    monkeypatch.setattr(database, "MIGRATIONS", [*database.MIGRATIONS, (statement[1], 1)])


def columns(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "notes.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[1] for row in connection.execute("PRAGMA table_info(notes)")]


def migrate(database: Any, folder: Path, killed_at: int | None = None) -> int:
    """Migrate in a child process that is killed at a statement; return its wait status."""
    child = os.fork()
    if child == 0:
        connection, left = database.connect(folder), [killed_at]

        def trace(_: str) -> None:
            if left[0] is not None:
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1

        connection.set_trace_callback(trace)
        database.migrate(connection)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def test_a_migration_that_is_killed_has_done_nothing(
    database: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert migrate(database, tmp_path) == 0
    second_version(database, monkeypatch)
    kills = 0
    while migrate(database, tmp_path, kills) == signal.SIGKILL:
        assert columns(tmp_path) == ["key", "text"]
        kills += 1
    assert kills > 5
    assert columns(tmp_path) == ["key", "text", "created_at"]


def test_a_first_start_that_is_killed_leaves_no_half_schema(
    database: Any, tmp_path: Path
) -> None:
    kills = 0
    while migrate(database, tmp_path, kills) == signal.SIGKILL:
        assert columns(tmp_path) == []
        kills += 1
    assert columns(tmp_path) == ["key", "text"]


def test_the_old_version_works_on_the_new_schema_until_a_contract(
    database: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = database.MIGRATIONS
    second_version(database, monkeypatch)
    with closing(database.connect(tmp_path)) as connection:
        database.migrate(connection)
        connection.execute("INSERT INTO notes VALUES ('milk', 'buy milk', 'today')")
        monkeypatch.setattr(database, "MIGRATIONS", old)
        database.migrate(connection)
        connection.execute(database.STORE, ("milk", "buy more milk"))
        assert connection.execute("SELECT * FROM notes").fetchall() == [
            ("milk", "buy more milk", "today")
        ]
        third = [*old, ("SELECT 1", 1), ("ALTER TABLE notes RENAME COLUMN text TO body", 3)]
        monkeypatch.setattr(database, "MIGRATIONS", third)
        database.migrate(connection)
        monkeypatch.setattr(database, "MIGRATIONS", third[:2])
        with pytest.raises(database.DataError) as refused:
            database.migrate(connection)
    assert str(refused.value).partition(":")[0] in PAGE.read_text()


def backup_of(database: Any, folder: Path) -> Path:
    folder.mkdir()
    with closing(database.connect(folder)) as connection:
        database.migrate(connection)
        connection.executemany(
            database.STORE, [(f"key{number}", "x" * 4000) for number in range(9)]
        )
        database.backup(folder, folder / "backup")
    return folder / "backup"


def test_only_an_intact_backup_is_restored(database: Any, tmp_path: Path) -> None:
    good = backup_of(database, tmp_path / "old")
    bad = tmp_path / "bad"
    contents = good.read_bytes()
    page = contents.index(b"x" * 3000)
    damaged = contents[: page - 100] + b"\0" * 2000 + contents[page + 1900 :]
    new = tmp_path / "new"
    new.mkdir()
    for content in (b"", b"text", contents[: len(contents) // 2], damaged):
        bad.write_bytes(content)
        with pytest.raises(database.DataError, match=f"{bad} is damaged, or not a backup"):
            database.restore(new, bad)
        assert not (new / "notes.sqlite3").exists()
    with pytest.raises(database.DataError, match="missing does not exist: mount"):
        database.restore(new, tmp_path / "missing")
    database.restore(new, good)
    with pytest.raises(database.DataError, match="has data already"):
        database.restore(new, good)
    with pytest.raises(database.DataError, match="has no data"):
        database.backup(tmp_path, tmp_path / "backup")
    with pytest.raises(database.DataError, match="missing cannot be used"):
        database.backup(new, tmp_path / "missing" / "backup")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running service and its port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "--data", str(tmp_path), "--port", str(port)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "serving" in process.stderr.readline()
    yield process, port
    process.kill()
    process.wait()
    process.stderr.close()


def answer(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_a_write_that_has_begun_is_finished_at_sigterm(
    service: tuple[subprocess.Popen[str], int], tmp_path: Path
) -> None:
    process, port = service
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"PUT /notes/milk HTTP/1.0\r\nContent-Length: 8\r\n\r\nbuy ")
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        client.sendall(b"milk")
        assert client.recv(100).startswith(b"HTTP/1.0 201 ")
    assert process.wait(5) == 0
    with closing(sqlite3.connect(tmp_path / "notes.sqlite3")) as connection:
        assert connection.execute("SELECT * FROM notes").fetchall() == [("milk", "buy milk")]


def test_a_note_that_is_not_whole_is_refused(
    service: tuple[subprocess.Popen[str], int],
) -> None:
    port = service[1]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"PUT /notes/a HTTP/1.0\r\nContent-Length: 8\r\n\r\nbuy ")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100).startswith(b"HTTP/1.0 400 ")
    assert answer(port, "PUT", "/notes/b", b"\xff")[0] == 400
    assert answer(port, "PUT", "/notes/c", b"x" * 70_000)[0] == 400
    assert answer(port, "PUT", "/notes/", b"text")[0] == 404
    assert answer(port, "GET", "/notes") == (200, "[]\n")


def test_the_page_quotes_the_messages_of_the_example() -> None:
    """Values may differ: the code has fields of f-strings where the page has examples."""
    code = (SOURCE / "notes" / "database.py").read_text()
    fixed = re.sub(r'"\s*f?"|\{.*?\}', " ", code)
    rows = re.findall(r"^\| `(.+?)` \|", PAGE.read_text().split("go wrong")[1], re.M)
    assert len(rows) >= 7
    for row in rows:
        for part in re.split(r"/\S+|\S*\d\S*", row):
            assert part.strip(" ,:") in re.sub(r"\s+", " ", fixed), row
