"""The folders of Python's standard library for which we make no bytecode.

Containers have this file, too: it imports nothing.
"""

from __future__ import annotations

LEFT_OUT = frozenset({"test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3"})
LEFT_OUT |= {"ensurepip", "pydoc_data", "site-packages", "dist-packages"}
"""Other packages, and modules that no application imports at its start."""
