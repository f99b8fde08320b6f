"""The header of the strict file and the build lock: the inputs they were resolved from.

Comment lines at the top, one fact each::

    # written by `buildbot-ship harden`: review it, check it in, do not edit it
    # loose: requirements.loose.txt sha256:<64 hexadecimal digits>
    # loose: setup.py sha256:<64 hexadecimal digits>
    # python: 3.11.2 cpython-311-x86_64-linux-gnu linux-x86_64
    # base: registry.example.com/team/python311:2026-11-23T04-50-49-169150
    # tools: pip 26.3, pip-tools 7.6.2
    # no-binary: remotemath
    # only-binary: :all:
    # sdist: remotemath==17.3.0

There is a ``loose`` line for each input file, and an ``sdist`` line for each package that is
pinned by its sdist.  ``no-binary`` and ``only-binary`` lines appear if these options are set.
The base is for information: the files stay fresh on a new base with the same Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from .distribution_formats import Formats, read_words, write_words
from .reader import NOTE

_FACT = re.compile(r"# (loose|python|base|tools|no-binary|only-binary|sdist): (.+)")
_INPUT = re.compile(r"(.+) sha256:([0-9a-f]{64})")


@attrs.frozen
class Interpreter:
    """A Python: ``3.11.2``, ABI ``cpython-311-x86_64-linux-gnu``, platform ``linux-x86_64``."""

    version: str
    abi: str
    platform: str

    @classmethod
    def of(cls, facts: Mapping[str, str]) -> Interpreter:
        """Return the interpreter that ``inside/jobs/tools.py`` found in a base."""
        return cls(facts["version"], facts["abi"], facts["platform"])

    @property
    def minor(self) -> str:
        """Return the minor version: ``3.11``."""
        return ".".join(self.version.split(".")[:2])

    def accepts(self, other: Interpreter) -> bool:
        """Return whether pins resolved for *other* are valid for this interpreter."""
        mine = (self.minor, self.abi, self.platform)
        return mine == (other.minor, other.abi, other.platform)

    def __str__(self) -> str:
        """Return the value of the ``python`` line."""
        return f"{self.version} {self.abi} {self.platform}"


@attrs.frozen
class Header:
    """The facts of a header: *inputs* maps paths to sha256 digests (hexadecimal).

    *lines* maps each input path to its line number.
    """

    inputs: dict[str, str] = attrs.field(factory=dict)
    interpreter: Interpreter | None = None
    base: str = ""
    tools: str = ""
    sdists: tuple[str, ...] = ()
    formats: Formats = attrs.field(factory=Formats)
    lines: dict[str, int] = attrs.field(factory=dict, eq=False, repr=False)

    @property
    def text(self) -> str:
        """Return the lines of the header."""
        facts = [f"loose: {path} sha256:{digest}" for path, digest in self.inputs.items()]
        facts += [f"python: {self.interpreter}", f"base: {self.base}", f"tools: {self.tools}"]
        for option, words in self.formats.options().items():
            facts += [f"{option.replace('_', '-')}: {write_words(words)}"] if words else []
        facts += [f"sdist: {pin}" for pin in self.sdists]
        return "".join(f"# {line}\n" for line in (NOTE, *facts))

    def is_equivalent_to(self, other: Header) -> bool:
        """Return whether inputs, sdists, formats and interpreter match those of *other*."""
        mine, theirs = self.interpreter, other.interpreter
        fits = mine is not None and theirs is not None and mine.accepts(theirs)
        made_of = (self.inputs, self.sdists, self.formats)
        return fits and made_of == (other.inputs, other.sdists, other.formats)


def split(text: str) -> tuple[Header, str]:
    """Split a file into its header (empty if there is none) and the rest of its text."""
    inputs: dict[str, str] = {}
    lines: dict[str, int] = {}
    names = ("python", "base", "tools", "no-binary", "only-binary", "sdist")
    found: dict[str, list[str]] = {name: [] for name in names}
    rest = text.splitlines(keepends=True)
    for number, line in enumerate(rest, 1):
        fact = _FACT.fullmatch(line.rstrip())
        source = _INPUT.fullmatch(fact[2]) if fact and fact[1] == "loose" else None
        if source is not None:
            inputs[source[1]] = source[2]
            lines[source[1]] = number
        elif fact is not None and fact[1] in found:
            found[fact[1]].append(fact[2])
        elif line.rstrip() != f"# {NOTE}":
            rest = rest[number - 1 :]
            break
    else:
        rest = []
    words = found["python"][0].split() if found["python"] else []
    interpreter = Interpreter(*words) if len(words) == 3 else None
    base, tools, *words = ("".join(found[name][:1]) for name in names[1:5])
    formats = Formats(*map(read_words, words))
    header = Header(inputs, interpreter, base, tools, tuple(found["sdist"]), formats, lines)
    return header, "".join(rest)


def are_equivalent(old: str, new: str) -> bool:
    """Return true if two texts differ at most in the base and the tools in their headers."""
    (old_header, old_body), (new_header, new_body) = split(old), split(new)
    return old_body == new_body and old_header.is_equivalent_to(new_header)
