"""Write the launcher of a layered pex: ``inside/launcher/launcher.py`` with an entry point."""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

from ...errors import InvalidRequest
from ..artefact import Wheel
from ..request import PexRequest
from .layer_plan import PREFIX

_SETTINGS = re.compile(r"^PREFIX, KIND, TARGET = .*$", re.M)


@attrs.frozen
class Entry:
    """An entry point: a *kind* of ``inside/launcher/launcher.py``, and its *target*."""

    kind: str = "interpreter"
    target: str = ""


def find_entry(request: PexRequest, wheels: Iterable[Wheel]) -> Entry:
    """Return the entry point of *request*; raise InvalidRequest for an unknown script."""
    if request.module:
        return Entry("function" if ":" in request.module else "module", request.module)
    if not request.script:
        return Entry()
    owners = [wheel for wheel in wheels if request.script in wheel.scripts]
    if not owners:
        why = f"no package of {request.name} has the script {request.script!r}"
        raise InvalidRequest("script", why)
    target = max(owners, key=lambda wheel: wheel.rank).scripts[request.script]
    return (
        Entry("function", target)
        if target
        else Entry("script", f"{PREFIX}/bin/{request.script}")
    )


def write_launcher(source: str, minor: str, entry: Entry) -> bytes:
    """Return *source* as a program for Python *minor* (``3.11``) that runs *entry*."""
    settings = f"PREFIX, KIND, TARGET = {(PREFIX, entry.kind, entry.target)!r}"
    text, count = _SETTINGS.subn(lambda _: settings, source)
    if count != 1:
        raise ValueError("the launcher has no line for its settings")
    return f"#!/usr/bin/env python{minor}\n{text}".encode()


def start_in_environment(launcher: bytes) -> bytes:
    """Return *launcher* for an image, where the environment's interpreter starts it.

    The start needs no search on the PATH, and only one start of Python.
    """
    return f"#!{PREFIX}/bin/python\n".encode() + launcher.partition(b"\n")[2]
