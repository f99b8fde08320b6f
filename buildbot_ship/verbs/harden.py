"""Write the strict file and the build lock from the loose file."""

from __future__ import annotations

import hashlib

from ..daemon.interface import JobFile
from ..errors import InvalidFile
from ..model.buildlock import parse_build_lock
from ..model.changes import compare
from ..model.dockerfile import base_of
from ..model.request import HardenRequest
from ..model.requirements import Pin, parse_loose, parse_strict
from ..model.result import SUCCESS, Result
from ..model.text import decode
from ..source.checkout import Checkout
from ..source.interface import read_text, required
from .maker import export
from .workshop import Tools, Workshop

NOTE = "written by `buildbot-ship harden`: review it, check it in, do not edit it"


def harden(request: HardenRequest, *, checkout: Checkout, shop: Workshop) -> Result:
    """Resolve in a throw-away container from the build base; write both files, or none.

    The loose file is read from the working directory, where people edit it.
    """
    loose = required(checkout, request.loose)
    parse_loose(decode(loose, request.loose), request.loose)
    tools = shop.tools(base_of(required(checkout, request.dockerfile), request.dockerfile))
    before = _pins_before(read_text(checkout, request.strict), request.strict)
    name = request.loose.rpartition("/")[2]
    arguments = {"loose": name, "packages": list(request.packages)}
    with shop.work.scratch() as scratch:
        inputs = [JobFile(name, loose)]
        for folder in request.packages:
            inputs += export(checkout, folder, scratch)
        out = scratch / "out"
        shop.run("harden", tools.image, arguments, out, tuple(inputs), network=True)
        head = _header(request, loose, tools)
        strict = head + (out / "strict.txt").read_text(encoding="utf-8")
        lock = head + (out / "build.txt").read_text(encoding="utf-8")
    after = parse_strict(strict, request.strict)
    parse_build_lock(lock, request.build_lock)
    texts = {request.strict: strict, request.build_lock: lock}
    checkout.write(texts)
    changes = compare(before, after)
    return Result(
        "harden",
        SUCCESS,
        f"{len(after)} packages pinned: {changes.summary}",
        properties={"ship_harden": changes.summary},
        texts={**texts, "changes.txt": changes.text},
    )


def _pins_before(text: str, file: str) -> tuple[Pin, ...]:
    """Return the pins that stand in the file now; one that nobody can read has none."""
    try:
        return parse_strict(text, file)
    except InvalidFile:
        return ()


def _header(request: HardenRequest, loose: bytes, tools: Tools) -> str:
    facts, digest = tools.facts, hashlib.sha256(loose).hexdigest()
    versions = ", ".join(f"{name} {facts['tools'][name]}" for name in ("pip", "pip-tools"))
    return (
        f"# {NOTE}\n"
        f"# loose: {request.loose} sha256:{digest}\n"
        f"# python: {facts['version']} {facts['abi']} {facts['platform']}\n"
        f"# tools: {versions}\n"
    )
