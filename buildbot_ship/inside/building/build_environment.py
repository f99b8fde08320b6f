"""The virtual environment that a build runs in: what a section of the build lock pins."""

from __future__ import annotations

import collections
import hashlib
import venv
import zipfile
from importlib.metadata import distributions
from pathlib import Path

from job import Failed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from plain_wheel import extract, is_plain, site_packages


def environment_of(section: Path | None, wheels: Path, folder: Path) -> Path:
    """Make a virtual environment with what a section pins; return its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pinned = section.read_text(encoding="utf-8") if section is not None else ""
    for wheel in sorted(wheels.glob("*.whl")) if pinned else ():
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if f"--hash=sha256:{digest}" not in pinned:
            raise Failed(f"{wheel.name} has sha256:{digest}, which its section does not pin")
        install_wheel(wheel, folder, python)
    return python


def install_wheel(wheel: Path, folder: Path, python: Path) -> None:
    """Install a wheel in the virtual environment in *folder*."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if is_plain(archive) and not _has_scripts(archive):
                collections.deque(extract(archive, Path(site_packages(str(folder)))), 0)
                return
            # Imported late: few builds take a wheel with scripts.
            from wheel_schemes import install_environment  # noqa: PLC0415

            install_environment(archive, folder, python)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, AssertionError) as error:
        raise Failed(f"{wheel.name} cannot be installed: {error}") from None


def _has_scripts(archive: zipfile.ZipFile) -> bool:
    points = (n for n in archive.namelist() if n.endswith(".dist-info/entry_points.txt"))
    return any(b"_scripts]" in archive.read(name) for name in points)


def is_there(text: str, environment: Path) -> bool:
    """Tell whether a virtual environment satisfies a requirement."""
    requirement = Requirement(text)
    if requirement.marker and not requirement.marker.evaluate():
        return True
    path = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    wanted = canonicalize_name(requirement.name)
    return any(
        canonicalize_name(found.name) == wanted
        and requirement.specifier.contains(found.version, prereleases=True)
        for found in distributions(path=path)
    )
