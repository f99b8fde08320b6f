"""The scene of the lab, with what each row of the fault matrix checks as well."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass, field

from lab.scene.scene import SECRET
from lab.scene.scene import Scene as Parts

from .watch import OWNER, Foreign, Processes, secret_in_files


@dataclass
class Scene(Parts):
    """The parts of the lab's scene, and what watches over them."""

    foreign: Foreign = field(init=False)
    processes: Processes = field(init=False)

    def containers(self) -> list[str]:
        """Return the names of our workers' containers."""
        return [name for name in super().containers() if name != self.foreign.name]

    def networks(self) -> list[str]:
        """Return the names of our workers' networks."""
        return [name for name in super().networks() if name != self.foreign.name]

    def stop_verb(self, verb: str) -> int:
        """Stop the process of a verb with SIGSTOP as soon as there is one; return it."""
        deadline = time.monotonic() + 60
        while not (found := self.verbs(verb)):
            assert time.monotonic() < deadline, f"the verb {verb} did not begin"
            time.sleep(0.01)
        os.kill(found[0], signal.SIGSTOP)
        return found[0]

    def check_aftermath(self) -> None:
        """Check what each row checks: see the head of the matrix in docs/reliability.md."""
        self.wait_until_tidy()
        assert self.foreign.gone() == []
        assert self.processes.samples > 0
        assert self.processes.hits == set()
        assert secret_in_files(SECRET, [self.run.folder]) == []
        images = self.client.api.images(filters={"label": OWNER})
        configs = [self.client.api.inspect_image(image["Id"])["Config"] for image in images]
        assert SECRET not in json.dumps(configs, ensure_ascii=False)
