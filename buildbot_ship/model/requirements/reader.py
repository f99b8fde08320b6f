"""Requirement files, read strictly: what is not plainly a requirement is refused.

The format: https://pip.pypa.io/en/stable/reference/requirements-file-format/.  pip lets
through much that defeats hashes (indexes, URLs, ``${VAR}``, weak hashes), so files are
read here, with a file and line for every refusal, before any tool sees them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ...errors import InvalidFile, Problem

_HASH = re.compile(r"--hash[= ](\S+)")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_COMMENT = re.compile(r"(^|\s)#.*$")
_ARCHIVE = re.compile(r".*\.(whl|zip|tgz|tbz|txz|tlz|tar(\.(gz|bz2|xz|lz|lzma))?)", re.I)
_OPTIONS = {
    "--no-binary": "no_binary of HardenRequirements",
    "--only-binary": "only_binary of HardenRequirements",
    "-i": "index_url",
    "--index-url": "index_url",
    "--extra-index-url": "extra_index_urls",
}
"""Lines whose place is an option of a step."""
_OPTION = re.compile(r"--?[a-z]+(-[a-z]+)*")
NOTE = "written by `buildbot-ship harden`: review it, check it in, do not edit it"
"""The first line of a file that hardening writes, as a comment."""
MAX_LINE = 4096
"""Characters of a requirement; real ones have a few hundred."""
HARDEN = "run HardenRequirements, review what it writes, and commit"


@attrs.frozen
class Pin:
    """One entry of a strict file: *hashes* are sha256 in hexadecimal, *line* its first line."""

    name: str
    version: str
    hashes: tuple[str, ...]
    line: int
    extras: tuple[str, ...] = ()
    marker: str | None = None

    @property
    def key(self) -> str:
        """Return the name by which packages are compared."""
        return canonicalize_name(self.name)

    @property
    def text(self) -> str:
        """Return its lines, as a strict file has them."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in self.hashes)
        return f"{self.name}{extras}=={self.version}{marker}{hashes}\n"


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their number, continued ones joined."""
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
    """Return the requirement on *line*, or what is wrong with it: only *accepted* may be."""
    if len(line) > MAX_LINE:
        return f"this is longer than {MAX_LINE} characters, hashes aside: shorten it"
    if line.startswith("-"):
        option = _OPTION.match(line)
        word = option[0] if option else "such"
        instead = f"; use the option {_OPTIONS[word]}" if word in _OPTIONS else ""
        return f"{word} lines are refused: only {accepted} stand here{instead}"
    if "${" in line or "\0" in line:
        return "variables are refused: what is installed must stand in the file"
    if " --" in line:
        return "options of a requirement are refused: only its name, version, extras, marker"
    try:
        return _of_an_index(Requirement(line))
    except (InvalidRequirement, RecursionError):
        return "this is not a requirement: name, version, extras or marker"


def _of_an_index(requirement: Requirement) -> Requirement | str:
    """Return *requirement*, or why pip would not take it from an index."""
    if requirement.url:
        return f"{requirement.name} is given by URL; name a version in an index"
    if _ARCHIVE.fullmatch(requirement.name):
        return "a file is refused; name a version in an index"
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
        return f"{name}=={version} has {_weakness(weak[0])}"
    marker = str(requirement.marker) if requirement.marker else None
    digests = tuple(text.removeprefix("sha256:") for text in hashes)
    return Pin(name, version, digests, number, tuple(sorted(requirement.extras)), marker)


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


def _weakness(text: str) -> str:
    """Return what is wrong with a hash; what it holds is not repeated."""
    kind, _, digits = text.partition(":")
    if kind != "sha256":
        return f"a hash that is not sha256: {kind}"
    if re.fullmatch("[0-9a-f]*", digits):
        return f"a sha256 of {len(digits)} digits: it has 64 hexadecimal ones"
    return "a sha256 with other signs than 0-9 and a-f: it has 64 hexadecimal digits"


def read_pins(lines: Iterator[tuple[int, str]], file: str) -> tuple[list[Pin], list[Problem]]:
    """Return the pins on *lines*, and every problem."""
    pins: dict[str, Pin] = {}
    problems = []
    for number, line in lines:
        pin = _pin(number, line)
        if isinstance(pin, str):
            problems.append(Problem(file, number, pin))
        elif pin.key in pins:
            again = f"{pin.name} stands here and on line {pins[pin.key].line}"
            problems.append(Problem(file, number, again))
        else:
            pins[pin.key] = pin
    return list(pins.values()), problems


def parse_strict(text: str, file: str) -> tuple[Pin, ...]:
    """Return the pins of a strict file.  Raises InvalidFile with every problem.

    Only a file that hardening wrote may pin nothing.
    """
    pins, problems = read_pins(logical_lines(text), file)
    if not pins and not problems and not text.startswith(f"# {NOTE}\n"):
        problems.append(Problem(file, 1, "the file holds no requirement"))
    if problems:
        raise InvalidFile(tuple(problems), HARDEN)
    return tuple(pins)
