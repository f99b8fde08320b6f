"""Build a pex (a zipapp) from the wheelhouse, without an index and without a network.

job.json: ``{"name", "requirements": [...], "module", "script", "shebang",
"wheels": [{"file", "digest"}]}``; the wheels are in ``wheelhouse/``.
Out folder: ``NAME``.
result.json: ``{"digest", "size", "elf"}``; *elf* as in ``install.py``.

This script verifies the digest of every wheel.  pex does not check hashes: it gets the wheels
as already resolved.
"""

from __future__ import annotations

import sys
import zipfile
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

from elf import MAGIC, ElfFiles
from job import call, main, say, seal
from verified_wheels import digest_of, verify


def elf_of(target: Path) -> dict[str, Any]:
    """Return the ELF files of a pex by path, each with its "package"."""
    elf_files = ElfFiles()
    with zipfile.ZipFile(target) as archive:
        for item in archive.infolist():
            if not item.filename.endswith((".py", ".pyc", "/")):
                with archive.open(item) as file:
                    head = file.read(len(MAGIC))
                    content = head + file.read() if head == MAGIC else head
                elf_files.look(f"{target.name}/{item.filename}", BytesIO(content))
    return {
        path: {**asdict(file), "package": package_of(path)}
        for path, file in elf_files.found.items()
    }


def package_of(path: str) -> str:
    """Return the package of a file at ``NAME/.deps/WHEEL/...``, or an empty text."""
    _, deps, rest = path.partition("/.deps/")
    return " ".join(rest.split("-")[:2]) if deps else ""


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Build the pex."""
    seal()
    wheelhouse = job / "wheelhouse"
    verify(arguments["wheels"], wheelhouse)
    target = out / arguments["name"]
    entry: list[str | Path] = []
    if arguments["module"]:
        entry = ["-m", arguments["module"]]
    elif arguments["script"]:
        entry = ["-c", arguments["script"]]
    options = ["--no-index", "--pre-resolved-dists", wheelhouse, "--output-file", target]
    options += ["--python-shebang", arguments["shebang"]]
    options += ["--no-compile", "--no-use-system-time", "--disable-cache"]
    say(f"building {arguments['name']} from {', '.join(arguments['requirements'])}")
    call(
        [Path(sys.executable).parent / "pex", *arguments["requirements"], *entry, *options],
        f"pex could not make {arguments['name']}",
        hint="name requirements that the strict file pins, and an entry point that exists, for "
        "example app.cli:main; pex's reason is in the step's log",
    )
    target.chmod(0o755)
    return {"digest": digest_of(target), "size": target.stat().st_size, "elf": elf_of(target)}


if __name__ == "__main__":
    main(work)
