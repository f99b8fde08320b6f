"""Wheels or sdists, asked of an index that a test serves."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.scripts import scripts_folder

INSIDE = scripts_folder()
WHEEL, OTHER, SDIST = "a_b-1.0-py3-none-any.whl", "a_b-1.0-cp27-none-any.whl", "a.b-1.0.tar.gz"
SERVED = {"a-b": (WHEEL, OTHER, SDIST), "wheel-only": ("wheel_only-1.0-py3-none-any.whl",)}
SERVED |= {"sdist-only": ("sdist-only-1.0.tar.gz",)}
BEFORE = """\
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from distribution_formats import Formats, explain_missing_file, keep_admitted
from index import Index
from job import Failed
asked = json.loads(sys.argv[3])
formats = Formats(asked.get("no", ()), asked.get("only", ()))
index = Index({"url": sys.argv[2]}, {}, None, formats.admits)
folder = Path(asked["folder"])
try:
    if "strict" in asked:
        answer = keep_admitted(asked["strict"], index, formats, folder)
    elif "output" in asked:
        failed = Failed("as it was", output=asked["output"])
        answer = explain_missing_file(failed, index, formats).why
    else:
        file, digest = index.choose_and_fetch("a.b", "1.0", asked["hashes"], folder)
        answer = [index.choose("a.b", "1.0", asked["hashes"]).name, file.name, digest]
except Failed as failed:
    answer = [failed.why, failed.hint]
print(json.dumps(answer))
"""


def sha256(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves files that hold their names; below ``/silent`` without their hashes."""

    def do_GET(self) -> None:
        kind, name = self.path.strip("/").split("/")[:2]
        lines = (
            f'<a href="/files/{file}#sha256={sha256(file)}">{file}</a>'
            for file in SERVED.get(name, ())
        )
        body = name if kind == "files" else "\n".join(lines)
        if kind == "silent":
            body = body.replace("#sha256=", "#")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def ask(url: str, folder: Path, **asked: Any) -> Any:
    asked["folder"] = str(folder)
    command = [sys.executable, "-c", BEFORE, str(INSIDE), url, json.dumps(asked)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def entry(name: str, *files: str) -> str:
    hashes = sorted(f" \\\n    --hash=sha256:{sha256(file)}" for file in files)
    return f"{name}==1.0{''.join(hashes)}\n    # via x==1\n"


@pytest.mark.parametrize("index", ["told", "silent"])
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"no": ["a-b"]}, [SDIST]),
        ({"no": [":all:"]}, [SDIST]),
        ({"no": [":all:"], "only": ["a-b"]}, [WHEEL, OTHER]),
        ({"only": [":all:"]}, [WHEEL, OTHER]),
        ({"only": [":all:"], "no": ["a-b"]}, [SDIST]),
        ({"no": ["another"]}, [WHEEL, OTHER, SDIST]),
    ],
)
def test_only_hashes_of_files_that_may_be_taken_stay(
    url: str, tmp_path: Path, index: str, options: dict[str, list[str]], kept: list[str]
) -> None:
    head, rest = "# six==1\n", entry("other-one", "x")
    options = {option: [*words] for option, words in options.items()}
    if ":all:" in options.get("no", []):
        options.setdefault("only", []).append("other-one")
    rest = "" if ":all:" in str(options) else rest
    text = head + entry("A.B[x]", WHEEL, OTHER, SDIST) + rest
    found = ask(f"{url}/{index}", tmp_path, strict=text, **options)
    assert found == head + entry("A.B[x]", *kept) + rest


@pytest.mark.parametrize(
    ("name", "option", "kind"),
    [("wheel-only", "no", "an sdist"), ("sdist-only", "only", "a wheel")],
)
def test_packages_without_such_a_file_are_all_named(
    url: str, tmp_path: Path, name: str, option: str, kind: str
) -> None:
    text = entry(name, *SERVED[name])
    for words in ([name], [":all:"]):
        why, hint = ask(f"{url}/told", tmp_path, strict=text, **{option: words})
        assert why.startswith(f"{option}_binary asks for {kind} of {name}==1.0")
        assert "option " in hint
        assert "arden" not in hint


def test_what_pip_does_not_find_names_the_option_only_where_that_is_why(
    url: str, tmp_path: Path
) -> None:
    said = "ERROR: No matching distribution found for {} (from app)\n"
    told = f"{url}/told"
    asked = {"output": said.format("sdist-only>=1,<2"), "only": [":all:"]}
    assert ask(told, tmp_path, **asked).startswith("only_binary asks for a wheel of sdist-only")
    for name in ("sdist-only>=2", "no-such", "a-b", "<nonsense>"):
        asked["output"] = said.format(name)
        assert ask(told, tmp_path, **asked) == "as it was"


def test_what_is_pinned_by_its_sdist_is_never_a_wheel(url: str, tmp_path: Path) -> None:
    pinned = [sha256(SDIST)]
    assert ask(f"{url}/told", tmp_path, hashes=pinned) == [SDIST, SDIST, pinned[0]]
    # This index tells no hashes: the wheel looks explain_missing_file until its bytes are seen.
    assert ask(f"{url}/silent", tmp_path, hashes=pinned) == [WHEEL, SDIST, pinned[0]]
    why, _ = ask(f"{url}/silent", tmp_path, hashes=["f" * 64])
    assert why.startswith(f"{SDIST} has sha256:{pinned[0]}, the lock says sha256:ffff")
