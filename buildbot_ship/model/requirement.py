"""Parse one requirement, as in requirement files, options and the metadata of wheels.

Format: https://packaging.python.org/specifications/dependency-specifiers/.
"""

from __future__ import annotations

from packaging.requirements import Requirement

MAX_LINE = 4096
"""Maximum length of a requirement in characters; real ones have a few hundred."""


class Malformed(ValueError):
    """A value does not have the form that its format prescribes; the text is printable."""


def parse_requirement(text: str) -> Requirement:
    """Return the requirement in *text*.  Raises ValueError, without quoting it."""
    if len(text) > MAX_LINE:
        raise ValueError(f"it has more than {MAX_LINE} characters")
    try:
        return Requirement(text)
    except (ValueError, RecursionError, SyntaxError):
        # Markers are parsed recursively; old versions of packaging raise errors of Python.
        raise ValueError("it is not a requirement") from None
