"""Callables that are imported when they are first called.

A call of the command line runs one verb; the others, and the models that only they need,
would cost it more time than many a verb takes.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def deferred(module: str, name: str = "") -> Callable[..., Any]:
    """Return a stand-in for *name* (its last part) of a *module* of this package."""

    def call(*arguments: Any, **options: Any) -> Any:
        found = import_module(f"..{module}", __package__)
        return getattr(found, name or module.rpartition(".")[2])(*arguments, **options)

    return call
