"""Update ``poetry.lock`` with Poetry, which asks the sources that ``pyproject.toml`` names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from cooldown import Cooldown
from lock_tool import LockTool, clean_environment


def poetry_environment(cooldown: Cooldown, scratch: Path) -> dict[str, str]:
    """Return the variables with which Poetry keeps the cooldown, in whole days."""
    found = {
        **clean_environment(scratch),
        "POETRY_CACHE_DIR": str(scratch / "cache"),
        "POETRY_CONFIG_DIR": str(scratch / "config"),
        "POETRY_DATA_DIR": str(scratch / "data"),
        "POETRY_KEYRING_ENABLED": "false",
        "POETRY_VIRTUALENVS_CREATE": "false",
    }
    if cooldown.days:
        found["POETRY_SOLVER_MIN_RELEASE_AGE"] = str(math.ceil(cooldown.days))
        if cooldown.exempt:
            found["POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE"] = ",".join(sorted(cooldown.exempt))
    return found


def update_poetry_lock(
    tool: LockTool,
    path: Path,
    upgrade: Sequence[str] | None,
    environment: Mapping[str, str],
) -> None:
    """Update the packages *upgrade*, None for all, in the lock at *path*.  Raises Failed."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    words = ["update", "--lock", *(upgrade or ())] if before else ["lock"]
    tool.run([*words, "--no-interaction", "--no-ansi"], environment, path.parent)
    tool.check_format(before, path.read_text(encoding="utf-8"))
