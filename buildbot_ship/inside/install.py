"""Install wheels as plain trees, each group of them in a layer of its own.

job.json: ``{"prefix": "/opt/ship", "layers": {NAME: [{"file", "digest"}]}}``; the wheels
lie in ``wheelhouse/``.  Out folder: ``NAME.tar.gz`` for each layer.  result.json:
``{"layers": {NAME: {"diff_id", "digest", "size"}}}``, about the tar and the gzipped tar.

What an installer would do to the wheels is done (PEP 427, with the ``.data`` folders),
but that no console scripts are made: nothing would find their modules.  Nothing of the
wheels runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from compress import compress
from extract import extract, is_plain
from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelContentElement, WheelFile
from job import Failed, main, say, seal
from layer import Member, file_mode, write_layer
from pex import check

MINOR = f"python{sys.version_info.major}.{sys.version_info.minor}"
STAGE = Path("/ship/stage")
ENTRY_POINTS = "entry_points.txt"


class Source(WheelFile):
    """A wheel as it is: its RECORD is not asked, its digest was checked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Read an open wheel."""
        super().__init__(archive)
        self.archive = archive

    def get_contents(self) -> Iterator[WheelContentElement]:
        """Yield every file."""
        for item in self.archive.infolist():
            if not item.is_dir():
                with self.archive.open(item) as stream:
                    executable = bool(item.external_attr >> 16 & 0o111)
                    yield (item.filename, "", ""), cast(Any, stream), executable


class SourceOfTrees(Source):
    """A wheel of which no console scripts are made."""

    @property
    def dist_info_filenames(self) -> list[str]:
        """Return the names in dist-info, but that of which console scripts are made."""
        return [name for name in super().dist_info_filenames if name != ENTRY_POINTS]


def schemes(prefix: str, name: str) -> dict[str, str]:
    """Return where an installer puts the files of the wheel called *name*."""
    site = f"{prefix}/lib/{MINOR}/site-packages"
    return {
        "purelib": site,
        "platlib": site,
        "headers": f"{prefix}/include/site/{MINOR}/{name}",
        "scripts": f"{prefix}/bin",
        "data": prefix,
    }


@dataclass
class Destination(SchemeDictionaryDestination):
    """A tree to install to, that remembers the modules it got."""

    modules: dict[Path, str] = field(default_factory=dict)

    def write_to_fs(self, scheme: Any, path: str, stream: Any, is_executable: bool) -> Any:
        """Write a file."""
        runs = is_executable or scheme == "scripts"
        record = super().write_to_fs(scheme, path, stream, runs)
        if path.endswith(".py") and scheme in ("purelib", "platlib"):
            self.modules[self._path_with_destdir(scheme, path)] = path
        return record


def install_wheel(wheel: Path, root: Path, prefix: str) -> list[list[str]]:
    """Install one wheel below *root*; return its modules: where they lie, and will lie."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            source = SourceOfTrees(archive)
            places = schemes(prefix, source.distribution)
            if is_plain(archive):
                return extract_plain(archive, root, places["purelib"])
            destination = Destination(
                places,
                interpreter=f"/usr/bin/env {MINOR}",
                script_kind="posix",
                destdir=str(root),
                overwrite_existing=True,
            )
            install(source, destination, {})
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, AssertionError) as error:
        raise Failed(
            f"{wheel.name} cannot be installed: {error}", 'mend it, or take layout="zipapp"'
        ) from None
    modules = sorted(destination.modules.items())
    return [[str(path), f"{places['purelib']}/{final}"] for path, final in modules]


def extract_plain(archive: zipfile.ZipFile, root: Path, site: str) -> list[list[str]]:
    """Do the same to a wheel that goes to one folder."""
    folder = root / site.lstrip("/")
    modules = (path for path in extract(archive, folder) if path.endswith(".py"))
    return sorted([str(folder / path), f"{site}/{path}"] for path in modules)


def compile_all(groups: list[list[list[str]]], job: Path) -> None:
    """Leave bytecode beside the modules of every wheel: of two at one place, of the last."""
    last = {path: number for number, group in enumerate(groups) for path, _ in group}
    groups = [
        [pair for pair in group if last[pair[0]] == number]
        for number, group in enumerate(groups)
    ]
    done = subprocess.run(
        [sys.executable, "-sS", job / "bytecode.py"],
        input=json.dumps(groups).encode(),
        check=False,
    )
    if done.returncode != 0:
        raise Failed("the modules cannot be compiled", "give the step more memory")


def members(root: Path) -> Iterator[Member]:
    """Yield what lies below *root*, with the modes that a layer has."""
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            yield Member(name, 0o755)
        else:
            stat = path.stat()
            mode = file_mode(bool(stat.st_mode & 0o111))
            yield Member(name, mode, stat.st_size, opener(path))


def opener(path: Path) -> Any:
    """Return what opens the file at *path*."""

    def opened() -> IO[bytes]:
        return path.open("rb")

    return opened


def pack(name: str, root: Path, out: Path) -> dict[str, Any]:
    """Leave what lies below *root* as a layer; return what there is to know of it."""
    tar = STAGE / f"{name}.tar"
    with tar.open("wb") as file:
        diff_id = write_layer(members(root), file)
    made = compress(tar, out / f"{name}.tar.gz")
    tar.unlink()
    return {"diff_id": diff_id, **made}


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Make every layer."""
    seal()
    warnings.simplefilter("ignore")
    layers, house = arguments["layers"], job / "wheelhouse"
    check([wheel for wheels in layers.values() for wheel in wheels], house)
    groups = []
    for name, wheels in layers.items():
        say(f"installing {', '.join(wheel['file'] for wheel in wheels)}")
        for wheel in wheels:
            groups.append(
                install_wheel(house / wheel["file"], STAGE / name, arguments["prefix"])
            )
    compile_all(groups, job)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        packed = list(pool.map(lambda name: pack(name, STAGE / name, out), layers))
    return {"layers": dict(zip(layers, packed, strict=True))}


if __name__ == "__main__":
    main(work)
