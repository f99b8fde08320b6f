"""A worker's Python that answers for verbs as a test says, to see what the steps make of it.

Only for what no real verb can be made to do at will: an endless fault, a huge result.
"""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildbot_ship.model.result import SCHEMA

_PROGRAM = r"""#!{python}
import json, pathlib, signal, sys, time

folder = pathlib.Path(__file__).parent
verb, path = sys.argv[4], pathlib.Path(sys.argv[8])
envelope = json.load(sys.stdin)
with open(folder / "calls", "a") as calls:
    calls.write(json.dumps([sys.argv, envelope]) + "\n")
orders = json.loads((folder / "orders.json").read_text()).get(verb, {{}})


def end(number, frame):
    (folder / "ended").write_text(str(number))
    sys.exit(143)


signal.signal(signal.SIGTERM, end)
print("working on", verb, flush=True)
for chunk in orders.get("prints", []):
    sys.stdout.write(chunk)
    sys.stdout.flush()
    time.sleep(0.01)
time.sleep(orders.get("sleep", 0))
result = dict(verb=verb, status="success", summary=verb + " done", properties={{}}, texts={{}},
              failure=None, schema={schema})
result.update(orders.get("result", {{}}))
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(result) + " " * orders.get("padding", 0))
sys.exit(orders.get("status", 0))
"""


class Stub:
    """The program in a folder, its orders, and the calls it had."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "python"
        self.python.write_text(
            _PROGRAM.format(python=sys.executable, schema=SCHEMA), encoding="utf-8"
        )
        self.python.chmod(self.python.stat().st_mode | stat.S_IXUSR)
        self.order({})

    def order(self, orders: Mapping[str, Any]) -> None:
        """Say what each verb does from now on, and forget the calls so far."""
        (self.folder / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
        for name in ("calls", "ended"):
            (self.folder / name).unlink(missing_ok=True)

    @property
    def calls(self) -> list[tuple[list[str], dict[str, Any]]]:
        """Return arguments and envelope of every call."""
        path = self.folder / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    @property
    def ended_by(self) -> int | None:
        """Return the signal that ended it, if one did that it could see."""
        path = self.folder / "ended"
        return int(path.read_text(encoding="utf-8")) if path.exists() else None
