"""How code that is no verb tells people what it does."""

from __future__ import annotations

from collections.abc import Callable

Log = Callable[[str], None]
"""Takes one line for people."""
