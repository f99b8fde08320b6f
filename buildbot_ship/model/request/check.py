"""Validate the fields of requests, because users write them and commands use them.

Each validator raises InvalidRequest (or InvalidReference) with the field and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from ...errors import InvalidRequest
from ..reference import Reference, Repository

_LONGEST = 255
"""Maximum length of a name in characters, as for a file name of Linux."""
_LONGEST_PATH = 4096
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
_UPGRADED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SECRET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PUBLICATION = re.compile(r"published-[0-9a-f]{64}")


def _match(pattern: re.Pattern[str], value: object, what: str, expected: str) -> None:
    if isinstance(value, str) and len(value) > _LONGEST:
        raise InvalidRequest(what, f"it has more than {_LONGEST} characters")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidRequest(what, f"{value!r} is not {expected}")


def path(_: object, attribute: Any, value: str) -> None:
    """Accept a relative path inside the repository."""
    parts = value.split("/") if isinstance(value, str) else [""]
    bad = bool({"", ".."} & set(parts)) or value.startswith("-")
    if bad or len(value) > _LONGEST_PATH or "\\" in value or not value.isprintable():
        raise InvalidRequest(attribute.name, f"{value!r} is not a path inside the repository")


def paths(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept relative paths; ``.`` is the top of the repository."""
    for item in value:
        path(_, attribute, item)


def file_name(_: object, attribute: Any, value: str) -> None:
    """Accept a file name without folders."""
    _match(_FILE_NAME, value, attribute.name, "a plain file name")


def image_name(_: object, attribute: Any, value: str) -> None:
    """Accept the short name of an image: the last part of its repository."""
    _match(
        _IMAGE_NAME, value, attribute.name, "an image name (lower-case letters, digits, . _ -)"
    )


def build_name(_: object, attribute: Any, value: str) -> None:
    """Accept the name of a build."""
    _match(_BUILD, value, attribute.name, "the name of a build (letters, digits, _ . -)")


def publication(_: object, attribute: Any, value: str) -> None:
    """Accept the key of a publication."""
    _match(_PUBLICATION, value, attribute.name, "the key of a publication")


def revision(_: object, attribute: Any, value: str) -> None:
    """Accept one git revision: no option, no range."""
    _match(_REVISION, value, attribute.name, "a git revision")
    if ".." in value:
        raise InvalidRequest(attribute.name, f"{value!r} is a range, not one revision")


def topic(_: object, attribute: Any, value: str) -> None:
    """Accept the topic of a proposal, a part of its branch name."""
    _match(_TOPIC, value, attribute.name, "a topic (lower-case letters, digits, -)")


def branch_prefix(_: object, attribute: Any, value: str) -> None:
    """Accept the prefix of branch names of proposals: ``ship/``."""
    _match(_PREFIX, value, attribute.name, "a prefix of branch names that ends with /")


def message(_: object, attribute: Any, value: str) -> None:
    """Accept the first line of a commit message."""
    if not value.strip() or not value.isprintable() or len(value) > 200:
        raise InvalidRequest(attribute.name, "write one line of at most 200 characters")


def author(_: object, attribute: Any, value: str) -> None:
    """Accept ``Name <mail>``."""
    _match(_AUTHOR, value, attribute.name, "of the form Name <mail@example.com>")


def remote(_: object, attribute: Any, value: str) -> None:
    """Accept the name or URL of a git remote, without a password."""
    bad = value.startswith("-") or not value.isprintable() or " " in value
    if bad or re.match(r"\w*::", value):
        raise InvalidRequest(attribute.name, "this is not the name or URL of a git remote")
    if "://" in value and urlsplit(value).password is not None:
        raise InvalidRequest(
            attribute.name, "it contains a password: remove it, and use the option credentials"
        )


def push_options(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept texts with one line each."""
    if not all(item and item.isprintable() for item in value):
        raise InvalidRequest(attribute.name, "write each as one line of text")


def reference_with_tag(_: object, attribute: Any, value: str) -> None:
    """Accept a reference with a tag or a digest."""
    reference = Reference.parse(value)
    if reference.tag is None and reference.digest is None:
        raise InvalidRequest(
            attribute.name, f"{value!r} has no tag: add one, latest is not assumed"
        )


def repository(_: object, attribute: Any, value: str) -> None:
    """Accept a repository, without tag and digest."""
    del attribute
    Repository.parse(value)


def module(_: object, attribute: Any, value: str) -> None:
    """Accept ``package.module``, or ``package.module:function``."""
    _match(_MODULE, value, attribute.name, "a module, or module:function")


def script(_: object, attribute: Any, value: str) -> None:
    """Accept the name of a console script."""
    _match(_FILE_NAME, value, attribute.name, "the name of a console script")


def requirement_names(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept package names, with extras; the strict file has the versions."""
    not_empty(_, attribute, value)
    if others := [item for item in value if not _DISTRIBUTION.fullmatch(item)]:
        _check_requirements(attribute.name, others)


def _check_requirements(option: str, items: Sequence[str]) -> None:
    # Imported late: most requests have plain names, and the import slows the start by a tenth.
    from ..requirement import parse_requirement  # noqa: PLC0415

    for item in items:
        try:
            parsed = parse_requirement(item)
        except ValueError:
            raise InvalidRequest(option, f"{item!r} is not a package name") from None
        if parsed.specifier or parsed.url or parsed.marker:
            raise InvalidRequest(
                option, f"{item!r}: write the name only; the strict file has the version"
            )


def upgrade(_: object, attribute: Any, value: str) -> None:
    """Accept ``all``, ``nothing``, or package names separated by commas."""
    if not all(_UPGRADED.fullmatch(name.strip()) for name in value.split(",")):
        why = f"{value!r} is not all, nothing, or names separated by commas"
        raise InvalidRequest(attribute.name, why)


def formats(_: object, attribute: Any, value: str) -> None:
    """Accept ``:all:``, ``:none:``, or package names separated by commas."""
    words = [word.strip() for word in value.split(",")]
    if not all(w in (":all:", ":none:") or _DISTRIBUTION.fullmatch(w) for w in words):
        why = f"{value!r} is not :all:, :none:, or names separated by commas"
        raise InvalidRequest(attribute.name, why)


def not_empty(_: object, attribute: Any, value: tuple[object, ...]) -> None:
    """Accept a tuple with at least one item."""
    if not value:
        raise InvalidRequest(attribute.name, "name at least one")


def within(least: float, most: float) -> Any:
    """Return a validator for numbers from *least* to *most*."""

    def validate(_: object, attribute: Any, value: float) -> None:
        if not least <= value <= most:
            raise InvalidRequest(attribute.name, f"{value} is not from {least} to {most}")

    return validate


def at_least(least: float) -> Any:
    """Return a validator for numbers that are not less than *least*."""

    def validate(_: object, attribute: Any, value: float) -> None:
        if not value >= least:
            raise InvalidRequest(attribute.name, f"{value} is less than {least}")

    return validate


def distinct_destinations(_: object, attribute: Any, value: tuple[Any, ...]) -> None:
    """Accept copies with different destinations, because all get the same timestamp tag."""
    not_empty(_, attribute, value)
    taken: dict[Repository, str] = {}
    for copy in value:
        destination = Repository.parse(copy.destination)
        if destination in taken:
            both = f"{taken[destination]} and {copy.source}"
            raise InvalidRequest(
                attribute.name, f"{both} have the same destination {destination}: use two"
            )
        taken[destination] = copy.source


def one_of(*choices: str) -> Any:
    """Return a validator for one of *choices*."""

    def validate(_: object, attribute: Any, value: str) -> None:
        if value not in choices:
            raise InvalidRequest(
                attribute.name, f"{value!r} is not one of {', '.join(choices)}"
            )

    return validate


def at_most_one(**options: object) -> None:
    """Raise InvalidRequest if more than one of these *options* is set."""
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise InvalidRequest(" and ".join(given), "give one of them, not both")


def secret_names(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept names of secrets or recipients."""
    for item in value:
        _match(_SECRET_NAME, item, attribute.name, "a name (letters, digits, . _ -)")
