"""The file that a layered pex is: ``inside/launcher/launcher.py`` with what it runs."""

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
    """What runs: a *kind* that ``inside/launcher/launcher.py`` knows, and its *target*."""

    kind: str = "interpreter"
    target: str = ""


def find_entry(request: PexRequest, wheels: Iterable[Wheel]) -> Entry:
    """Return what *request* runs; raise InvalidRequest for a script that no wheel has."""
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
        raise ValueError("the launcher has no place for its settings")
    return f"#!/usr/bin/env python{minor}\n{text}".encode()


def start_in_environment(launcher: bytes) -> bytes:
    """Return *launcher* for an image: the environment's interpreter starts it.

    Nothing is looked for at its start, and Python starts once.
    """
    return f"#!{PREFIX}/bin/python\n".encode() + launcher.partition(b"\n")[2]
