"""A filter that no other module imports."""

from __future__ import annotations


def loud(text: str) -> str:
    """Say it louder."""
    return text.upper()
