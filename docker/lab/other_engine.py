"""A second Docker Engine: a newer one, of Debian's next suite, beside the machine's own.

Its storage is "overlay2" or "containerd" (the containerd image store). It has a root, a
data root, a bridge and name spaces of its own and shares the network of the host, so a
registry on 127.0.0.1 is the same registry for both; see other_engine.sh.
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

from lab.engine import engine_answers
from lab.errors import LabError
from lab.other_root import make_root
from lab.processes import Process, Served
from lab.runs import Run

SCRIPT = Path(__file__).with_suffix(".sh")
STORAGES = ("overlay2", "containerd")
START_SECONDS = 60.0
# As other_engine.sh mounts the folder that the engine writes to.
INSIDE = "/run/engine"
NETWORKS = ipaddress.IPv4Network("10.192.0.0/10")


def configuration(storage: str, bridge: str) -> dict[str, object]:
    """Return a daemon.json; no rule in the host's network is the engine's own."""
    return {
        "features": {"containerd-snapshotter": storage == "containerd"},
        "bridge": bridge,
        "iptables": False,
        "ip6tables": False,
        "cgroup-parent": f"/{bridge}",
        "data-root": f"{INSIDE}/data",
        "hosts": [f"unix://{INSIDE}/docker.sock"],
        "shutdown-timeout": 3,
    }


def bridge_name(run: str, storage: str) -> str:
    """Return a name for the bridge that no other engine has; 15 bytes are the limit."""
    return f"ship{hashlib.sha256(f'{run} {storage}'.encode()).hexdigest()[:8]}"


def free_address(bridge: str, taken: Iterable[str]) -> str:
    """Return a bridge's address in a network of 254 hosts that meets none of *taken*."""
    known = [ipaddress.IPv4Network(text) for text in taken]
    candidates = list(NETWORKS.subnets(new_prefix=24))
    # Two engines that start at the same time begin at different places.
    begin = int(bridge.removeprefix("ship"), 16) % len(candidates)
    for network in candidates[begin:] + candidates[:begin]:
        if not any(network.overlaps(other) for other in known):
            return f"{network[1]}/{network.prefixlen}"
    raise LabError(f"every network of {NETWORKS} is in use on this machine")


def routes() -> list[str]:
    """Return the networks that the host has routes to, the whole world left out."""
    done = subprocess.run(["ip", "-json", "-4", "route"], check=True, capture_output=True)
    found = (str(route["dst"]) for route in json.loads(done.stdout))
    return [text for text in found if text != "default"]


@dataclass
class OtherEngine(Served):
    """An engine of this run with a storage of its own; a run has one for each storage."""

    run: Run
    storage: str
    _bridge_address: str = field(default="", init=False)

    @property
    def name(self) -> str:
        """Return the name of its process, its log and its folder."""
        return f"engine-{self.storage}"

    @property
    def folder(self) -> Path:
        """Return what it writes to, which a restart finds again."""
        return self.run.folder / self.name

    @property
    def bridge(self) -> str:
        """Return the name of its bridge and of its control group."""
        return bridge_name(self.run.name, self.storage)

    @property
    def address(self) -> str:
        """Return where it answers, as DOCKER_HOST has it."""
        return f"unix://{self.folder / 'docker.sock'}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.storage not in STORAGES:
            raise LabError(f"no storage {self.storage!r}; there are {', '.join(STORAGES)}")
        if os.geteuid() != 0:
            raise LabError("only root can start a second Docker Engine")
        root = make_root(self.run.cache)
        self.folder.mkdir(exist_ok=True)
        config = json.dumps(configuration(self.storage, self.bridge))
        (self.folder / "daemon.json").write_text(config, encoding="utf-8")
        self._bridge_address = self._bridge_address or free_address(self.bridge, routes())
        argv = [*self._script(str(root), str(self.folder)), f"{INSIDE}/daemon.json"]
        self.process = Process.start(self.name, argv, self.run.folder)
        self.process.wait_until(lambda: engine_answers(self.address), START_SECONDS)
        self.run.say(f"engine: {self.storage} of {root.name} answers on {self.address}")

    def stop(self) -> None:
        """End it politely; its images and containers stay."""
        if self.process:
            self.process.stop(timeout=30.0)

    def kill(self) -> None:
        """End it with -9, and everything that ran in it; its images and containers stay."""
        super().kill()
        if self.process:
            subprocess.run(self._script("-", "-"), check=True)

    def _script(self, root: str, folder: str) -> list[str]:
        return ["sh", str(SCRIPT), self.bridge, root, folder, self._bridge_address]
