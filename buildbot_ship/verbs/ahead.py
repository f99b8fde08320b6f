"""What a chain reads while its containers work: what the bases of its images hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Thread

from ..errors import ShipError
from ..model.dockerfile.document import read
from ..model.reference import Reference
from ..model.request import BuildRequest, ImageRequest
from ..registry.interface import Registry
from ..source.interface import Tree, required
from .runtime import fetch_base, is_listed, list_base
from .workshop import Workshop


def read_ahead(
    request: BuildRequest, *, tree: Tree, registry: Registry, shop: Workshop
) -> Callable[[], None]:
    """Begin to read the bases of layered images; return what waits until that is done.

    *registry* is nobody else's meanwhile.  A fault is left to the verb that meets it again.
    """
    layered = any(pex.layout == "layered" for pex in request.pexes)
    bases = dict.fromkeys(_bases(request.images, tree)) if layered else {}
    thread = Thread(target=_list, args=(bases, registry, shop))
    thread.start()
    return thread.join


def _bases(images: Iterable[ImageRequest], tree: Tree) -> Iterator[Reference]:
    for image in images:
        with suppress(ShipError):
            dockerfile = read(required(tree, image.dockerfile), image.dockerfile)
            if not dockerfile.foreign:
                yield dockerfile.base


def _list(bases: Iterable[Reference], registry: Registry, shop: Workshop) -> None:
    for reference in bases:
        with suppress(ShipError, OSError):
            base = shop.bases[reference] = fetch_base(reference, shop.platform(), registry)
            if not is_listed(base, shop.work):
                list_base(base, registry, shop.work, shop.log)
