"""The build environment: a virtual environment with the pins of a section of the build lock."""

from __future__ import annotations

import hashlib
import venv
import zipfile
from importlib.metadata import distributions
from pathlib import Path

from job import Failed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from plain_wheel import FAULTS, extract, is_plain, site_packages


def create_environment(section: Path | None, wheels: Path, folder: Path) -> Path:
    """Create a virtual environment with the *wheels* that a section pins; return its python.

    Raises Failed for a wheel whose hash the section does not pin.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pinned = section.read_text(encoding="utf-8") if section is not None else ""
    for wheel in sorted(wheels.glob("*.whl")) if pinned else ():
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if f"--hash=sha256:{digest}" not in pinned:
            raise Failed(
                f"{wheel.name} has sha256:{digest}, but its section of the build lock does not "
                "pin that hash",
                "run HardenRequirements, review the pins that it changes, and commit",
            )
        install_wheel(wheel, folder, python)
    return python


def install_wheel(wheel: Path, folder: Path, python: Path) -> None:
    """Install a wheel in the virtual environment in *folder*.  Raises Failed."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if is_plain(archive) and not _has_scripts(archive):
                extract(archive, Path(site_packages(str(folder))))
                return
            # Imported late: few builds install a wheel with scripts.
            from wheel_schemes import install_environment  # noqa: PLC0415

            install_environment(archive, folder, python)
    except FAULTS as error:
        raise Failed(f"{wheel.name} cannot be installed: {error}") from None


def _has_scripts(archive: zipfile.ZipFile) -> bool:
    points = (n for n in archive.namelist() if n.endswith(".dist-info/entry_points.txt"))
    return any(b"_scripts]" in archive.read(name) for name in points)


def is_installed(text: str, environment: Path) -> bool:
    """Return whether a virtual environment satisfies the requirement *text*."""
    requirement = Requirement(text)
    if requirement.marker and not requirement.marker.evaluate():
        return True
    path = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    name = canonicalize_name(requirement.name)
    return any(
        canonicalize_name(installed.name) == name
        and requirement.specifier.contains(installed.version, prereleases=True)
        for installed in distributions(path=path)
    )
