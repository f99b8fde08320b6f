"""pip's default index, and whether the build base has settings that only pip knows.

uv reads no ``pip.conf`` and no ``PIP_`` variable.  Sources:
https://pip.pypa.io/en/stable/topics/configuration/.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PYPI = "https://pypi.org/simple"
"""The index that pip asks by default."""
FILES = (
    "/etc/pip.conf",
    "/etc/xdg/pip/pip.conf",
    "~/.pip/pip.conf",
    "~/.config/pip/pip.conf",
)
PREFIX = "PIP_"
HARMLESS = frozenset(
    PREFIX + name
    for name in (
        *("BREAK_SYSTEM_PACKAGES", "CACHE_DIR", "DEFAULT_TIMEOUT", "DISABLE_PIP_VERSION_CHECK"),
        *("NO_CACHE_DIR", "NO_COLOR", "NO_COMPILE", "NO_INPUT", "NO_WARN_SCRIPT_LOCATION"),
        *("PROGRESS_BAR", "QUIET", "RETRIES", "ROOT_USER_ACTION", "TIMEOUT", "VERBOSE"),
    )
)
"""Variables that do not change what pip resolves."""


def pip_is_configured(environment: Mapping[str, str]) -> bool:
    """Return whether *environment*, or a file of the base, may change what pip resolves."""
    names = {name for name in environment if name.startswith(PREFIX)} - HARMLESS
    # /dev/null means no file.
    if names - {"PIP_CONFIG_FILE"}:
        return True
    if "PIP_CONFIG_FILE" in names:
        return environment["PIP_CONFIG_FILE"] != os.devnull
    bases = {Path(prefix, "pip.conf") for prefix in (sys.prefix, sys.base_prefix)}
    return any(path.is_file() for path in (*bases, *(Path(f).expanduser() for f in FILES)))
