"""Install wheels into layers, one group of wheels for each layer.

job.json: ``{"prefix": "/opt/ship", "layers": {NAME: [{"file", "digest", "left_out"}]}}``.  The
wheels are in ``wheelhouse/``.  *left_out* are paths below the prefix to skip, because another
package installs them.
Out folder: ``NAME.tar.gz`` for each layer.
result.json: ``{"layers": {NAME: {"diff_id", "digest", "size", "elf"}}}``: the digest of the
tar, digest and size of the gzipped tar, and the ELF files by path, as ``elf.py`` reads them,
each with its "package".

The wheels are installed as PEP 427 says, with ``.data`` folders and console scripts.  The
scripts use the interpreter of the virtual environment at the prefix.  No code of the wheels
runs.
"""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import layer_packing
from elf import ElfFiles
from job import Failed, main, say, seal
from layer import Member, file_mode
from layer_packing import compile_all, opener, pack
from plain_wheel import extract, is_plain, site_packages
from verified_wheels import verify

ENTRY_POINTS = ".dist-info/entry_points.txt"


def install_wheel(
    wheel: Path, root: Path, prefix: str, left_out: frozenset[str] = frozenset()
) -> list[list[str]]:
    """Install a wheel below *root*; return ``[FILE, FINAL_PATH]`` of each module."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if is_plain(archive):
                return extract_plain(archive, root, prefix, left_out)
            # Imported late: the import takes longer than a layer of plain wheels.
            from wheel_schemes import install_to_layer  # noqa: PLC0415

            return install_to_layer(archive, root, prefix, left_out)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, AssertionError) as error:
        raise Failed(
            f"{wheel.name} cannot be installed: {error}",
            'correct the package, or set layout="zipapp" if pex can install it',
        ) from None


def extract_plain(
    archive: zipfile.ZipFile, root: Path, prefix: str, left_out: frozenset[str]
) -> list[list[str]]:
    """Install a plain wheel; return the same as `install_wheel`."""
    site = site_packages(prefix)
    folder = root / site.lstrip("/")
    top = f"{site.removeprefix(prefix)}/".lstrip("/")
    skipped = {path.removeprefix(top) for path in left_out if path.startswith(top)}
    modules = []
    for path in extract(archive, folder, skipped):
        if path.endswith(".py"):
            modules.append([str(folder / path), f"{site}/{path}"])
        elif path.endswith(ENTRY_POINTS) and path.count("/") == 1:
            # Imported late: the import takes longer than a layer of plain wheels.
            from console_scripts import install_scripts  # noqa: PLC0415

            install_scripts((folder / path).parent, root, prefix, left_out)
    return sorted(modules)


def members(root: Path) -> Iterator[Member]:
    """Yield the files and folders below *root* as members of a layer."""
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            yield Member(name, 0o755)
        else:
            stat = path.stat()
            mode = file_mode(bool(stat.st_mode & 0o111))
            yield Member(name, mode, stat.st_size, opener(path))


def pack_tree(name: str, out: Path) -> dict[str, Any]:
    """Write the layer *name*; return its entry in ``result.json``."""
    elf_files = ElfFiles()
    record = pack(name, members(layer_packing.STAGE / name), out, elf_files.look)
    elf = {path: asdict(file) for path, file in elf_files.found.items()}
    return {**record, "elf": elf}


def pack_all(names: list[str], out: Path) -> dict[str, Any]:
    """Write every layer; return their entries in ``result.json``."""
    if len(names) == 1:
        return {names[0]: pack_tree(names[0], out)}
    # Imported late: the import takes longer than one small layer.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        packed = list(pool.map(lambda name: pack_tree(name, out), names))
    return dict(zip(names, packed, strict=True))


def name_packages(elf: dict[str, Any], wheels: list[Path], prefix: str) -> None:
    """Set "package" of each ELF file of a layer: the wheel that contains it, or empty."""
    packages = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                top, _, rest = name.partition("/")
                path = rest.partition("/")[2] if top.endswith(".data") else name
                packages[path] = " ".join(wheel.name.split("-")[:2])
    for path, record in elf.items():
        folders = (f"{folder}/" for folder in (site_packages(prefix), f"{prefix}/bin", prefix))
        below = (f"/{path}".removeprefix(folder) for folder in folders)
        record["package"] = next((packages[name] for name in below if name in packages), "")


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Install the wheels and write every layer."""
    seal()
    warnings.simplefilter("ignore")
    layers, house, prefix = arguments["layers"], job / "wheelhouse", arguments["prefix"]
    verify([wheel for wheels in layers.values() for wheel in wheels], house)
    groups = []
    for name, wheels in layers.items():
        say(f"installing {', '.join(wheel['file'] for wheel in wheels)}")
        for wheel in wheels:
            file, root = house / wheel["file"], layer_packing.STAGE / name
            groups.append(install_wheel(file, root, prefix, frozenset(wheel["left_out"])))
    compile_all(groups, job)
    packed = pack_all(list(layers), out)
    for name, wheels in layers.items():
        if packed[name]["elf"]:
            name_packages(packed[name]["elf"], [house / w["file"] for w in wheels], prefix)
    return {"layers": packed}


if __name__ == "__main__":
    main(work)
