"""Read the databases of distribution packages in an image: those of dpkg and of apk.

| database | systems | file |
|---|---|---|
| dpkg | Debian, Ubuntu | ``var/lib/dpkg/status`` |
| dpkg | distroless and hardened images | ``var/lib/dpkg/status.d/NAME``, one for each package |
| apk | Alpine, Wolfi | ``lib/apk/db/installed``, or the same below ``usr`` |

Formats: https://manpages.debian.org/bookworm/dpkg-dev/deb822.5.en.html and
https://wiki.alpinelinux.org/wiki/Apk_spec.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_STATUS, _PARTS = "var/lib/dpkg/status", "var/lib/dpkg/status.d/"
_APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_SUMS = ".md5sums"
_DPKG_FIELD = re.compile(r"^(Package|Version|Status): (.*)$", re.M)
_APK_FIELD = re.compile(r"^([PV]):(.*)$", re.M)
_PYTHON = re.compile(r"(?:lib)?python-?(3(?:\.\d+)?)(?:-minimal|-base)?")


def is_list(path: str) -> bool:
    """Return whether the file at *path* belongs to a database of packages."""
    part = path.startswith(_PARTS) and not path.endswith(_SUMS)
    return part or path == _STATUS or path in _APK


def are_whole(files: Mapping[str, bytes]) -> bool:
    """Return whether *files* have a database that is one file, so no lower layer adds to it."""
    return any(files.get(path, b"").strip() for path in (_STATUS, *_APK))


def installed(files: Mapping[str, bytes]) -> dict[str, str] | None:
    """Return the versions of installed packages by name, or None if there is no database."""
    if not files:
        return None
    found: dict[str, str] = {}
    for path, data in sorted(files.items()):
        read = _apk if path in _APK else _dpkg
        found |= read(data.decode("utf-8", "replace"), path)
    return found


def python_version(packages: Mapping[str, str]) -> str | None:
    """Return the version of the newest Python among *packages*, or None."""
    if "python3" in packages:
        return packages["python3"]
    found = {match[1]: name for name in packages if (match := _PYTHON.fullmatch(name))}
    newest = max(found, key=lambda minor: [int(part) for part in minor.split(".")], default="")
    return packages[found[newest]] if newest else None


def _dpkg(text: str, path: str) -> dict[str, str]:
    """Read paragraphs.  In ``status.d`` they have no status: each package is installed."""
    default = " installed" if path.startswith(_PARTS) else ""
    return {
        fields["Package"]: fields.get("Version", "")
        for fields in _paragraphs(text, _DPKG_FIELD)
        if fields.get("Status", default).endswith(" installed") and "Package" in fields
    }


def _apk(text: str, _: str) -> dict[str, str]:
    return {
        fields["P"]: fields.get("V", "")
        for fields in _paragraphs(text, _APK_FIELD)
        if "P" in fields
    }


def _paragraphs(text: str, field: re.Pattern[str]) -> Iterator[dict[str, str]]:
    return (dict(field.findall(paragraph)) for paragraph in text.split("\n\n"))
