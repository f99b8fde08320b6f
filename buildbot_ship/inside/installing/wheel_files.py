"""Put the files of wheels into the tree of a layer, mostly without writing them to the disk.

To create a file takes longer than to install it.  So the layer is written from the wheels.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from compiler import Module
from job import Failed
from layer_tree import LayerTree, file_opener
from plain_wheel import FAULTS, is_executable, is_plain, plain_files, site_packages

ENTRY_POINTS = ".dist-info/entry_points.txt"
IN_MEMORY = 1024 * 1024
"""The size in bytes of files that are not read into the memory."""
MOST_OPEN = 64


class Archives:
    """Opens wheels, and keeps the last few of them open."""

    def __init__(self) -> None:
        """Begin without an open wheel."""
        self._open: dict[Path, zipfile.ZipFile] = {}

    def get(self, wheel: Path) -> zipfile.ZipFile:
        """Return the open wheel."""
        archive = self._open.pop(wheel, None) or zipfile.ZipFile(wheel)
        self._open[wheel] = archive
        if len(self._open) > MOST_OPEN:
            self._open.pop(next(iter(self._open))).close()
        return archive

    def read(self, wheel: Path, item: zipfile.ZipInfo) -> IO[bytes]:
        """Return the content of a file of a wheel.  Raises Failed."""
        try:
            return io.BytesIO(self.get(wheel).read(item))
        except FAULTS as error:
            raise not_installed(wheel, error) from None


class WheelInstaller:
    """Installs wheels into the *tree* of one layer; *folder* is for files on the disk."""

    def __init__(self, tree: LayerTree, folder: Path, prefix: str) -> None:
        """Take the prefix of the environment in the image, such as ``/opt/ship``."""
        self.tree, self.folder, self.prefix = tree, folder, prefix
        self.archives = Archives()

    def install(self, wheel: Path, left_out: frozenset[str]) -> list[Module]:
        """Install a wheel without the paths in *left_out*; return its modules.

        Raises Failed for a wheel that is not valid.
        """
        try:
            plain = is_plain(self.archives.get(wheel))
            return (self._plain if plain else self._with_schemes)(wheel, left_out)
        except FAULTS as error:
            raise not_installed(wheel, error) from None

    def _plain(self, wheel: Path, left_out: frozenset[str]) -> list[Module]:
        site = site_packages(self.prefix)
        top = f"{site.removeprefix(self.prefix)}/".lstrip("/")
        skipped = {path.removeprefix(top) for path in left_out if path.startswith(top)}
        archive = self.archives.get(wheel)
        # A wheel may have a file twice; the last one counts, as for the tree.
        modules: dict[str, bytes] = {}
        for path, item in plain_files(archive, skipped):
            self.tree.put(
                f"{site}/{path}".lstrip("/"),
                item.file_size,
                self._opener(wheel, item),
                owner=wheel.name,
                executable=is_executable(item),
            )
            if path.endswith(".py"):
                modules[f"{site}/{path}"] = archive.read(item)
            elif path.endswith(ENTRY_POINTS) and path.count("/") == 1:
                self._put_scripts(wheel, path, left_out)
        return sorted(modules.items())

    def _opener(self, wheel: Path, item: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
        """Return a function that opens a file of a wheel; it can seek quickly."""
        if item.file_size <= IN_MEMORY:
            return partial(self.archives.read, wheel, item)
        file = self.folder / wheel.name / f"{item.header_offset}"
        file.parent.mkdir(parents=True, exist_ok=True)
        with self.archives.get(wheel).open(item) as source, file.open("wb") as target:
            shutil.copyfileobj(source, target, IN_MEMORY)
        return file_opener(file)

    def _put_scripts(self, wheel: Path, points: str, left_out: frozenset[str]) -> None:
        """Put the console scripts of the wheel with the entry points in the file *points*."""
        # Imported late: the import takes longer than a layer of plain wheels.
        from console_scripts import python_of, scripts  # noqa: PLC0415

        info: Any = zipfile.Path(self.archives.get(wheel), f"{points.partition('/')[0]}/")
        for name, data in scripts(info, python_of(self.prefix)):
            if f"bin/{name}" not in left_out:
                path = f"{self.prefix}/bin/{name}".lstrip("/")
                content = partial(io.BytesIO, data)
                self.tree.put(path, len(data), content, owner=wheel.name, executable=True)

    def _with_schemes(self, wheel: Path, left_out: frozenset[str]) -> list[Module]:
        """Install a wheel with a ``.data`` folder, by way of the disk."""
        # Imported late: the import takes longer than a layer of plain wheels.
        from wheel_schemes import install_to_layer  # noqa: PLC0415

        root = self.folder / wheel.name
        modules = install_to_layer(self.archives.get(wheel), root, self.prefix, left_out)
        for file in root.rglob("*"):
            if file.is_file():
                self.tree.put_file(file.relative_to(root).as_posix(), file, wheel.name)
        return [(final, Path(file).read_bytes()) for file, final in modules]


def not_installed(wheel: Path, error: Exception) -> Failed:
    """Return the error for a wheel that is not valid."""
    return Failed(
        f"{wheel.name} cannot be installed: {error}",
        'correct the package, or set layout="zipapp" if pex can install it',
    )
