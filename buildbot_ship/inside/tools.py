"""Install our locked tools into the build base, and find out what the base is.

job.json: ``{"index": {"url", "extra_urls", "proxy", "ca"}}``; beside it the locks as
``tools/pyX.Y.txt``.  The tools go to ``/ship/tools``.  result.json: ``{"python": path,
"version": "3.11.7", "abi": "cpython-311-x86_64-linux-gnu", "platform": "linux-x86_64",
"libc": "glibc 2.36", "tools": {name: version}, "environment": {variable: text}}``; the
last are those of environment markers (PEP 508), but for what only the machine's kernel says.

The container's file system is kept as the tools image, so nothing but ``/ship/tools``
stays: no cache, no CA bundle, no index URL.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

from job import Failed, call, index_environment, main, say

TOOLS = Path("/ship/tools")
MARKERS = """
import json
from packaging.markers import default_environment
kernel = {"platform_release": "", "platform_version": ""}
print(json.dumps({**default_environment(), **kernel}))
"""


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


def make_environment() -> None:
    """Make the virtual environment of the tools."""
    try:
        venv.create(TOOLS, with_pip=True, symlinks=True)
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
    make_environment()
    pip = [str(TOOLS / "bin" / "python"), "-m", "pip"]
    install = [*pip, "install", "-q", "--no-cache-dir"]
    call(
        [*install, "--require-hashes", "--only-binary", ":all:", "-r", lock],
        "the locked tools cannot be installed",
        hint="see that containers reach the package index: index_url, proxy, ca_bundle",
        environment=index_environment(arguments["index"], job),
    )
    frozen = call([*pip, "freeze", "--all"], "the tools do not run")
    python = TOOLS / "bin" / "python"
    environment = call([python, "-I", "-c", MARKERS], "the tools do not run")
    pins = dict(line.split("==") for line in frozen.split() if "==" in line)
    for leftover in job.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    return {
        "python": str(python),
        "version": platform.python_version(),
        "abi": sysconfig.get_config_var("SOABI") or "",
        "platform": sysconfig.get_platform(),
        "libc": " ".join(platform.libc_ver()),
        "tools": {name: pins[name] for name in ("pip", "pip-tools", "pex")},
        "environment": json.loads(environment),
    }


if __name__ == "__main__":
    main(work)
