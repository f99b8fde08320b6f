"""Which packages of a lock file to upgrade."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from ...errors import InvalidRequest
from ..toml_file import TomlFile
from .formats import PYLOCK, Format

MULTI_USE = ("extras", "dependency-groups", "default-groups")
"""What a ``pylock.toml`` has only if its tool wrote it for several selections."""


def names_to_upgrade(upgrade: str, kind: Format, text: str, file: str) -> list[str] | None:
    """Return the names in the option *upgrade*; None for all packages.

    *text* is that of the lock, empty if there is none.  Raises InvalidRequest for a name that
    the lock lacks, or if the lock cannot be updated, and InvalidFile.
    """
    data = TomlFile.parse(text, file).data if text else {}
    if kind is PYLOCK and any(data.get(key) for key in MULTI_USE):
        why = (
            f"only nothing is possible: {file} has extras or dependency groups, so update it "
            "with the tool that wrote it"
        )
        raise InvalidRequest("upgrade", why)
    if upgrade == "all":
        return None
    tables = data.get(kind.packages)
    packages = tables if isinstance(tables, list) else []
    known = {canonicalize_name(str(p.get("name"))) for p in packages if isinstance(p, dict)}
    names = [name.strip() for name in upgrade.split(",")]
    unknown = [name for name in names if canonicalize_name(name) not in known]
    if unknown:
        raise InvalidRequest("upgrade", f"{file} has no package {', '.join(unknown)}")
    return names
