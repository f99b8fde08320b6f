"""What wheels are made of, as a commit has it: whether it was seen before."""

from __future__ import annotations

from contextlib import suppress

from ..errors import ShipError
from ..model.cache import Entry
from ..model.dockerfile.document import base_of
from ..model.key import key
from ..model.request import WheelsRequest
from ..model.request.wire import CONVERTER
from ..source.interface import Tree, required
from .own import files_of, identify
from .workshop import Ground, Workshop


def expect_layer(request: WheelsRequest, *, tree: Tree, shop: Workshop) -> None:
    """Begin to make a container ready where *request* was not asked of these sources before.

    Few new sources come without a new layer, and a container takes as long to start as it
    takes to find out.  A fault is left to the verb that meets it again.
    """
    with suppress(ShipError):
        ground = shop.ground(base_of(required(tree, request.dockerfile), request.dockerfile))
        seen = _sources(request, ground, tree)
        if shop.cache.find(seen, shared=False) is None:
            shop.expect(ground.base)
            shop.cache.keep(seen, Entry({}), {}, shared=False)


def _sources(request: WheelsRequest, ground: Ground, tree: Tree) -> str:
    """Return the key of all that wheels are made of."""
    asked = CONVERTER.unstructure(request)
    del asked["revision"]
    trees = {folder: identify(files_of(tree, folder)) for folder in request.packages}
    paths = (request.strict, request.build_lock)
    texts = {path: entry.identity for path, entry in tree.entries() if path in paths}
    return key("sources", ground=ground.key, asked=asked, trees=trees, texts=texts)
