"""Read the facts about a master with its own interpreter."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from ...errors import MasterUnreadable
from ...model.adoption.facts import Facts, facts_from
from ...model.adoption.remedies import remedy

SECONDS = 120
_SHOWN = 5
_PID = "twistd.pid"


def read_facts(folder: Path, python: str | None) -> Facts:
    """Return the facts about the master in *folder*.  Raises MasterUnreadable."""
    tac = folder / "buildbot.tac"
    if not tac.is_file():
        hint = "name the folder that `buildbot create-master` made"
        raise MasterUnreadable(str(folder), "it has no buildbot.tac", hint)
    program = tac.read_text(encoding="utf-8", errors="replace")
    if "buildbot_worker" in program and "BuildMaster" not in program:
        why = "this is the folder of a worker: its buildbot.tac starts one"
        hint = "name the folder of the master, which `buildbot create-master` made"
        raise MasterUnreadable(str(folder), why, hint)
    python = python or _running_python(folder) or sys.executable
    answer = _ask(folder, python, _config_name(tac))
    if "no_buildbot" in answer:
        why = f"{python} has no Buildbot ({answer['no_buildbot']})"
        hint = "name the interpreter of the master with --python"
        raise MasterUnreadable(str(folder), why, hint)
    if "errors" in answer:
        errors, has = answer["errors"], {name: answer[name] for name in ("ship", "python")}
        hint = remedy(errors, **has, ours=_our_plugins())
        raise MasterUnreadable(str(folder), "; ".join(errors[:_SHOWN]), hint)
    return facts_from(answer["facts"], str(folder), _start_of(folder))


def _our_plugins() -> frozenset[str]:
    """Return the names that this version adds to ``buildbot.plugins``."""
    ours = metadata.distribution("buildbot-ship").entry_points
    return frozenset(each.name for each in ours if each.group.startswith("buildbot."))


def _ask(folder: Path, python: str, config: str) -> dict[str, Any]:
    script = resources.files(__package__).joinpath("script.py").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "facts.json"
        # -B: loading leaves no __pycache__ in the master's folder.
        argv = [python, "-B", "-c", script, str(folder), config, str(out)]
        try:
            done = subprocess.run(
                argv,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        except subprocess.TimeoutExpired:
            why = f"it did not load within {SECONDS} seconds"
            raise MasterUnreadable(str(folder), why) from None
        except FileNotFoundError as error:
            if not out.exists() and error.filename != str(out):
                raise MasterUnreadable(str(folder), f"{python} does not exist") from None
            last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            why = f"it ended with status {done.returncode}: {last}"
            raise MasterUnreadable(str(folder), why) from None
        except OSError as error:
            why = f"{python} cannot be run: {error.strerror}"
            raise MasterUnreadable(str(folder), why) from None
    return found


def _config_name(tac: Path) -> str:
    """Return the name of the configuration that ``buildbot.tac`` sets.  It is not run."""
    try:
        tree = ast.parse(tac.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return "master.cfg"
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [each.id for each in node.targets if isinstance(each, ast.Name)]
            if "configfile" in names and isinstance(node.value.value, str):
                return node.value.value
    return "master.cfg"


def _process_of(folder: Path) -> list[bytes]:
    """Return the command line of the running master, if Linux tells."""
    try:
        process = int((folder / _PID).read_text(encoding="ascii"))
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return []


def _start_of(folder: Path) -> float | None:
    """Return when the running master wrote its process ID, in seconds since 1970."""
    return (folder / _PID).stat().st_mtime if _process_of(folder) else None


def _running_python(folder: Path) -> str | None:
    """Return the interpreter of the running master, if Linux tells."""
    words = _process_of(folder)
    python = os.fsdecode(words[0]) if words else ""
    is_python = os.path.basename(python).startswith(("python", "pypy"))
    return python if is_python and os.path.isabs(python) else None
