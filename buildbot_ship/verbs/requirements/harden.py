"""Harden requirements: write the strict file and the build lock from the loose file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ...daemon.interface import JobFile
from ...errors import InvalidFile, InvalidRequest
from ...model.dockerfile.document import base_of
from ...model.log import Log
from ...model.request import HardenRequest
from ...model.requirements.build_lock import parse_build_lock
from ...model.requirements.changes import StrictFile, compare
from ...model.requirements.distribution_formats import Formats
from ...model.requirements.header import are_equivalent, split
from ...model.requirements.lock_names import is_lock, is_pyproject
from ...model.requirements.loose import (
    Loose,
    Selected,
    digests,
    metadata_of,
    read_loose,
    unknown_names,
)
from ...model.requirements.reader import logical_lines, parse_strict, read_pins
from ...model.requirements.text import decode
from ...model.result import Result, counted
from ...source.checkout import Checkout
from ...source.interface import read_bytes, read_text, required
from ...store.change_notes import ChangeNotes
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from .hardened import export_packages, hardened, header_of, names_of, read_ages
from .known_answers import KnownAnswers


def harden(
    request: HardenRequest, *, checkout: Checkout, runner: JobRunner, notes: ChangeNotes
) -> Result:
    """Resolve the loose file in a throw-away container on the build base; write both files.

    The loose files are read from the working directory, not from a commit.  If nothing relevant
    changed, both files keep their bytes.

    Raises FileMissing, InvalidFile, InvalidRequest, JobFailed, LimitExceeded, and the errors of
    engines.
    """
    if is_lock(request.strict):
        # Imported late: most repositories have a strict file.
        from .harden_lock import harden_lock  # noqa: PLC0415

        return harden_lock(request, checkout=checkout, runner=runner, notes=notes)
    base = base_of(required(checkout, request.dockerfile), request.dockerfile)
    loose, inputs = _read(request, checkout)
    old = {path: read_text(checkout, path) for path in (request.strict, request.build_lock)}
    before = _current_lines(request, old[request.strict], runner.log)
    _check_upgrade(request, loose, before)
    formats = Formats.of(request)
    tools = runner.tools(base)
    with runner.work.scratch() as scratch:
        own = export_packages(checkout, request.packages, scratch)
        answers = KnownAnswers.of(runner, tools, request.packages, own, metadata=True)
        arguments = {
            **_arguments(request, loose, before, formats),
            "likely": names_of(before.pins, old[request.build_lock]),
            "answers": answers.find(old[request.build_lock]),
        }
        files = (*_loose_files(request, loose), *own)
        resolved = _resolve(arguments, files, answers, scratch)
    head = header_of(inputs, base, tools, resolved.sdists, formats).text
    new = {request.strict: head + resolved.strict, request.build_lock: head + resolved.lock}
    after = _parse(request, new)
    _check_format_names(request, formats, loose, after)
    changes = compare(before, after, resolved.ages)
    texts = old if all(are_equivalent(old[path], new[path]) for path in new) else new
    if texts is new:
        checkout.write({path: text for path, text in new.items() if text != old[path]})
        notes.leave(new[request.strict].encode(), changes.message(request.strict))
    what = f"{counted(len(after.pins), 'package')} pinned"
    return hardened(request.strict, what, changes, texts)


def _read(request: HardenRequest, checkout: Checkout) -> tuple[Loose, dict[str, str]]:
    """Return the loose files, and the digests of all files that name requirements."""
    read = partial(read_bytes, checkout)
    metadata = metadata_of(request.packages, read)
    selected = Selected(request.extras, request.groups)
    loose = read_loose(request.loose, read, empty=bool(request.packages), selected=selected)
    return loose, digests({**loose.files, **metadata})


@attrs.frozen
class _Resolved:
    """The texts of both files without headers, the sdists, and the days since each release.

    Releases are written ``name==version``.
    """

    strict: str
    lock: str
    sdists: tuple[str, ...]
    ages: dict[str, float]


def _arguments(
    request: HardenRequest, loose: Loose, before: StrictFile, formats: Formats
) -> dict[str, Any]:
    """Return the arguments of the job; *before* is the current strict file."""
    keep = "".join(pin.text for pin in before.pins)
    words = [name.strip() for name in request.upgrade.split(",")]
    return {
        "loose": request.loose,
        "project": is_pyproject(request.loose),
        "packages": list(request.packages),
        "conditional": loose.conditional,
        "keep": None if request.upgrade == "all" or not keep else keep,
        "rehash": split(before.text)[0].formats != formats,
        "upgrade": [] if request.upgrade in ("all", "nothing") else words,
        "cooldown": request.cooldown,
        "cooldown_except": list(request.cooldown_except),
        **{option: list(words) for option, words in formats.options().items()},
    }


def _loose_files(request: HardenRequest, loose: Loose) -> list[JobFile]:
    if is_pyproject(request.loose):
        lines = "".join(f"{item.requirement}\n" for item in loose.requirements)
        return [JobFile(f"loose/{request.loose}.txt", lines.encode())]
    return [JobFile(f"loose/{path}", data) for path, data in loose.files.items()]


def _resolve(
    arguments: dict[str, Any],
    files: tuple[JobFile, ...],
    answers: KnownAnswers,
    scratch: Path,
) -> _Resolved:
    out, image = scratch / "out", answers.tools.image
    result = answers.runner.run("harden", image, arguments, out, files, network=True)
    answers.keep(result)
    with reading_result("harden"):
        strict, lock = (
            decode((out / name).read_bytes(), name) for name in ("strict.txt", "build.txt")
        )
        sdists = tuple(str(sdist) for sdist in result["sdists"])
        return _Resolved(strict, lock, sdists, read_ages(result))


def _parse(request: HardenRequest, new: dict[str, str]) -> StrictFile:
    """Return the new strict file.  Raises InvalidFile if one of the new files is invalid."""
    text = new[request.strict]
    try:
        pins = parse_strict(text, request.strict)
        parse_build_lock(new[request.build_lock], request.build_lock)
    except InvalidFile as error:
        hint = f"nothing was written: in {request.loose}, require a version that an index has"
        raise InvalidFile(error.problems, hint) from None
    return StrictFile(pins, text)


def _current_lines(request: HardenRequest, text: str, log: Log) -> StrictFile:
    """Return the current strict file without its invalid lines."""
    pins, problems = read_pins(logical_lines(text), request.strict)
    if request.upgrade != "all":
        for problem in problems:
            log(f"{problem}: this line is not kept")
    return StrictFile(tuple(pins), text)


def _check_upgrade(request: HardenRequest, loose: Loose, before: StrictFile) -> None:
    """Raise InvalidRequest if the option ``upgrade`` names an unknown package."""
    if request.upgrade in ("all", "nothing") or not before.pins:
        return
    words = [name.strip() for name in request.upgrade.split(",")]
    unknown = unknown_names(words, loose, before.pins)
    if unknown:
        why = f"{', '.join(unknown)} is neither in {request.loose} nor in {request.strict}"
        raise InvalidRequest("upgrade", why)


def _check_format_names(
    request: HardenRequest, formats: Formats, loose: Loose, after: StrictFile
) -> None:
    """Raise InvalidRequest if an option names a package that nothing requires."""
    for option, names in formats.names().items():
        unknown = unknown_names(names, loose, after.pins)
        if unknown:
            where = f"neither in {request.loose} nor in its dependency closure"
            raise InvalidRequest(option, f"{', '.join(unknown)} is {where}")
