"""Both bases become the team's own, on one registry: pull, tag and push, or `retag`.

Each time they are bases that the engine has not seen, as it is when there is news: the
content is that of the usual ones, and some bytes after the end of the archive are new.

The first copy is just that. The second is one of news: `retag` also reads the bases before and
after, to report what changed, which the commands do not.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import leftovers
from lab.bases import REPOSITORY, TAGS, publish
from lab.bench.counter import Counter, counting
from lab.bench.figures import ARTICLE, BASE_COPY, BASE_NEWS, COPIERS, VERBS, Figure
from lab.bench.product import CommandLine
from lab.bench.scripts import run_script
from lab.corpus.artefacts import digest_of
from lab.debian import CHUNK, Layer, make_layers
from lab.registries import Registry, serve
from lab.runs import Run
from lab.story import look_up

SCRIPT = "fork-tag.sh"
SITUATIONS = {ARTICLE: (BASE_COPY,), VERBS: (BASE_COPY, BASE_NEWS)}


@dataclass(frozen=True)
class Master:
    """A base's layer, and the hash of its uncompressed bytes, to be continued."""

    layer: Layer
    plain: Any

    @classmethod
    def of(cls, layer: Layer) -> Master:
        """Read a layer once."""
        plain = hashlib.sha256()
        with gzip.open(layer.path) as content:
            while chunk := content.read(CHUNK):
                plain.update(chunk)
        return cls(layer, plain)

    def copy(self, mark: bytes, path: Path) -> Layer:
        """Write the layer to *path*, *mark* after its end; return what it is now."""
        shutil.copyfile(self.layer.path, path)
        with path.open("ab") as packed:
            packed.write(gzip.compress(mark, mtime=0))
        plain = self.plain.copy()
        plain.update(mark)
        return Layer(path, digest_of(path), path.stat().st_size, f"sha256:{plain.hexdigest()}")


def measure_copies(run: Run, flows: Sequence[str], rounds: int) -> Iterator[Figure]:
    """Yield the figures of every round."""
    chosen = [flow for flow in COPIERS if flow in flows]
    if not chosen:
        return
    masters = {name: Master.of(layer) for name, layer in make_layers(run.cache).items()}
    registry = serve(run, "copies")
    with counting(registry.port) as counter:
        run.note_registry(counter.port)
        for number in range(rounds):
            for flow in chosen:
                own = f"team/{flow}-{number}"
                for situation in SITUATIONS[flow]:
                    mark = f"{run.name}-{flow}-{situation}-{number}"
                    size = publish_news(masters, registry, run.folder / "news.tar.gz", mark)
                    yield _measure(Copy(run, counter, flow, situation, mark), own, size)
                    leftovers.forget_images(counter.address)


def publish_news(
    masters: Mapping[str, Master], registry: Registry, path: Path, mark: str
) -> int:
    """Publish bases that nobody has seen; return how large they are together."""
    size = 0
    for name, master in masters.items():
        layer = master.copy(mark.encode(), path)
        publish(layer, registry.address, REPOSITORY, TAGS[name], mark)
        _, manifest = look_up(f"{registry.address}/{REPOSITORY}", TAGS[name])
        size += int(manifest["config"]["size"]) + layer.size
    path.unlink()
    return size


@dataclass(frozen=True)
class Copy:
    """One copy of both bases: which *flow* makes it, and its *mark*, which is unique."""

    run: Run
    counter: Counter
    flow: str
    situation: str
    mark: str


def _measure(copy: Copy, own: str, size: int) -> Figure:
    run, counter = copy.run, copy.counter
    original, own = f"{counter.address}/{REPOSITORY}", f"{counter.address}/{own}"
    counter.reset()
    if copy.flow == VERBS:
        copies = [
            f"{original}:{TAGS[n]}={own}{end}" for n, end in (("full", ""), ("slim", "-slim"))
        ]
        home = run.folder / "copies.home"
        seconds = CommandLine(run.folder, home, run.name).run("retag", *copies)
    else:
        variables = {"ORIGINAL": f"{original}:{TAGS['full']}", "IMAGE": own, "TAG": copy.mark}
        seconds = run_script(SCRIPT, run.folder, run.folder / "copies.log", variables)
    run.say(f"{copy.flow}, {copy.situation}: {seconds:.2f} s, {counter.sent:,} bytes sent")
    return Figure(copy.flow, copy.situation, seconds, counter.sent, size)
