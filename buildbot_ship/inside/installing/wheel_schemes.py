"""Install wheels with a ``.data`` folder or with scripts, to the same paths as pip."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from console_scripts import ENTRY_POINTS, install_scripts, python_of
from installed_files import BYTECODE, in_environment
from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.records import RecordEntry
from installer.sources import WheelContentElement, WheelFile
from plain_wheel import MINOR, is_executable, site_packages


class Source(WheelFile):
    """A wheel whose RECORD is not checked: the digest of the wheel was."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Read an open wheel."""
        super().__init__(archive)
        self.archive = archive

    def get_contents(self) -> Iterator[WheelContentElement]:
        """Yield every file."""
        for item in self.archive.infolist():
            if not item.is_dir():
                with self.archive.open(item) as stream:
                    yield (item.filename, "", ""), cast(Any, stream), is_executable(item)


class LayerSource(Source):
    """A wheel for a layer, without its console scripts and its bytecode.

    ``console_scripts.py`` writes the scripts, and ``bytecode.py`` compiles the modules.
    """

    def get_contents(self) -> Iterator[WheelContentElement]:
        """Yield every file except bytecode."""
        for element in super().get_contents():
            if BYTECODE not in element[0][0].split("/"):
                yield element

    @property
    def dist_info_filenames(self) -> list[str]:
        """Return the files in dist-info without ``entry_points.txt``."""
        return [name for name in super().dist_info_filenames if name != ENTRY_POINTS]


def schemes(prefix: str, name: str) -> dict[str, str]:
    """Return the folder of each scheme for the wheel *name*, as pip does."""
    return {
        "purelib": site_packages(prefix),
        "platlib": site_packages(prefix),
        "headers": f"{prefix}/include/site/{MINOR}/{name}",
        "scripts": f"{prefix}/bin",
        "data": prefix,
    }


@dataclass
class Destination(SchemeDictionaryDestination):
    """A folder to install to; *modules* records the modules that were written.

    Paths in *left_out*, relative to the prefix, are not written.
    """

    left_out: frozenset[str] = frozenset()
    modules: dict[Path, str] = field(default_factory=dict)

    def write_to_fs(self, scheme: Any, path: str, stream: Any, is_executable: bool) -> Any:
        """Write a file, unless it is left out."""
        if scheme == "data":
            path = in_environment(path)
        final = posixpath.join(self.scheme_dict[scheme], path)
        if posixpath.relpath(final, self.scheme_dict["data"]) in self.left_out:
            return RecordEntry(path, None, None)
        runs = is_executable or scheme == "scripts"
        record = super().write_to_fs(scheme, path, stream, runs)
        if path.endswith(".py") and scheme in ("purelib", "platlib"):
            self.modules[self._path_with_destdir(scheme, path)] = path
        return record


def install_to_layer(
    archive: zipfile.ZipFile, root: Path, prefix: str, left_out: frozenset[str] = frozenset()
) -> list[list[str]]:
    """Install a wheel below *root*; return ``[FILE, FINAL_PATH]`` of each module."""
    source = LayerSource(archive)
    folders = schemes(prefix, source.distribution)
    destination = Destination(
        folders,
        interpreter=python_of(prefix),
        script_kind="posix",
        destdir=str(root),
        overwrite_existing=True,
        left_out=left_out,
    )
    install(source, destination, {})
    site = root / folders["purelib"].lstrip("/")
    install_scripts(site / source.dist_info_dir, root, prefix, left_out)
    modules = sorted(destination.modules.items())
    return [[str(path), f"{folders['purelib']}/{final}"] for path, final in modules]


def install_environment(archive: zipfile.ZipFile, folder: Path, python: Path) -> None:
    """Install a wheel with its scripts in the virtual environment in *folder*."""
    source = Source(archive)
    folders = schemes(str(folder), source.distribution)
    destination = SchemeDictionaryDestination(
        folders, str(python), "posix", overwrite_existing=True
    )
    install(source, destination, {})
