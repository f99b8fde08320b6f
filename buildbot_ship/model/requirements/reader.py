"""Read the strict file and other pinned requirements, and reject every other line.

Format: https://pip.pypa.io/en/stable/reference/requirements-file-format/.  pip accepts lines
that defeat hash checking (indexes, URLs, ``${VAR}``, weak hashes).  So this module checks the
files before any tool reads them, and reports every fault with its file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ...errors import InvalidFile, Problem
from ..requirement import MAX_LINE, Malformed, parse_requirement

_HASH = re.compile(r"--hash[= ](\S+)")
_ALGORITHM = re.compile(r"(?:md|sha|blake)[0-9a-z_-]{1,8}")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]{0,199}(\[[\w.,-]*\])?==[\w.!+-]{1,200}", re.A)
_COMMENT = re.compile(r"(^|\s)#.*$")
_ARCHIVE = re.compile(r".*\.(whl|zip|tgz|tbz|txz|tlz|tar(\.(gz|bz2|xz|lz|lzma))?)", re.I)
_OPTIONS = {
    "--no-binary": "no_binary of HardenRequirements",
    "--only-binary": "only_binary of HardenRequirements",
    "-i": "index_url",
    "--index-url": "index_url",
    "--extra-index-url": "extra_index_urls",
}
"""Lines of a requirement file that are options of a step here."""
_OPTION = re.compile(r"--?[a-z]+(-[a-z]+)*")
NOTE = "written by `buildbot-ship harden`: review it, check it in, do not edit it"
"""The comment in the first line of each file that HardenRequirements writes."""
HARDEN = (
    "run buildbot-ship harden (in Buildbot, HardenRequirements), review its changes, and commit"
)


@attrs.frozen
class Pin:
    """One entry of a strict file: *hashes* are sha256 digits, *line* is its first line."""

    name: str
    version: str
    hashes: tuple[str, ...]
    line: int
    extras: tuple[str, ...] = ()
    marker: str | None = None

    @property
    def key(self) -> str:
        """Return the canonical package name."""
        return canonicalize_name(self.name)

    @property
    def text(self) -> str:
        """Return the lines of the entry in a strict file."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in self.hashes)
        return f"{self.name}{extras}=={self.version}{marker}{hashes}\n"


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text, without comments and blank lines, continuations joined."""
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        start = start or number
        comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not comment:
            parts.append(raw[:-1])
            continue
        if not (comment and parts):
            parts.append(raw)
        line = _COMMENT.sub("", " ".join(parts)).strip()
        if line:
            yield start, line
        start, parts = 0, []
    if parts and " ".join(parts).strip():
        yield start, " ".join(parts).strip()


def read_requirement(line: str, accepted: str = "requirements") -> Requirement | str:
    """Return the requirement on *line*, or its fault; *accepted* names the lines allowed."""
    if len(line) > MAX_LINE:
        return f"the line has more than {MAX_LINE} characters without hashes: shorten it"
    if line.startswith("-"):
        option = _OPTION.match(line)
        word = option[0] if option else "such"
        instead = f"; use the option {_OPTIONS[word]}" if word in _OPTIONS else ""
        return f"{word} lines are not allowed: write only {accepted}{instead}"
    if "${" in line or "\0" in line:
        return "variables are not allowed: write the value itself"
    if " --" in line:
        return (
            "options of a requirement are not allowed: write only name, extras, version, marker"
        )
    try:
        return _of_an_index(parse_requirement(line))
    except ValueError:
        return "this is not a requirement: write it as in klein>=24.8"


def _of_an_index(requirement: Requirement) -> Requirement | str:
    """Return *requirement*, or its fault if pip would not look it up in an index."""
    if requirement.url:
        return f"{requirement.name} is given by URL: name a version in a package index"
    if _ARCHIVE.fullmatch(requirement.name):
        return "files are not allowed: name a version in a package index"
    return requirement


def _pin(number: int, line: str) -> Pin | str:
    hashes = _HASH.findall(line)
    requirement = read_requirement(_HASH.sub("", line).strip())
    if isinstance(requirement, str):
        return requirement
    name, version = requirement.name, _exact_version(requirement)
    if version is None:
        return f"{name} has no exact version (name==version)"
    if not hashes:
        return f"{name}=={version} has no hash"
    weak = [text for text in hashes if not _SHA256.fullmatch(text)]
    if weak:
        return f"{name}=={version} has {_bad_hash(weak[0])}"
    marker = str(requirement.marker) if requirement.marker else None
    digests = tuple(text.removeprefix("sha256:") for text in hashes)
    return Pin(name, version, digests, number, tuple(sorted(requirement.extras)), marker)


def make_pin(
    name: str, version: str, hashes: Sequence[str], line: int, extras: Iterable[str] = ()
) -> Pin:
    """Return a pin of a lock file, by the rules of the strict file.  Raises Malformed.

    *hashes* are written ``sha256:<64 hexadecimal digits>``, one for each file.
    """
    words = f"[{','.join(extras)}]" if extras else ""
    text = f"{name}{words}=={version}"
    if not _NAMED.fullmatch(text):
        raise Malformed("its name or its version is invalid")
    if not hashes or not all(map(_SHA256.fullmatch, hashes)):
        raise Malformed("one of its files has no sha256" if hashes else "it has no files")
    pin = _pin(line, f"{text} " + " ".join(f"--hash={text}" for text in dict.fromkeys(hashes)))
    if isinstance(pin, str):
        raise Malformed("its name or its version is invalid")
    return pin


def _exact_version(requirement: Requirement) -> str | None:
    """Return the one version that *requirement* admits: ``==`` or ``===`` without ``*``."""
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator not in ("==", "==="):
        return None
    try:
        Version(specifiers[0].version)
    except InvalidVersion:
        return None
    return specifiers[0].version


def _bad_hash(text: str) -> str:
    """Return the fault of a hash, without quoting its digits."""
    kind, _, digits = text.partition(":")
    if kind != "sha256":
        known = f": {kind}" if _ALGORITHM.fullmatch(kind) else ""
        return f"a hash that is not sha256{known}"
    if re.fullmatch("[0-9a-f]*", digits):
        return f"a sha256 hash of {len(digits)} digits instead of 64"
    return "a sha256 hash with characters other than 0-9 and a-f"


def read_pins(lines: Iterator[tuple[int, str]], file: str) -> tuple[list[Pin], list[Problem]]:
    """Return all pins on *lines*, and all problems."""
    pins: dict[str, Pin] = {}
    problems = []
    for number, line in lines:
        pin = _pin(number, line)
        if isinstance(pin, str):
            problems.append(Problem(file, number, pin))
        elif pin.key in pins:
            again = f"{pin.name} is already pinned on line {pins[pin.key].line}"
            problems.append(Problem(file, number, again))
        else:
            pins[pin.key] = pin
    return list(pins.values()), problems


def parse_strict(text: str, file: str) -> tuple[Pin, ...]:
    """Parse a strict file.  Raises InvalidFile with every problem.

    Only a file that HardenRequirements wrote may have no pin.
    """
    pins, problems = read_pins(logical_lines(text), file)
    if not pins and not problems and not text.startswith(f"# {NOTE}\n"):
        problems.append(Problem(file, 1, "the file has no requirement"))
    if problems:
        raise InvalidFile(tuple(problems), HARDEN)
    return tuple(pins)
