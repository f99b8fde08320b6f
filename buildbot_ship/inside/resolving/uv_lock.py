"""Update ``uv.lock``, and ``pylock.toml`` (PEP 751), with uv."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from cooldown import Cooldown
from lock_tool import LockTool, clean_environment
from pip_settings import PYPI
from uv_text import (
    index_of_project,
    public,
    with_index,
    with_known_files,
    without_cutoff,
)

INDEX = "UV_DEFAULT_INDEX"
LOWER_BOUND = re.compile(r'^requires-python = "[^"]*?>=\s*(\d+\.\d+)', re.MULTILINE)
COMMENTS = re.compile(r"\A(?:#.*\n)+")


def uv_environment(index: Mapping[str, Any], scratch: Path) -> dict[str, str]:
    """Return the variables with which uv uses the package index of a job."""
    found = {
        **clean_environment(scratch),
        "UV_CACHE_DIR": str(scratch / "cache"),
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "UV_HTTP_TIMEOUT": str(int(index.get("seconds") or 60)),
    }
    if index.get("url"):
        found[INDEX] = index["url"]
    if index.get("extra_urls"):
        found["UV_INDEX"] = " ".join(index["extra_urls"])
    return found


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the settings of uv for the project in *folder*; `uv.toml` hides the others."""
    for name, keys in (("uv.toml", ()), ("pyproject.toml", ("tool", "uv"))):
        if (folder / name).is_file():
            found: Any = _read_toml(folder / name)
            for key in keys:
                found = found.get(key) if isinstance(found, dict) else None
            return found if isinstance(found, dict) else {}
    return {}


def _read_toml(path: Path) -> dict[str, Any]:
    """Return the data of a TOML file; empty if it is invalid, which uv reports."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}


def upgrade_options(upgrade: Sequence[str] | None, cooldown: Cooldown) -> list[str]:
    """Return the options for the packages to *upgrade*, None for all, and for the cooldown."""
    words = ["--upgrade"]
    if upgrade is not None:
        words = [word for name in upgrade for word in ("--upgrade-package", name)]
    if cooldown.days:
        words += ["--exclude-newer", f"{cooldown.until:%Y-%m-%dT%H:%M:%SZ}"]
        later = f"{cooldown.now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        for name in sorted(cooldown.exempt):
            words += ["--exclude-newer-package", f"{name}={later}"]
    return words


def update_uv_lock(
    tool: LockTool,
    path: Path,
    upgrade: Sequence[str] | None,
    cooldown: Cooldown,
    environment: Mapping[str, str],
) -> None:
    """Update the ``uv.lock`` at *path*.  Raises Failed."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    settings = settings_of(path.parent)
    own_cutoff = "exclude-newer" in settings
    options = upgrade_options(upgrade, Cooldown.of(0, ()) if own_cutoff else cooldown)
    asked = public(environment.get(INDEX, ""))
    theirs = index_of_project(settings, before, asked) if asked else ""
    if before:
        path.write_text(with_index(before, theirs, asked), encoding="utf-8")
    tool.run(["lock", *options], environment, path.parent)
    text = path.read_text(encoding="utf-8")
    tool.check_format(before, text)
    if not own_cutoff:
        text = without_cutoff(text)
    if asked:
        text = with_known_files(with_index(text, asked, theirs), before, theirs)
    path.write_text(text, encoding="utf-8")


def update_pylock(
    tool: LockTool,
    path: Path,
    requirements: Sequence[Path],
    options: Sequence[str],
    environment: Mapping[str, str],
) -> None:
    """Resolve *requirements* for all platforms into the ``pylock.toml`` at *path*.

    Raises Failed.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    oldest = LOWER_BOUND.search(before)
    words = ["pip", "compile", "--quiet", "--universal", "--no-header", "--format"]
    words += ["pylock.toml", "--output-file", str(path), *options]
    words += ["--python-version", oldest[1]] if oldest else []
    tool.run([*words, *requirements], environment, path.parent)
    text = path.read_text(encoding="utf-8")
    index = PYPI if INDEX in environment else ""
    text = with_known_files(text, before, index)
    comments = COMMENTS.match(before)
    path.write_text((comments[0] if comments else "") + text, encoding="utf-8")
