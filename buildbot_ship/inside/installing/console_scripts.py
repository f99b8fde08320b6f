"""Write the console scripts of a wheel: a program in ``bin/`` for each entry point.

Format: https://packaging.python.org/specifications/entry-points/.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from importlib.metadata import EntryPoint, EntryPoints, PathDistribution
from pathlib import Path

from installer.scripts import Script

ENTRY_POINTS = "entry_points.txt"
GROUPS = ("console_scripts", "gui_scripts")


def python_of(prefix: str) -> str:
    """Return the path of the interpreter of the virtual environment at *prefix*."""
    return f"{prefix}/bin/python"


def install_scripts(info: Path, root: Path, prefix: str, left_out: Container[str] = ()) -> None:
    """Write the scripts of the wheel with the dist-info folder *info* below *root*.

    Skip those in *left_out* (``bin/NAME``).  Raises ValueError for an invalid entry point.
    """
    folder = root / prefix.lstrip("/") / "bin"
    for name, data in scripts(info, python_of(prefix)):
        if f"bin/{name}" in left_out:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o755)


def scripts(info: Path, interpreter: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each script, sorted by name."""
    points = read_points(info)
    by_name = {point.name: point for group in GROUPS for point in points.select(group=group)}
    for _, point in sorted(by_name.items()):
        check(point)
        yield Script(point.name, point.module, point.attr, "console").generate(
            interpreter, "posix"
        )


def read_points(info: Path) -> EntryPoints:
    """Return the entry points of a wheel.  Raises ValueError.

    Since Python 3.15 all are checked when they are read.
    """
    try:
        return PathDistribution(info).entry_points
    except ValueError as error:
        why = f"one of its entry points names no object: {error.args[-1]}"
        raise ValueError(why) from None


def check(point: EntryPoint) -> None:
    """Raise ValueError unless *point* names a function and its name is a valid file name."""
    match = point.pattern.match(point.value)
    if match is None or not match["attr"]:
        raise ValueError(f"its entry point {point.name} names no function: {point.value}")
    if "/" in point.name or point.name in ("", ".", ".."):
        raise ValueError(f"its entry point {point.name!r} is not a valid file name")
