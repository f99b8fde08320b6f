"""The tools of a base without pip: what is installed, and what is left to pip."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.raw_http import Connection, raw_server
from tests.scripts import scripts_folder

SCRIPT = """\
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pure_wheels import Unusual, install
try:
    install(sys.argv[2], sys.argv[3], Path(sys.argv[4]), 5.0)
    print("installed")
except Unusual as unusual:
    print(unusual)
"""
JSON = "application/vnd.pypi.simple.v1+json"
NAME = "six-1.0-py3-none-any.whl"


def wheel(*members: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for member in members:
            archive.writestr(member, "VALUE = 6\n")
    return data.getvalue()


GOOD = wheel("six.py", "six-1.0.dist-info/METADATA")


def respond(kind: str, name: str, listed: str, content: bytes) -> Callable[[Connection], None]:
    """Return an index with one file of six."""
    file = {"filename": name, "hashes": {"sha256": listed}, "url": "../file"}
    listing = json.dumps({"files": [file]}).encode()

    def answer(connection: Connection) -> None:
        is_listing = connection.head.split()[1] == "/simple/six/"
        body, typed = (listing, kind) if is_listing else (content, "application/zip")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {typed}\r\nContent-Length: {len(body)}\r\n"
        connection.write(f"{head}Connection: close\r\n\r\n".encode() + body)

    return answer


def install(
    folder: Path, content: bytes = GOOD, name: str = NAME, kind: str = JSON, pinned: bytes = b""
) -> str:
    """Install six; return what is said of it."""
    digest = hashlib.sha256(pinned or content).hexdigest()
    lock = (
        f"# locked\nsix==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{digest}\n"
    )
    with raw_server(respond(kind, name, digest, content)) as server:
        words = [str(scripts_folder()), lock, f"http://{server.address}/simple/", str(folder)]
        command = [sys.executable, "-c", SCRIPT, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return done.stdout.strip()


def test_a_wheel_is_extracted_without_its_scripts(tmp_path: Path) -> None:
    content = wheel("six.py", "six-1.0.dist-info/METADATA", "six-1.0.data/scripts/six")
    assert install(tmp_path, content) == "installed"
    assert {path.name for path in tmp_path.iterdir()} == {
        "six.py",
        "six-1.0.dist-info",
    }


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "text/html"}, "the index has no listings in JSON"),
        ({"name": "six-1.0-cp311-cp311-linux_x86_64.whl"}, "no wheel of pure Python"),
        ({"name": "six-1.0.tar.gz"}, "no wheel of pure Python"),
        ({"pinned": b"other"}, "six has another hash"),
        ({"content": b"no zip"}, "File is not a zip file"),
        ({"content": wheel("../six.py")}, "../six.py needs an installer"),
        ({"content": wheel("x.data/")}, "tuple index out of range"),
        ({"content": wheel("/six.py")}, "/six.py needs an installer"),
        (
            {"content": wheel("x.data/purelib/six.py")},
            "x.data/purelib/six.py needs an installer",
        ),
    ],
)
def test_the_rest_is_left_to_pip_and_nothing_is_changed(
    tmp_path: Path, asked: dict[str, Any], said: str
) -> None:
    assert install(tmp_path, **asked) == said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("listing", [b"[]", b"{}", b'{"files": 1}', b'{"files": [{}]}', b"{"])
def test_a_listing_of_another_form_is_left_to_pip(tmp_path: Path, listing: bytes) -> None:
    def answer(connection: Connection) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: {len(listing)}\r\n"
        connection.write(f"{head}Connection: close\r\n\r\n".encode() + listing)

    lock = f"six==1.0 \\\n    --hash=sha256:{'0' * 64}\n"
    with raw_server(answer) as server:
        words = [str(scripts_folder()), lock, f"http://{server.address}/simple", str(tmp_path)]
        command = [sys.executable, "-c", SCRIPT, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout != "installed\n"
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_does_not_answer_is_left_to_pip(tmp_path: Path) -> None:
    lock = f"six==1.0 \\\n    --hash=sha256:{'0' * 64}\n"
    words = [str(scripts_folder()), lock, "http://127.0.0.1:1/simple", str(tmp_path)]
    command = [sys.executable, "-c", SCRIPT, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert "Connection refused" in done.stdout
