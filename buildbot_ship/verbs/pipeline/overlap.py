"""Work that a build starts in advance, in parallel with its verbs.

A build runs its verbs in order, on the main thread.  Four things run beside them:

    time ----->
    verbs       find | wheels ----------- | pex ------ | image -- | push
    engine      version |
    container      start one ------> taken by the first job of wheels or pex
    imports           image, push, gc |
    bases             read what the bases of the images hold ---> | joined before image

- The engine's platform is part of every cache key.  The request for its version takes 10 ms, as
  long as the imports that follow.
- A container takes 0.1 s to start.  One is started if the worker has not seen these sources
  before: new sources nearly always need a new layer.  While a job runs in it,
  ``daemon/containers/standby.py`` starts the next one.
- The verbs that come last are imported while a container works.
- To list the files of a base takes a request to its registry, and seconds if the base is new to
  this worker.

Errors are ignored here: the verb that does the work again reports them.  Imports are inside the
functions: most builds end early, because everything is already published.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from ...errors import ShipError
from ...model.request import BuildRequest, ImageRequest, WheelsRequest

if TYPE_CHECKING:
    from ...model.reference import Reference
    from ...registry.interface import Registry
    from ...source.interface import Tree
    from ..shared.job_runner import BuildBase, JobRunner


def begin(
    request: BuildRequest,
    *,
    tree: Tree,
    ask_engine: Callable[[], object],
    runner: Callable[[], JobRunner],
    registry: Callable[[], Registry],
) -> Callable[[], None]:
    """Start work for a build of *tree* in advance; return a function that waits for the bases.

    *ask_engine* gets the engine's version and remembers it.  *registry* returns a new client,
    for use in another thread.
    """
    asking = Thread(target=ask_engine)
    asking.start()
    from ..shared import base_image, own_packages  # noqa: F401

    asking.join()
    prepare_container(request.wheels, tree=tree, runner=runner())
    Thread(target=_import_last_verbs).start()
    return read_bases(request, tree=tree, registry=registry(), runner=runner())


def prepare_container(request: WheelsRequest, *, tree: Tree, runner: JobRunner) -> None:
    """Start a container, unless this worker has seen *request* with the same sources before."""
    from ...model.cache import Entry
    from ...model.dockerfile.document import base_of
    from ...source.interface import required

    with suppress(ShipError):
        base = base_of(required(tree, request.dockerfile), request.dockerfile)
        build_base = runner.build_base(base)
        seen = _sources_key(request, build_base, tree)
        if runner.cache.find(seen, shared=False) is None:
            runner.prepare_container(build_base.reference)
            runner.cache.keep(seen, Entry({}), {}, shared=False)


def _sources_key(request: WheelsRequest, build_base: BuildBase, tree: Tree) -> str:
    """Return the cache key of the inputs of all wheels."""
    from ...model.cache_key import key
    from ...model.request.wire import CONVERTER
    from ..shared.own_packages import digest_of_files, list_build_files

    asked = CONVERTER.unstructure(request)
    del asked["revision"]
    trees = {
        folder: digest_of_files(list_build_files(tree, folder)) for folder in request.packages
    }
    paths = (request.strict, request.build_lock)
    texts = {path: entry.identity for path, entry in tree.entries() if path in paths}
    return key("sources", base_key=build_base.key, asked=asked, trees=trees, texts=texts)


def _import_last_verbs() -> None:
    from ..image import image  # noqa: F401
    from ..maintenance import gc  # noqa: F401
    from ..publishing import push  # noqa: F401


def read_bases(
    request: BuildRequest, *, tree: Tree, registry: Registry, runner: JobRunner
) -> Callable[[], None]:
    """Start to read the bases of layered images; return a function that waits for it."""
    layered = any(pex.layout == "layered" for pex in request.pexes)
    bases = dict.fromkeys(_bases(request.images, tree)) if layered else {}
    thread = Thread(target=_prefetch, args=(bases, registry, runner))
    thread.start()
    return thread.join


def _bases(images: Iterable[ImageRequest], tree: Tree) -> Iterator[Reference]:
    from ...model.dockerfile.document import read
    from ...source.interface import required

    for image in images:
        with suppress(ShipError):
            dockerfile = read(required(tree, image.dockerfile), image.dockerfile)
            if not dockerfile.engine_only:
                yield dockerfile.base


def _prefetch(bases: Iterable[Reference], registry: Registry, runner: JobRunner) -> None:
    from ..shared.base_image import fetch_base, is_listed, list_base

    for reference in bases:
        with suppress(ShipError, OSError):
            base = runner.prefetched_bases[reference] = fetch_base(
                reference, runner.platform(), registry
            )
            if not is_listed(base, runner.work):
                list_base(base, registry, runner.work, runner.log)
