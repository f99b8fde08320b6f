"""A second, newer Docker Engine from one of Debian's next suites.

Its storage is "overlay2" or "containerd" (the containerd image store). It has a separate root,
data root, bridge and name spaces. It shares the host's network, so both engines reach the same
registry on 127.0.0.1. See other_engine.sh.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lab.engine import DNS_OPTIONS, engine_answers
from lab.errors import LabError
from lab.other_root import OLDER, make_root
from lab.processes import Process, Served
from lab.runs import Run

SCRIPT = Path(__file__).with_suffix(".sh")
STORAGES = ("overlay2", "containerd")
START_SECONDS = 60.0
# Where other_engine.sh mounts the folder that the engine writes to.
INSIDE = "/run/engine"
NETWORKS = ipaddress.IPv4Network("10.192.0.0/10")


def configuration(storage: str, bridge: str) -> dict[str, object]:
    """Return a daemon.json; the engine must not write rules into the host's network."""
    return {
        "features": {"containerd-snapshotter": storage == "containerd"},
        "bridge": bridge,
        "iptables": False,
        "ip6tables": False,
        "cgroup-parent": f"/{bridge}",
        "data-root": f"{INSIDE}/data",
        "hosts": [f"unix://{INSIDE}/docker.sock"],
        "dns-opts": list(DNS_OPTIONS),
        "shutdown-timeout": 3,
    }


def bridge_name(run: str, engine: str) -> str:
    """Return a unique name for the bridge; the kernel allows 15 bytes."""
    return f"ship{hashlib.sha256(f'{run} {engine}'.encode()).hexdigest()[:8]}"


def free_address(bridge: str, taken: Iterable[str]) -> str:
    """Return an address for the bridge, in a /24 network that overlaps none of *taken*."""
    known = [ipaddress.IPv4Network(text) for text in taken]
    candidates = list(NETWORKS.subnets(new_prefix=24))
    # Begin at different places, in case two engines start at the same time.
    begin = int(bridge.removeprefix("ship"), 16) % len(candidates)
    for network in candidates[begin:] + candidates[:begin]:
        if not any(network.overlaps(other) for other in known):
            return f"{network[1]}/{network.prefixlen}"
    raise LabError(f"all networks in {NETWORKS} are in use on this machine")


def routes() -> list[str]:
    """Return the networks that the host has routes to, without the default route."""
    done = subprocess.run(["ip", "-json", "-4", "route"], check=True, capture_output=True)
    found = (str(route["dst"]) for route in json.loads(done.stdout))
    return [text for text in found if text != "default"]


@dataclass
class OtherEngine(Served):
    """An engine of this run for one kind of storage, from a *suite* of Debian.

    A run that has two of the same storage gives one of them another *purpose*.
    """

    run: Run
    storage: str
    purpose: str = "engine"
    suite: str = OLDER
    _bridge_address: str = field(default="", init=False)

    @property
    def name(self) -> str:
        """Return the name of its process, its log and its folder."""
        # Short: it is a part of the path of a socket, which may have 107 bytes.
        suite = "" if self.suite == OLDER else f"-{self.suite}"
        return f"{self.purpose}{suite}-{self.storage}"

    @property
    def folder(self) -> Path:
        """Return the folder that it writes to, which a restart uses again."""
        return self.run.folder / self.name

    @property
    def bridge(self) -> str:
        """Return the name of its bridge and of its control group."""
        return bridge_name(self.run.name, self.name)

    @property
    def address(self) -> str:
        """Return its address, in the format of DOCKER_HOST."""
        return f"unix://{self.folder / 'docker.sock'}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.storage not in STORAGES:
            raise LabError(f"no storage {self.storage!r}: choose from {', '.join(STORAGES)}")
        if os.geteuid() != 0:
            raise LabError("only root can start a second Docker Engine")
        root = make_root(self.run.cache, self.suite)
        self.folder.mkdir(exist_ok=True)
        config = json.dumps(configuration(self.storage, self.bridge))
        (self.folder / "daemon.json").write_text(config, encoding="utf-8")
        self._bridge_address = self._bridge_address or free_address(self.bridge, routes())
        argv = [*self._script(str(root), str(self.folder)), f"{INSIDE}/daemon.json"]
        self.process = Process.start(self.name, argv, self.run.folder)
        self.process.wait_until(lambda: engine_answers(self.address), START_SECONDS)
        self.run.say(f"engine: {self.storage} engine of {root.name} running on {self.address}")

    def stop(self) -> None:
        """Stop it with SIGTERM; its images and containers stay."""
        if self.process:
            self.process.stop(timeout=30.0)

    def kill(self) -> None:
        """Kill it and everything in it with SIGKILL; its images and containers stay."""
        super().kill()
        if self.process:
            subprocess.run(self._script("-", "-"), check=True)

    def _script(self, root: str, folder: str) -> list[str]:
        return ["sh", str(SCRIPT), self.bridge, root, folder, self._bridge_address]
