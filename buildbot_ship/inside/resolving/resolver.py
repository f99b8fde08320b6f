"""Resolve requirements to pins with hashes: with uv, or with pip-compile.

Both write the same file (docs/decisions/0022-uv-resolves.md).  uv takes a tenth of the time.
pip-compile resolves what uv cannot, and its errors are those that users see.
"""

from __future__ import annotations

import re
import shlex
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cooldown import Cooldown
from job import Failed, call, say
from strict_text import as_pip_compile
from uv_lock import upgrade_options, uv_environment

UV_PROGRAM = Path(sys.executable).with_name("uv")
HASH = re.compile(r" \\\n    --hash=\S+")
PIP_COMPILE = (
    *("--quiet", "--no-header", "--allow-unsafe", "--generate-hashes", "--no-strip-extras"),
    *("--resolver=backtracking", "--annotation-style=split", "--no-emit-index-url"),
    *("--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
)
UV = (
    *("--quiet", "--no-header", "--generate-hashes", "--no-strip-extras"),
    *("--annotation-style", "split"),
)


@dataclass(frozen=True)
class Question:
    """What to resolve: requirement *files*, as seen from *folder*, to the file *target*.

    *keep* is the strict file to start from.  Its versions stay, except those of the packages in
    *upgrade*; with *rehash* its hashes do not.  *formats* are the options of
    `distribution_formats`, *markers* those of direct requirements by name.
    """

    files: Sequence[str | Path]
    folder: Path
    target: Path
    keep: str | None = None
    upgrade: Sequence[str] = ()
    rehash: bool = False
    formats: Sequence[str] = ()
    markers: Mapping[str, str] | None = None
    annotate: bool = True

    @property
    def output_and_files(self) -> list[str | Path]:
        """Return the last arguments of both programs."""
        return ["-o", self.target, *self.files]

    def start(self) -> None:
        """Write the strict file to start from, if there is one."""
        if self.keep is not None:
            text = HASH.sub("", self.keep) if self.rehash else self.keep
            self.target.write_text(text, encoding="utf-8")
        else:
            self.target.unlink(missing_ok=True)


class Resolver(Protocol):
    """Writes the pins of requirements, with hashes, and `# via` lines."""

    def resolve(self, question: Question, why: str, hint: str, mark: str = "  ") -> str:
        """Return the strict file.  Raises Failed with *why* and *hint*.

        Each line of output goes to the log after *mark*.
        """

    def attempt(self, question: Question) -> str | None:
        """Return the strict file if it takes little time and no line in the log, else None."""


@dataclass(frozen=True)
class PipCompile:
    """pip-compile, with pip's settings in the *environment* and in the build base."""

    environment: Mapping[str, str]

    def resolve(self, question: Question, why: str, hint: str, mark: str = "  ") -> str:
        """Return the strict file; see `Resolver`."""
        question.start()
        program = Path(__file__).with_name("listed_hashes.py")
        words = [word for name in question.upgrade for word in ("-P", name)]
        words += [] if question.annotate else ["--no-annotate"]
        if question.formats:
            words += ["--pip-args", shlex.join(question.formats)]
        call(
            [sys.executable, program, *PIP_COMPILE, *words, *question.output_and_files],
            why,
            hint=hint,
            environment=self.environment,
            folder=question.folder,
            mark=mark,
        )
        return question.target.read_text(encoding="utf-8")

    def attempt(self, question: Question) -> str | None:
        """Return None: pip-compile takes long."""
        return None


@dataclass(frozen=True)
class Uv:
    """uv; *otherwise* is asked if uv finds no solution."""

    environment: Mapping[str, str]
    cooldown: Cooldown
    otherwise: Resolver

    def resolve(self, question: Question, why: str, hint: str, mark: str = "  ") -> str:
        """Return the strict file; see `Resolver`."""
        try:
            return self._compile(question, why, mark)
        except (Failed, ValueError):
            say(f"{mark}uv cannot resolve them: asking pip-compile")
            return self.otherwise.resolve(question, why, hint, mark)

    def attempt(self, question: Question) -> str | None:
        """Return the strict file, or None; see `Resolver`."""
        try:
            return self._compile(question, "", None)
        except (Failed, ValueError):
            return None

    def _compile(self, question: Question, why: str, mark: str | None) -> str:
        """Return the strict file.  Raises Failed, and ValueError for a URL."""
        question.start()
        words = [
            *upgrade_options(question.upgrade, self.cooldown),
            *_one_by_one(question.formats),
        ]
        words += [] if question.annotate else ["--no-annotate"]
        call(
            [UV_PROGRAM, "pip", "compile", *UV, *words, *question.output_and_files],
            why,
            environment=self.environment,
            folder=question.folder,
            mark=mark,
        )
        text = question.target.read_text(encoding="utf-8")
        return as_pip_compile(text, question.markers or {})


def _one_by_one(formats: Sequence[str]) -> Iterator[str]:
    """Yield pip's options with one package each, as uv wants them."""
    for option, names in zip(formats[::2], formats[1::2], strict=True):
        for name in names.split(","):
            yield from (option, name)


def uv_settings(
    index: Mapping[str, Any], default: str, cooldown: Cooldown, scratch: Path
) -> dict[str, str]:
    """Return the environment of uv: pip's rules for several indexes and for certificates.

    *index* is the ``index`` of the job, *default* pip's default index.
    """
    found = {
        "UV_DEFAULT_INDEX": default,
        **uv_environment(index, scratch),
        "UV_CONFIG_FILE": str(_config(scratch, "")),
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    if ssl.get_default_verify_paths().cafile:
        found["UV_SYSTEM_CERTS"] = "1"
    if cooldown.days:
        found["UV_EXCLUDE_NEWER"] = f"{cooldown.until:%Y-%m-%dT%H:%M:%SZ}"
    return found


def only_wheels(settings: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return the environment in which pip, and uv with these *settings*, install no sdist."""
    chosen = {name: value for name, value in settings.items() if name.startswith("UV_")}
    chosen["UV_CONFIG_FILE"] = str(_config(scratch, '[pip]\nonly-binary = [":all:"]\n'))
    return {**chosen, "PIP_ONLY_BINARY": ":all:"}


def _config(scratch: Path, text: str) -> Path:
    path = scratch / f"uv-{len(text)}.toml"
    path.write_text(text, encoding="utf-8")
    return path
