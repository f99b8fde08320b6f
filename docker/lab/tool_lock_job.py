"""Compile one lock of the tools with the Python that runs this program.

The program gets a JSON object on standard input: *requirements* (the text of `tools.in`),
*lock* (a lock whose versions are kept), *upgrade* (take the newest versions instead). It prints
`{"minor": "3.14", "lock": TEXT}`. Its log goes to standard error. It uses only the standard
library, because it runs with `python -I -c SOURCE` in any Python, also in a container.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

QUIET = ("--quiet", "--disable-pip-version-check", "--only-binary", ":all:")
COMPILE = (
    "--quiet",
    "--no-header",
    "--generate-hashes",
    "--allow-unsafe",
    "--annotation-style=line",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-emit-options",
    "--resolver=backtracking",
)


def compile_lock(folder: Path, lock: str, upgrade: bool) -> str:
    """Return the lock of `tools.in` in *folder*."""
    python, out = folder / "venv" / "bin" / "python", folder / "lock.txt"
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    run([str(python), "-m", "pip", "install", *QUIET, "pip-tools"], folder)
    if not upgrade:
        out.write_text(lock, encoding="utf-8")
    run(
        [str(python), "-m", "piptools", "compile", *COMPILE, "-o", out.name, "tools.in"], folder
    )
    return out.read_text(encoding="utf-8")


def run(argv: list[str], folder: Path) -> None:
    """Run a program whose output is a log."""
    subprocess.run(argv, check=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def main() -> None:
    """Read the request and print the lock."""
    request = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tools.in").write_text(request["requirements"], encoding="utf-8")
        lock = compile_lock(folder, request["lock"], request["upgrade"])
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    print(json.dumps({"minor": minor, "lock": lock}))


if __name__ == "__main__":
    main()
