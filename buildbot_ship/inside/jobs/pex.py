"""Make a pex from the wheelhouse alone, with no index and no network.

job.json: ``{"name", "requirements": [...], "module", "script", "shebang",
"wheels": [{"file", "digest"}]}``; the wheels lie in ``wheelhouse/``.  Out folder:
``NAME``.  result.json: ``{"digest", "size", "elf"}``, the last as in ``install.py``.

Every wheel is held against its digest here; that is what makes it safe to let pex take
them as already resolved, which it does without looking at hashes.
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
from verified_wheels import check, digest_of


def elf_of(target: Path) -> dict[str, Any]:
    """Return the ELF files of a pex by their paths, each with its package."""
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
    """Return the package whose wheel a file of a pex lies in: ``NAME/.deps/WHEEL/...``."""
    _, deps, rest = path.partition("/.deps/")
    return " ".join(rest.split("-")[:2]) if deps else ""


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Build the pex."""
    seal()
    wheelhouse = job / "wheelhouse"
    check(arguments["wheels"], wheelhouse)
    target = out / arguments["name"]
    entry: list[str | Path] = []
    if arguments["module"]:
        entry = ["-m", arguments["module"]]
    elif arguments["script"]:
        entry = ["-c", arguments["script"]]
    options = ["--no-index", "--pre-resolved-dists", wheelhouse, "--output-file", target]
    options += ["--python-shebang", arguments["shebang"]]
    options += ["--no-compile", "--no-use-system-time", "--disable-cache"]
    say(f"building {arguments['name']} of {', '.join(arguments['requirements'])}")
    call(
        [Path(sys.executable).parent / "pex", *arguments["requirements"], *entry, *options],
        f"pex could not make {arguments['name']}",
        hint="name requirements that the strict file holds, and an entry point that exists",
    )
    target.chmod(0o755)
    return {"digest": digest_of(target), "size": target.stat().st_size, "elf": elf_of(target)}


if __name__ == "__main__":
    main(work)
