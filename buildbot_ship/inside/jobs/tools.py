"""Install our locked tools into the build base, and find out what the base is.

job.json: ``{"index": {"url", "extra_urls", "proxy", "ca"}, "only": [NAME]}``; beside it the
locks as ``tools/pyX.Y.txt``.  All that is locked, or *only* what is named, goes to
``/ship/tools``.  result.json: ``{"python": path, "version": "3.11.7",
"abi": "cpython-311-x86_64-linux-gnu", "platform": "linux-x86_64", "libc": "glibc 2.36",
"tools": {name: version}, "environment": {variable: text}}``; the last are those of
environment markers (PEP 508), but for what only the machine's kernel says.

The container's file system is kept as the tools image, so nothing but ``/ship/tools``
stays: no cache, no CA bundle, no index URL but pip's own, which it has as ``default-index``.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

from job import Failed, call, index_environment, main, say

TOOLS = Path("/ship/tools")
HASHED = ("--require-hashes", "--only-binary", ":all:")
FACTS = """
import json, sys
from importlib.metadata import distributions
from packaging.markers import default_environment
kernel = {"platform_release": "", "platform_version": ""}
tools = {found.name: found.version for found in distributions()}
sys.path += sys.argv[1:]
from pip._internal.models.index import PyPI
environment = {**default_environment(), **kernel}
print(json.dumps([PyPI.simple_url, {"tools": tools, "environment": environment}]))
"""
"""Says what pip asks if nothing is set, and the facts; its arguments are where pip is."""


def lock_for_this_python(folder: Path) -> Path:
    """Return the lock of this interpreter's minor version."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    lock = folder / f"py{minor}.txt"
    if not lock.exists():
        known = ", ".join(sorted(path.stem[2:] for path in folder.glob("py*.txt")))
        raise Failed(
            f"the build base has Python {minor}; tools are locked for {known}",
            "take a base with one of these versions, or a newer buildbot-ship",
        )
    return lock


def pick(lock: Path, names: list[str]) -> Path:
    """Return the lock with nothing but the entries of *names*, all of them if there is none."""
    if not names:
        return lock
    entries = re.split(r"^(?=\S)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    picked = lock.with_name("picked.txt")
    picked.write_text("".join(e for e in entries if e.partition("==")[0] in names), "utf-8")
    return picked


def make_environment() -> list[Path]:
    """Make the virtual environment of the tools; return the wheel of a pip that is not in it.

    The pip that comes with the interpreter for ensurepip is run out of its wheel: to
    install it first takes longer than all that follows.  Where the wheel lies:
    https://docs.python.org/3/using/configure.html (``--with-wheel-pkg-dir``).
    """
    import ensurepip  # noqa: PLC0415  # some bases lack it

    folders = (
        Path(ensurepip.__file__).parent / "_bundled",
        Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/nowhere"),
    )
    wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    venv.create(TOOLS, with_pip=not wheels, symlinks=True)
    return wheels[:1]


def environment_or_failure() -> list[Path]:
    """Make the virtual environment.  Raises Failed where the base cannot."""
    try:
        return make_environment()
    except Exception as error:
        raise Failed(
            f"the build base cannot make a virtual environment: {error}",
            "take a base with venv and ensurepip (on Debian: the package python3-venv)",
        ) from error


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Install the tools; return the facts."""
    del out
    lock = lock_for_this_python(job / "tools")
    say(f"installing locked tools for Python {platform.python_version()}")
    lock = pick(lock, arguments["only"])
    python, wheels = TOOLS / "bin" / "python", environment_or_failure()
    pip = [python, *([wheels[0] / "pip"] if wheels else ["-m", "pip"])]
    call(
        [*pip, "install", "-q", "--no-cache-dir", *HASHED, "-r", lock],
        "the locked tools cannot be installed",
        hint="see that containers reach the package index: index_url, proxy, ca_bundle",
        environment=index_environment(arguments["index"], job),
    )
    said = call([python, "-I", "-c", FACTS, *wheels], "the tools do not run", mark=None)
    default_index, facts = json.loads(said)
    (TOOLS / "default-index").write_text(default_index, encoding="utf-8")
    for leftover in job.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    return {
        "python": str(python),
        "version": platform.python_version(),
        "abi": sysconfig.get_config_var("SOABI") or "",
        "platform": sysconfig.get_platform(),
        "libc": " ".join(platform.libc_ver()),
        **facts,
    }


if __name__ == "__main__":
    main(work)
