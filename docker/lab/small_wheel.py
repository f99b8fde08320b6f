"""Make wheels that hold next to nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def small_wheel(name: str, files: Mapping[str, str | bytes], points: str = "") -> bytes:
    """Return a wheel of version 1.0 with *files*; *points* is its entry_points.txt, if any."""
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    members: dict[str, str | bytes] = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": _WHEEL,
    }
    if points:
        members[f"{info}/entry_points.txt"] = points
    members[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*members, f"{info}/RECORD"])
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w") as archive:
        for path, content in members.items():
            # A ZipInfo has the same time each day, and so has the wheel the same hash.
            archive.writestr(zipfile.ZipInfo(path), content)
    return spool.getvalue()
