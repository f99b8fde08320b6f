"""The books."""

import six


def books() -> list[tuple[str, str]]:
    """Return all books."""
    return [("Emma", "lent" if six.PY3 else "here")]
