"""The Compose plugin of the docker command line, from Debian's next suite.

Debian 12 has only the first version of Compose, which is no longer maintained. apt downloads
the package of the next suite with separate package lists. It installs nothing on this machine.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.cache import locked
from lab.debian import SUITE, run_logged
from lab.errors import LabError
from lab.other_root import OLDER as NEXT_SUITE

PACKAGE = "docker-compose"
PROGRAM = Path("usr/libexec/docker/cli-plugins/docker-compose")
PLUGINS = "cli-plugins"
TARGETS = ("apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)")


def docker_config(cache: Path) -> dict[str, str]:
    """Return the environment variables with which `docker compose` works on this machine."""
    if _answers():
        return {}
    folder = cache / "compose" / NEXT_SUITE
    with locked(folder.parent / "lock"):
        if not folder.exists():
            scratch = folder.with_suffix(".new")
            # We hold the lock, so an existing folder is from an interrupted attempt.
            shutil.rmtree(scratch, ignore_errors=True)
            _download(scratch, folder.with_suffix(".log"))
            scratch.replace(folder)
    return {"DOCKER_CONFIG": str(folder)}


def debian_mirror(targets: str) -> str:
    """Return the address of the mirror of Debian's main archive, from apt's index targets."""
    for line in targets.splitlines():
        suite, component, address = line.split(maxsplit=2)
        if (suite, component) == (SUITE, "main"):
            return address
    raise LabError(f"apt has no mirror of {SUITE}: install the Compose plugin of docker")


def _answers() -> bool:
    argv = ["docker", "compose", "version"]
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def _download(folder: Path, log: Path) -> None:
    if not shutil.which("apt-get"):
        raise LabError("not a Debian machine: install the Compose plugin of docker")
    targets = subprocess.run(TARGETS, check=True, capture_output=True, text=True).stdout
    apt = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    sources = apt / "sources.list"
    sources.write_text(f"deb {debian_mirror(targets)} {NEXT_SUITE} main\n", encoding="utf-8")
    options = _options(
        {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": apt / "lists",
            "Dir::Cache": apt / "cache",
            "APT::Sandbox::User": "",
        }
    )
    run_logged(["apt-get", *options, "update"], log)
    here = ["env", f"--chdir={apt}"]
    run_logged([*here, "apt-get", *options, "download", PACKAGE], log)
    (package,) = apt.glob(f"{PACKAGE}_*.deb")
    run_logged(["dpkg-deb", "--extract", str(package), str(apt / "root")], log)
    (folder / PLUGINS).mkdir()
    shutil.move(apt / "root" / PROGRAM, folder / PLUGINS / PROGRAM.name)
    shutil.rmtree(apt)


def _options(values: dict[str, str | Path]) -> Sequence[str]:
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]
