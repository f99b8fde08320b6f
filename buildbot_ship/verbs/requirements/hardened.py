"""What is written for the strict file of ours and for the lock file of another tool alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...daemon.interface import JobFile
from ...model.reference import Reference
from ...model.requirements.changes import Changes
from ...model.requirements.distribution_formats import Formats
from ...model.requirements.header import Header, Interpreter
from ...model.requirements.reader import Pin, logical_lines, read_pins
from ...model.result import SUCCESS, Result
from ...source.checkout import Checkout
from ..shared.own_packages import export_package
from ..shared.tools_image import Tools


def header_of(
    inputs: Mapping[str, str],
    base: Reference,
    tools: Tools,
    sdists: tuple[str, ...],
    formats: Formats | None = None,
) -> Header:
    """Return the header of a file that the *tools* of *base* resolved."""
    versions = tools.facts["tools"]
    resolver = ", ".join(f"{name} {versions[name]}" for name in ("pip", "pip-tools", "uv"))
    interpreter = Interpreter.of(tools.facts)
    return Header(dict(inputs), interpreter, str(base), resolver, sdists, formats or Formats())


def export_packages(
    checkout: Checkout, folders: Iterable[str], scratch: Path
) -> tuple[JobFile, ...]:
    """Return the files of the own packages in *folders* as inputs of a job."""
    found = (export_package(checkout, folder, scratch) for folder in folders)
    return tuple(file for files in found for file in files)


def names_of(pins: Iterable[Pin], build_lock: str) -> list[str]:
    """Return the packages that *pins* and the text of a build lock pin."""
    needed, _ = read_pins(logical_lines(build_lock), "")
    return sorted({pin.key for pin in (*pins, *needed)})


def read_ages(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the days since each release in the result of a job."""
    return {str(name): float(age) for name, age in result.get("ages", {}).items()}


def hardened(file: str, what: str, changes: Changes, texts: Mapping[str, str]) -> Result:
    """Return the result for *file*; *what* says what it holds, *texts* are what was written."""
    notes = {"changes.txt": changes.text, "message.txt": changes.message(file)}
    return Result(
        "harden",
        SUCCESS,
        f"{what}, {changes.summary}: {file}",
        properties={"ship_harden": changes.summary},
        texts={**texts, **notes},
    )
