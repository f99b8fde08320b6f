"""A base becomes the team's own, on one registry: pull, tag and push, or `retag`.

Each time it is a base that the engine has not seen, as it is when there is news: one layer
of the size of the slim base, its bytes new.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

from lab.bases import publish
from lab.bench.counter import Counter, counting
from lab.bench.figures import ARTICLE, BASE_COPY, COPIERS, Figure
from lab.bench.product import CommandLine
from lab.bench.scripts import run_script
from lab.debian import Layer
from lab.registries import serve
from lab.runs import Run
from lab.story import look_up

SIZE = 55_000_000
SCRIPT = "fork-tag.sh"
SOURCE, OWN, TAG = "library/news", "team/news", "2026-01-01T00-00-00-000000"


def measure_copies(run: Run, flows: tuple[str, ...], rounds: int) -> Iterator[Figure]:
    """Yield the figures of every round."""
    chosen = [flow for flow in COPIERS if flow in flows]
    if not chosen:
        return
    registry = serve(run, "copies")
    with counting(registry.port) as counter:
        run.note_registry(counter.port)
        for number in range(rounds):
            for flow in chosen:
                yield _measure(run, counter, registry.address, f"{flow}-{number}")


def _measure(run: Run, counter: Counter, registry: str, name: str) -> Figure:
    flow = name.rpartition("-")[0]
    layer = random_layer(run.folder / f"{name}.tar.gz", f"{run.name}-{name}")
    publish(layer, registry, f"{SOURCE}-{name}", "3.11", mark=name)
    layer.path.unlink()
    original = f"{counter.address}/{SOURCE}-{name}:3.11"
    own = f"{counter.address}/{OWN}-{name}"
    counter.reset()
    if flow == ARTICLE:
        variables = {"ORIGINAL": original, "IMAGE": own, "TAG": TAG}
        seconds = run_script(SCRIPT, run.folder, run.folder / "copies.log", variables)
    else:
        home = run.folder / "copies.home"
        seconds = CommandLine(run.folder, home, run.name).run("retag", f"{original}={own}")
    run.say(f"{flow}, {BASE_COPY}: {seconds:.2f} s, {counter.sent:,} bytes sent")
    _, manifest = look_up(f"{counter.address}/{SOURCE}-{name}", "3.11")
    size = sum(int(part["size"]) for part in [manifest["config"], *manifest["layers"]])
    return Figure(flow, BASE_COPY, seconds, counter.sent, size)


def random_layer(path: Path, seed: str) -> Layer:
    """Write a layer of one file that nobody has seen; return what it is."""
    content = random.Random(seed).randbytes(SIZE)  # noqa: S311  (it keeps no secret)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        member = tarfile.TarInfo("news")
        member.size = SIZE
        archive.addfile(member, io.BytesIO(content))
    packed = gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)
    path.write_bytes(packed)
    digests = [
        f"sha256:{hashlib.sha256(part).hexdigest()}" for part in (packed, plain.getvalue())
    ]
    return Layer(path, digests[0], len(packed), digests[1])
