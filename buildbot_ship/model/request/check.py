"""Validators of request fields: values come from people, and go into commands.

Each raises InvalidRequest (or InvalidReference) that names the field and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from ...errors import InvalidRequest
from ..reference import Reference, Repository

_DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_IMAGE_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@{}^~+-]{0,254}")
_MODULE = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?", re.A
)
_TOPIC = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_-]*/)+")
_AUTHOR = re.compile(r"[^<>\x00-\x1f]+ <[^<>\s]+>")
_BUILD = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_PUBLICATION = re.compile(r"published-[0-9a-f]{64}")


def _match(pattern: re.Pattern[str], value: object, what: str, expected: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidRequest(what, f"{value!r} is not {expected}")


def path(_: object, attribute: Any, value: str) -> None:
    """Accept a relative path that stays in the repository."""
    parts = value.split("/") if isinstance(value, str) else []
    bad = not parts or value.startswith(("/", "-")) or ".." in parts or "" in parts
    if bad or "\\" in value or not value.isprintable():
        raise InvalidRequest(attribute.name, f"{value!r} is not a path inside the repository")


def paths(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept relative paths; ``.`` is the repository's top."""
    for item in value:
        path(_, attribute, item)


def file_name(_: object, attribute: Any, value: str) -> None:
    """Accept one plain file name."""
    _match(_FILE_NAME, value, attribute.name, "a plain file name")


def image_name(_: object, attribute: Any, value: str) -> None:
    """Accept the short name of an image, the last part of a repository."""
    _match(_IMAGE_NAME, value, attribute.name, "an image name (lower-case, digits, . _ -)")


def build_name(_: object, attribute: Any, value: str) -> None:
    """Accept what names a build."""
    _match(_BUILD, value, attribute.name, "a build's name (letters, digits, _ . -)")


def optional_publication(_: object, attribute: Any, value: str | None) -> None:
    """Accept the key of a publication, or None."""
    if value is not None:
        _match(_PUBLICATION, value, attribute.name, "the key of a publication")


def revision(_: object, attribute: Any, value: str) -> None:
    """Accept a revision as git knows them, without options and ranges."""
    _match(_REVISION, value, attribute.name, "a git revision")
    if ".." in value:
        raise InvalidRequest(attribute.name, f"{value!r} is a range, not one revision")


def topic(_: object, attribute: Any, value: str) -> None:
    """Accept what a proposal is about, as a part of a branch's name."""
    _match(_TOPIC, value, attribute.name, "a topic (lower-case letters, digits, -)")


def branch_prefix(_: object, attribute: Any, value: str) -> None:
    """Accept how the branches of proposals begin: ``ship/``."""
    _match(
        _PREFIX, value, attribute.name, "the beginning of a branch's name, with / at its end"
    )


def message(_: object, attribute: Any, value: str) -> None:
    """Accept the first line of a commit's message."""
    if not value.strip() or not value.isprintable() or len(value) > 200:
        raise InvalidRequest(attribute.name, "one line of at most 200 characters is needed")


def author(_: object, attribute: Any, value: str) -> None:
    """Accept ``Name <mail>``."""
    _match(_AUTHOR, value, attribute.name, "of the form Name <mail@example.com>")


def remote(_: object, attribute: Any, value: str) -> None:
    """Accept the name or the URL of a git server; a password may not be in it."""
    if (
        value.startswith("-")
        or not value.isprintable()
        or " " in value
        or re.match(r"\w*::", value)
    ):
        raise InvalidRequest(attribute.name, "this is no name or URL of a git server")
    if "://" in value and urlsplit(value).password is not None:
        raise InvalidRequest(attribute.name, "a password is in it: use the option credentials")


def push_options(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept texts of one line each."""
    if not all(item and item.isprintable() for item in value):
        raise InvalidRequest(attribute.name, "each is one line of text")


def reference_with_tag(_: object, attribute: Any, value: str) -> None:
    """Accept a reference that names one image: with a tag or a digest."""
    reference = Reference.parse(value)
    if reference.tag is None and reference.digest is None:
        raise InvalidRequest(attribute.name, f"{value!r} has no tag; latest is never meant")


def repository(_: object, attribute: Any, value: str) -> None:
    """Accept a repository: neither tag nor digest."""
    del attribute
    Repository.parse(value)


def optional_module(_: object, attribute: Any, value: str | None) -> None:
    """Accept nothing, ``package.module``, or ``package.module:function``."""
    if value is not None:
        _match(_MODULE, value, attribute.name, "a module, or module:function")


def optional_script(_: object, attribute: Any, value: str | None) -> None:
    """Accept nothing, or the name of a console script."""
    if value is not None:
        _match(_FILE_NAME, value, attribute.name, "the name of a console script")


def requirement_names(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept names of distributions, with extras; their versions are the strict file's."""
    not_empty(_, attribute, value)
    if others := [item for item in value if not _DISTRIBUTION.fullmatch(item)]:
        _check_requirements(attribute.name, others)


def _check_requirements(option: str, items: Sequence[str]) -> None:
    # Late: most requests have names alone, and it is a tenth of their process's start.
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    for item in items:
        try:
            parsed = Requirement(item)
        except InvalidRequirement as error:
            raise InvalidRequest(option, f"{item!r}: {error}") from None
        if parsed.specifier or parsed.url or parsed.marker:
            raise InvalidRequest(
                option, f"{item!r}: a name only; versions stand in the strict file"
            )


def upgrade(_: object, attribute: Any, value: str) -> None:
    """Accept ``all``, ``nothing``, or names of distributions, separated by commas."""
    names = [name.strip() for name in value.split(",")]
    if not all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", name) for name in names):
        why = f"{value!r} is not all, nothing, or names separated by commas"
        raise InvalidRequest(attribute.name, why)


def formats(_: object, attribute: Any, value: str) -> None:
    """Accept ``:all:``, ``:none:``, or names of distributions, separated by commas."""
    words = [word.strip() for word in value.split(",")]
    if not all(w in (":all:", ":none:") or _DISTRIBUTION.fullmatch(w) for w in words):
        why = f"{value!r} is not :all:, :none:, or names separated by commas"
        raise InvalidRequest(attribute.name, why)


def not_empty(_: object, attribute: Any, value: tuple[object, ...]) -> None:
    """Accept a tuple that holds something."""
    if not value:
        raise InvalidRequest(attribute.name, "at least one is needed")


def at_least(least: float) -> Any:
    """Return a validator that accepts numbers from *least* on."""

    def validate(_: object, attribute: Any, value: float) -> None:
        if not value >= least:
            raise InvalidRequest(attribute.name, f"{value} is less than {least}")

    return validate


def apart(_: object, attribute: Any, value: tuple[Any, ...]) -> None:
    """Accept copies whose destinations differ: one timestamp serves them all."""
    not_empty(_, attribute, value)
    taken: dict[Repository, str] = {}
    for copy in value:
        destination = Repository.parse(copy.destination)
        if destination in taken:
            both = f"{taken[destination]} and {copy.source}"
            raise InvalidRequest(attribute.name, f"{both} would both be {destination}")
        taken[destination] = copy.source


def one_of(*choices: str) -> Any:
    """Return a validator that accepts one of *choices*."""

    def validate(_: object, attribute: Any, value: str) -> None:
        if value not in choices:
            raise InvalidRequest(
                attribute.name, f"{value!r} is not one of {', '.join(choices)}"
            )

    return validate


def at_most_one(**options: object) -> None:
    """Accept at most one of the named *options*."""
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise InvalidRequest(" and ".join(given), "give one of them, not both")


def optional_repository(_: object, attribute: Any, value: str | None) -> None:
    """Accept a repository, or None."""
    if value is not None:
        repository(_, attribute, value)
