"""The log interface for code outside the verbs."""

from __future__ import annotations

from collections.abc import Callable

Log = Callable[[str], None]
"""Write one line to the log."""
