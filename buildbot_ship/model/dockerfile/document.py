"""Parse a Dockerfile, and decide whether buildbot-ship or the engine builds it.

Format: https://docs.docker.com/reference/dockerfile/.  This parser rejects lines that docker
interprets by guessing.  It reports every fault of the file at once.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping

import attrs

from ...errors import InvalidFile, Problem
from ..reference import Reference
from .buildkit import check, find_syntax, needs, places, references_read
from .copy import Copy
from .instruction import KINDS, Arg, Env, From, Instruction
from .lines import Line, read_lines
from .secret_mounts import SecretMount, secret_mounts
from .variables import MAX_TOTAL, Scope
from .words import Fault

ENGINE_ONLY = ("RUN", "ADD", "SHELL", "ONBUILD", "MAINTAINER")
"""Instructions that only the engine can build; so are several stages, COPY --from and <<."""


@attrs.frozen
class EngineOnly:
    """An instruction that only the engine can build; *rest* is the text after its name."""

    line: int
    word: str
    rest: str


@attrs.frozen
class Dockerfile:
    """The base image of the last stage, and the instructions in order.

    If there are *engine_only* instructions, the engine builds the file; *buildkit* are those
    for which it needs BuildKit.  *others* are the bases of the other stages, and *images* are
    those that COPY and RUN read.  *places* has the place of each step, by a builder's name.
    *secrets* are those that RUN mounts.
    """

    file: str
    base: Reference
    base_line: int
    instructions: tuple[Instruction, ...]
    engine_only: tuple[EngineOnly, ...] = ()
    others: tuple[Reference, ...] = ()
    buildkit: tuple[str, ...] = ()
    images: tuple[Reference, ...] = ()
    places: Mapping[str, str] = attrs.field(factory=dict, eq=False, repr=False)
    secrets: tuple[SecretMount, ...] = ()

    @property
    def copied(self) -> set[str]:
        """Return the sources of COPY, and every word that the engine may read."""
        engine_only = " ".join(item.rest for item in self.engine_only)
        found = set(re.split(r"[\s,=]+", engine_only)) | set(engine_only.split())
        for item in self.instructions:
            found |= set(item.sources) if isinstance(item, Copy) else set()
        return found


def read(
    data: bytes | str, file: str, environment: Iterable[tuple[str, str]] | None = None
) -> Dockerfile:
    """Parse a Dockerfile.  Raises InvalidFile with every problem of *file*.

    The base image may set variables.  Without its *environment* these variables are empty, and
    faults of instructions that use one are not reported.
    """
    lines, escape = read_lines(data, file)
    base = None if environment is None else dict(environment)
    reading = _Parser(file, escape, base)
    for line in lines:
        reading.take(line)
    reading.problems += _without_from(lines, file)
    if reading.engine_only and (syntax := find_syntax(data)):
        text = (
            f"syntax={syntax[1]} is not supported: the engine reads the file, remove the line"
        )
        reading.problems.append(Problem(file, syntax[0], text))
    found = reading.finish()
    images, secrets = references_read(lines), tuple(reading.secrets)
    return attrs.evolve(found, images=images, places=places(lines, file), secrets=secrets)


def base_of(data: bytes | str, file: str) -> Reference:
    """Return the base image of a Dockerfile with one stage.  Raises InvalidFile."""
    return read_base(data, file).base


def read_base(data: bytes | str, file: str) -> Dockerfile:
    """Parse only ARG and FROM, as for ``build.docker``.  Raises InvalidFile.

    The other instructions of the build base do not matter here.
    """
    lines, escape = read_lines(data, file)
    froms = [line for line in lines if line.word == "FROM"]
    problems = _without_from(lines, file)
    reading = _Parser(file, escape)
    for line in lines:
        if line.word == "ARG" and not reading.froms:
            reading.take(line)
        elif line.word == "FROM" and reading.froms:
            text = (
                f"there is already a FROM on line {froms[0].number}: use one stage; instead "
                "of an earlier stage, build pexes and wheels with BuildPex and BuildWheels"
            )
            problems.append(Problem(file, line.number, text))
        elif line.word == "FROM":
            reading.take(line)
    reading.problems += problems
    return reading.finish()


@attrs.define
class _Parser:
    """Parse instructions one by one, and collect their values and problems."""

    file: str
    escape: str
    base: dict[str, str] | None = None
    environment: dict[str, str] = attrs.field(factory=dict)
    arguments: dict[str, str] = attrs.field(factory=dict)
    before: dict[str, str] = attrs.field(factory=dict)
    froms: list[From] = attrs.field(factory=list)
    found: list[Instruction] = attrs.field(factory=list)
    engine_only: list[EngineOnly] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    buildkit: list[str] = attrs.field(factory=list)
    secrets: list[SecretMount] = attrs.field(factory=list)
    first: int = 0
    room: int = MAX_TOTAL

    def take(self, line: Line) -> None:
        """Parse one instruction, and update the variables for the next ones."""
        scope = self._scope(line)
        try:
            item = self._read(line, scope)
        except Fault as fault:
            if not scope.guessed:
                self.problems.append(Problem(self.file, line.number, str(fault)))
            return
        finally:
            self.room = scope.room
            self.first = self.first or (line.number if line.word != "ARG" else 0)
        if feature := needs(line):
            self.buildkit.append(f"{self.file}:{line.number}: {feature}")
        if item is None or (isinstance(item, Copy) and item.stage):
            self.engine_only.append(EngineOnly(line.number, line.word, line.rest))
        elif isinstance(item, From):
            self._begin(item)
        else:
            self._remember(item)

    def finish(self) -> Dockerfile:
        """Return the parsed file.  Raises InvalidFile with every problem."""
        last, references = self._bases()
        if self.problems or last is None:
            self.problems.sort(key=lambda problem: problem.line)
            raise InvalidFile(tuple(self.problems))
        base = references.pop(last.line)
        found, engine_only = tuple(self.found), tuple(self.engine_only)
        others = tuple(dict.fromkeys(references.values()))
        buildkit = tuple(self.buildkit) if engine_only else ()
        return Dockerfile(self.file, base, last.line, found, engine_only, others, buildkit)

    def _scope(self, line: Line) -> Scope:
        if line.word == "FROM" or not self.froms:
            return Scope(self.escape, self.before, room=self.room)
        known = ChainMap(self.environment, self.arguments)
        complete = self.base is not None and not self.engine_only
        return Scope(self.escape, known, complete, room=self.room)

    def _read(self, line: Line, scope: Scope) -> Instruction | None:
        if line.word == "FROM" and self.first and not self.froms:
            raise Fault(f"FROM comes first: move it before line {self.first}")
        kind = KINDS.get(line.word)
        if kind is None and line.word not in ENGINE_ONLY:
            known = ", ".join([*KINDS, *ENGINE_ONLY])
            raise Fault(f"{line.word} is not one of {known}: correct it, or remove it")
        try:
            check(line)
            self.secrets += secret_mounts(line)
            if kind is None or line.documents:
                return None
            return kind.read(line.number, line.rest, scope)
        except Fault as fault:
            raise Fault(f"{line.word}: {fault}") from None

    def _begin(self, item: From) -> None:
        if self.froms:
            self.engine_only.append(EngineOnly(item.line, "FROM", ""))
        self.froms.append(item)
        self.arguments, self.environment = {}, dict(self.base or {})

    def _remember(self, item: Instruction) -> None:
        if isinstance(item, Env):
            self.environment.update(item.values)
        if not isinstance(item, Arg):
            self.found.append(item)
            return
        into = self.arguments if self.froms else self.before
        for name, default in item.values:
            value = self.before.get(name) if default is None else default
            into.pop(name, None)
            if value is not None:
                into[name] = value

    def _bases(self) -> tuple[From | None, dict[int, Reference]]:
        """Return the FROM line of the last stage's base, and the base of each FROM line."""
        stages: dict[str, From] = {}
        references: dict[int, Reference] = {}
        root = None
        for item in self.froms:
            root = stages.get(item.name.lower())
            if root is None:
                root = item
                try:
                    if item.name != "scratch" or item is self.froms[-1]:
                        references[item.line] = item.reference
                except Fault as fault:
                    self.problems.append(Problem(self.file, item.line, f"FROM: {fault}"))
            if item.stage:
                stages[item.stage] = root
        if root and root.name == "scratch" and root is not self.froms[-1]:
            text = (
                "FROM: the last stage has no base: begin it with a base that RetagBase pushed"
            )
            self.problems.append(Problem(self.file, root.line, text))
        return root, references


def _without_from(lines: list[Line], file: str) -> list[Problem]:
    if not lines:
        return [Problem(file, 1, "the file is empty: write FROM base:tag, COPY and ENTRYPOINT")]
    if not any(line.word == "FROM" for line in lines):
        text = "there is no FROM: begin with FROM base:tag, a tag that RetagBase pushed"
        return [Problem(file, lines[0].number, text)]
    return []
