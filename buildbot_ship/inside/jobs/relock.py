"""Update a lock file with the tool that the project uses: uv or Poetry.

job.json: ``{"index": {...}, "lock": PATH, "tool": NAME, "upgrade": [NAME] or null,
"packages": [FOLDER], "requirements": [TEXT], "cooldown": DAYS, "cooldown_except": [NAME]}``.
*upgrade* is null for all packages.  The job folder has the project under ``tree/``, and the
locked requirements of Poetry as ``poetry.txt``.  A ``pylock.toml`` has no project: it is
resolved from *requirements* and from those of the own *packages*.
Out folder: ``lock.txt``.
result.json: ``{"tool": "NAME VERSION"}``.

The container has the network.  Build backends run in it, as in the job ``harden``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from backend_answers import Installer, project_file
from cooldown import Cooldown, explain
from git_repository import create_stand_in
from job import Failed, index_environment, main
from lock_tool import find
from own_requirements import NO_VERSION, ask_own_packages, write_requirements
from pip_settings import pip_is_configured
from poetry_lock import poetry_environment, update_poetry_lock
from uv_lock import update_pylock, update_uv_lock, upgrade_options, uv_environment


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write the new lock file."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            tool = update(arguments, job, Path(folder))
    except Failed as failed:
        raise explain(failed, arguments["cooldown"]) from None
    shutil.copyfile(job / "tree" / arguments["lock"], out / "lock.txt")
    return {"tool": tool}


def update(arguments: dict[str, Any], job: Path, scratch: Path) -> str:
    """Update the lock in the tree; return the name and the version of the tool."""
    index, lock, upgrade = (arguments[key] for key in ("index", "lock", "upgrade"))
    cooldown = Cooldown.of(arguments["cooldown"], arguments["cooldown_except"])
    installer: Installer = "pip" if pip_is_configured(os.environ) else "uv"
    online = index_environment(index, job)
    path = job / "tree" / lock
    tool = find(arguments["tool"], job, lock, online, scratch / "tool")
    environment = {**online, **NO_VERSION}
    stand_in(arguments["packages"], job / "tree")
    if tool.name.startswith("poetry "):
        environment |= poetry_environment(cooldown, scratch)
        update_poetry_lock(tool, path, upgrade, environment)
        return tool.name
    environment |= uv_environment(index, scratch)
    if path.name == "uv.lock":
        update_uv_lock(tool, path, upgrade, cooldown, environment)
    else:
        # What installs build backends takes them from the process.
        os.environ |= {**environment, **cooldown.environment()}
        files = requirement_files(arguments, job, scratch, installer)
        options = upgrade_options(upgrade, cooldown)
        update_pylock(tool, path, files, options, environment)
    return tool.name


def stand_in(packages: list[str], tree: Path) -> None:
    """Let build backends that ask git for a version find a repository."""
    if packages:
        folders = {name: tree / name for name in packages}
        files = [f / project_file(f, f"package {name}") for name, f in folders.items()]
        create_stand_in(tree, files)


def requirement_files(
    arguments: dict[str, Any], job: Path, scratch: Path, installer: Installer
) -> list[Path]:
    """Write the requirements of a ``pylock.toml`` to files."""
    path = scratch / "project.txt"
    lines = [f"{line}\n" for line in arguments["requirements"]]
    path.write_text("".join(lines), encoding="utf-8")
    answers = ask_own_packages(arguments["packages"], job, installer)
    own = write_requirements(answers, job, scratch)
    return [path, *map(Path, own.titles)]


if __name__ == "__main__":
    main(work)
