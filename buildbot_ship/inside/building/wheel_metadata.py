"""Read the metadata of a wheel that buildbot-ship records.

Formats: https://packaging.python.org/specifications/core-metadata/ and
https://packaging.python.org/specifications/entry-points/.
"""

from __future__ import annotations

import re
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

from installed_files import read_listing
from packaging.utils import parse_wheel_filename

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
SYMBOLS = re.compile(rb"GLIBC_2\.(\d+)[.\0]")
TAGS = re.compile(r"manylinux_2_(\d+)_")
OLD_TAGS = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}


def metadata(wheel: Path) -> dict[str, Any]:
    """Return the record of a wheel.

    ``{"requires": [...], "provides": [EXTRA], "scripts": {NAME: TARGET}, "glibc": MINOR,
    "listing": {...}}``.  A target is ``module:function``, or empty for a script that is a file
    of the wheel.  *glibc* is N for a wheel that needs glibc 2.N, and 0 for one that needs none.
    *listing* is that of `read_listing`.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        top = next((name.partition("/")[0] for name in names if _is_metadata(name)), "")
        distribution = PathDistribution(zipfile.Path(archive, f"{top}/"))
        scripts = {name.rpartition("/")[2]: "" for name in names if ".data/scripts/" in name}
        points = distribution.entry_points.select(group="console_scripts")
        return {
            "requires": distribution.requires or [],
            "provides": distribution.metadata.get_all("Provides-Extra") or [],
            "scripts": scripts | {p.name: p.value.partition("[")[0].strip() for p in points},
            "glibc": glibc(wheel.name, archive),
            "listing": read_listing(archive, wheel.name, MINOR),
        }


def _is_metadata(name: str) -> bool:
    return name.endswith(".dist-info/METADATA") and name.count("/") == 1


def glibc(file: str, archive: zipfile.ZipFile) -> int:
    """Return N of the glibc 2.N that a wheel needs: from its tags, else from its libraries."""
    platforms = {tag.platform for tag in parse_wheel_filename(file)[3]}
    minors = [int(match[1]) for name in platforms if (match := TAGS.match(name))]
    minors += [
        OLD_TAGS[old] for name in platforms if (old := name.partition("_")[0]) in OLD_TAGS
    ]
    if minors:
        return min(minors)
    if not any(name.startswith("linux_") for name in platforms):
        return 0
    libraries = (name for name in archive.namelist() if re.search(r"\.so(\.|$)", name))
    needed = (SYMBOLS.findall(archive.read(name)) for name in libraries)
    return max((int(minor) for symbols in needed for minor in symbols), default=0)
