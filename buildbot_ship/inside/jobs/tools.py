"""Install the locked tools into the build base, and report the facts about the base.

job.json: ``{"index": {"url", "extra_urls", "proxy", "ca"}, "only": [NAME]}``.  The job folder
has the lock files as ``tools/pyX.Y.txt``.  The tools that *only* names, or all if it is empty,
are installed to ``/ship/tools``.
result.json: ``{"user": "65534:65534", "python": path, "version": "3.11.7",
"abi": "cpython-311-x86_64-linux-gnu",
"platform": "linux-x86_64", "libc": "glibc 2.36", "tools": {name: version},
"environment": {variable: text}}``; *environment* has the variables of environment markers
(PEP 508), with those of the machine's kernel empty.  *user* has the user and the group of jobs
in this image.  It is ``0:0`` if only root can use a folder of PATH, such as one in ``/root``.

The container is committed as the tools image, so nothing but ``/ship/tools`` stays in it: no
cache, no CA bundle, no index URL.  ``/ship/tools/default-index`` holds pip's default index.
The exception is bytecode of the standard library, in the base's own folders
(``installing/standard_library.py``).
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
import sysconfig
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from job import Failed, call, index_environment, main, say
from pip_settings import PYPI, pip_is_configured
from pure_wheels import Unusual, install
from standard_library import compile_files, compile_library

TOOLS = Path("/ship/tools")
NOBODY, ROOT = "65534:65534", "0:0"
JOB_FOLDERS = (Path("/ship"), Path("/elsewhere"))
"""Folders in which jobs, and those of `VerifyReproducible`, make theirs."""
ANSWER_SECONDS, TIMES = 60.0, 10
"""Seconds in which an index must answer, and how many times as long pip may take."""
HASHED = ("--require-hashes", "--only-binary", ":all:")
FACTS = """
import json, sys
from importlib.metadata import distributions
from packaging.markers import default_environment
kernel = {"platform_release": "", "platform_version": ""}
tools = {tool.name: tool.version for tool in distributions()}
sys.path += sys.argv[1:]
from pip._internal.models.index import PyPI
environment = {**default_environment(), **kernel}
print(json.dumps([PyPI.simple_url, {"tools": tools, "environment": environment}]))
"""
"""A program that prints pip's default index and the facts; its arguments locate pip."""


def lock_for_this_python(folder: Path) -> Path:
    """Return the lock file for this interpreter's minor version.  Raises Failed."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    lock = folder / f"py{minor}.txt"
    if not lock.exists():
        versions = ", ".join(sorted(path.stem[2:] for path in folder.glob("py*.txt")))
        raise Failed(
            f"the build base has Python {minor}; tools are locked for {versions}",
            "use a build base with one of these versions, or a newer buildbot-ship",
        )
    return lock


def select_entries(lock: Path, names: list[str]) -> Path:
    """Return a lock file with the entries of *names* only, or *lock* if *names* is empty."""
    if not names:
        return lock
    entries = re.split(r"^(?=\S)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    selected = lock.with_name("selected.txt")
    selected.write_text("".join(e for e in entries if e.partition("==")[0] in names), "utf-8")
    return selected


def make_environment() -> list[Path]:
    """Create the virtual environment of the tools; return the bundled wheel of pip, if any.

    pip runs from that wheel, which ensurepip brings: installing pip first takes longer than all
    other steps.  Location of the wheel: https://docs.python.org/3/using/configure.html
    (``--with-wheel-pkg-dir``).
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
    """Create the virtual environment.  Raises Failed if the base has no venv."""
    try:
        return make_environment()
    except Exception as error:
        raise Failed(
            f"the build base cannot make a virtual environment: {error}",
            "use a build base with venv and ensurepip; on Debian, install python3-venv in it",
        ) from error


def install_directly(arguments: dict[str, Any], lock: Path, job: Path) -> bool:
    """Install the tools of *lock* without pip; return False if that is a case for pip."""
    index = arguments["index"]
    if pip_is_configured(os.environ) or index.get("netrc") or index.get("extra_urls"):
        return False
    os.environ.update(index_environment(index, job))
    seconds = float(index.get("seconds") or ANSWER_SECONDS)
    site_packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(TOOLS)}))
    try:
        install(lock.read_text("utf-8"), index.get("url") or PYPI, site_packages, seconds)
        compile_files(sorted(site_packages.rglob("*.py")), job, job / "bytecode" / "tools")
    except Unusual as unusual:
        say(f"pip installs the tools: {unusual}")
        return False
    return True


def install_with_pip(
    pip: list[str | Path], arguments: dict[str, Any], lock: Path, job: Path
) -> None:
    """Install the tools of *lock*.  Raises Failed."""
    call(
        [*pip, "install", "-q", "--no-cache-dir", *HASHED, "-r", lock],
        "the locked tools cannot be installed",
        hint="check the options index_url, proxy, ca_bundle: containers must reach the index",
        environment=index_environment(arguments["index"], job),
        seconds=TIMES * float(arguments["index"].get("seconds") or ANSWER_SECONDS),
    )


def hidden(folder: Path) -> bool:
    """Return whether only its owner or its group can use the programs in *folder*."""
    needed = [(folder, 0o005), *((parent, 0o001) for parent in folder.parents)]
    return folder.is_dir() and any(path.stat().st_mode & bits != bits for path, bits in needed)


def choose_user(search_path: str) -> str:
    """Return the user of jobs; *search_path* is PATH."""
    for folder in (Path(name) for name in search_path.split(":") if name.startswith("/")):
        if hidden(folder.resolve()):
            say(f"jobs run as root: {folder} is in PATH, and other users cannot use it")
            return ROOT
    return NOBODY


def open_job_folders() -> None:
    """Let every user add files to the folders of jobs, and delete only their own."""
    for folder in JOB_FOLDERS:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o1777)


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Install the tools; return the facts about the base."""
    del out
    lock = select_entries(lock_for_this_python(job / "tools"), arguments["only"])
    say(f"installing locked tools for Python {platform.python_version()}")
    python, wheels = TOOLS / "bin" / "python", environment_or_failure()
    # The processors compile while the index is asked.
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(compile_library, job, job / "bytecode" / "library")
        if not (arguments["only"] and install_directly(arguments, lock, job)):
            pip = [python, *([wheels[0] / "pip"] if wheels else ["-m", "pip"])]
            install_with_pip(pip, arguments, lock, job)
        compiled.result()
    output = call([python, "-I", "-c", FACTS, *wheels], "the tools do not run", mark=None)
    default_index, facts = json.loads(output)
    (TOOLS / "default-index").write_text(default_index, encoding="utf-8")
    for leftover in job.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    open_job_folders()
    return {
        "user": choose_user(os.environ.get("PATH", "")),
        "python": str(python),
        "version": platform.python_version(),
        "abi": sysconfig.get_config_var("SOABI") or "",
        "platform": sysconfig.get_platform(),
        "libc": " ".join(platform.libc_ver()),
        **facts,
    }


if __name__ == "__main__":
    main(work)
