"""The console scripts of a wheel: small programs in ``bin/``, one for each entry point.

Format: https://packaging.python.org/specifications/entry-points/.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

from installer.scripts import Script

ENTRY_POINTS = "entry_points.txt"
GROUPS = ("console_scripts", "gui_scripts")


def python_of(prefix: str) -> str:
    """Return the interpreter of the virtual environment at *prefix*."""
    return f"{prefix}/bin/python"


def install_scripts(info: Path, root: Path, prefix: str, left_out: Container[str] = ()) -> None:
    """Make the scripts of the wheel whose dist-info is the folder *info*, below *root*.

    Those in *left_out* (``bin/NAME``) are not made.  Raises ValueError for an entry point that
    no script can be made of.
    """
    folder = root / prefix.lstrip("/") / "bin"
    for name, data in scripts(info, python_of(prefix)):
        if f"bin/{name}" in left_out:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o755)


def scripts(info: Path, interpreter: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each script, in the order of their names."""
    points = PathDistribution(info).entry_points
    found = {point.name: point for group in GROUPS for point in points.select(group=group)}
    for _, point in sorted(found.items()):
        check(point)
        yield Script(point.name, point.module, point.attr, "console").generate(
            interpreter, "posix"
        )


def check(point: EntryPoint) -> None:
    """Raise ValueError unless *point* names a function, and a file that holds its script."""
    match = point.pattern.match(point.value)
    if match is None or not match["attr"]:
        raise ValueError(f"its script {point.name} names no function: {point.value}")
    if "/" in point.name or point.name in ("", ".", ".."):
        raise ValueError(f"its script {point.name!r} has no file's name")
