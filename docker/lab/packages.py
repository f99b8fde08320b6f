"""Find and install the Debian packages that a command needs on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.debian import DEFAULT, RECIPES, cached_layers
from lab.engine import engine_answers
from lab.errors import LabError, tail
from lab.other_root import SUITES, root_folder
from lab.progress import Say

PACKAGES = {
    "git": "git",
    "dockerd": "docker.io",
    "iptables": "iptables",
    "ip": "iproute2",
    "docker-registry": "docker-registry",
    "debootstrap": "debootstrap",
    "sshd": "openssh-server",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
}
HUB = "registry-1.docker.io"
HUB_SECONDS = 3.0


@dataclass(frozen=True)
class Machine:
    """The programs, the services and the Pythons of bases that this machine has already."""

    programs: frozenset[str]
    ensurepip: bool
    engine: bool
    hub: bool
    bases: frozenset[str]
    installs: bool
    other_root: bool = False


@dataclass(frozen=True)
class Need:
    """The requirements of a command: engine and registries, a browser, our bases, and so on.

    Without *project*, its environment has only what a lock file pins.
    """

    machine: bool = True
    browser: bool = False
    own_bases: bool = False
    other_engine: bool = False
    git_server: bool = False
    project: bool = True
    pythons: tuple[str, ...] = (DEFAULT,)


def hub_answers() -> bool:
    """Return within a few seconds whether Docker Hub is reachable."""
    try:
        socket.create_connection((HUB, 443), timeout=HUB_SECONDS).close()
    except OSError:
        return False
    return True


def look(cache: Path) -> Machine:
    """Inspect this machine."""
    return Machine(
        programs=frozenset(name for name in PACKAGES if shutil.which(name)),
        ensurepip=importlib.util.find_spec("ensurepip") is not None,
        engine=engine_answers(),
        hub=hub_answers(),
        bases=frozenset(minor for minor in RECIPES if cached_layers(cache, minor)),
        installs=os.geteuid() == 0 and shutil.which("apt-get") is not None,
        other_root=all(root_folder(cache, suite).exists() for suite in SUITES),
    )


def makes_bases(machine: Machine, need: Need) -> tuple[str, ...]:
    """Return the Pythons whose bases to build: for tests, and wherever the hub is missing."""
    wanted = need.machine and (need.own_bases or not machine.hub)
    return tuple(each for each in need.pythons if each not in machine.bases) if wanted else ()


def makes_other_root(machine: Machine, need: Need) -> bool:
    """Return whether to build the root of a second engine."""
    return need.other_engine and not machine.other_root


def missing_packages(machine: Machine, need: Need) -> tuple[str, ...]:
    """Return the packages to install, in a fixed order."""
    programs = ["git"] if need.machine else []
    if need.machine and not machine.engine:
        programs += ["dockerd", "iptables"]
    # If Docker is running and apt is missing, the registry runs in a container.
    if need.machine and (machine.installs or not machine.engine):
        programs.append("docker-registry")
    if need.other_engine:
        programs += ["iptables", "ip"]
    if makes_bases(machine, need) or makes_other_root(machine, need):
        programs.append("debootstrap")
    if need.git_server:
        programs.append("sshd")
    if need.browser:
        programs += ["chromium", "chromedriver"]
    first = [] if machine.ensurepip else ["python3-venv"]
    missing = [PACKAGES[name] for name in programs if name not in machine.programs]
    return (*first, *dict.fromkeys(missing))


def install(packages: Sequence[str], cache: Path, say: Say) -> None:
    """Install Debian packages, or raise LabError with the reason why not."""
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise LabError(f"not a Debian machine: install the equivalents of: {names}")
    if os.geteuid() != 0:
        raise LabError(f"only root can install packages: as root, run apt-get install {names}")
    say(f"installing with apt-get: {names}")
    log = cache / "apt.log"
    _apt(["update"], log)
    _apt(["install", "--yes", "--no-install-recommends", *packages], log)


def _apt(arguments: Sequence[str], log: Path) -> None:
    argv = ["apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
    if done.returncode != 0:
        raise LabError(f"apt-get {arguments[0]} failed:\n{tail(log)}")
