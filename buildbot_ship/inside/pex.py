"""Make a pex from the wheelhouse alone, with no index and no network.

job.json: ``{"name", "requirements": [...], "module", "script", "shebang",
"wheels": [{"file", "digest"}]}``; the wheels lie in ``wheelhouse/``.  Out folder:
``NAME``.  result.json: ``{"digest", "size"}``.

Every wheel is held against its digest here; that is what makes it safe to let pex take
them as already resolved, which it does without looking at hashes.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from job import Failed, call, main, say, seal


def digest_of(path: Path) -> str:
    """Return ``sha256:`` and the digest of a file."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def check(wheels: list[dict[str, str]], wheelhouse: Path) -> None:
    """Raise Failed unless the wheelhouse holds these wheels, as they were built."""
    for wheel in wheels:
        got = digest_of(wheelhouse / wheel["file"])
        if got != wheel["digest"]:
            raise Failed(
                f"{wheel['file']} has {got}, the wheelhouse recorded {wheel['digest']}",
                "run BuildWheels again: something changed the work folder",
            )


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
    return {"digest": digest_of(target), "size": target.stat().st_size}


if __name__ == "__main__":
    main(work)
