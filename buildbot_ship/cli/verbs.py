"""The verbs, and which collaborators each of them gets.

A call runs one verb, so each is imported by the function that calls it: the others, and
the models that only they need, would cost more time than many a verb takes.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from threading import Thread
from typing import Any

from ..model import request as requests
from ..model.result import Result
from .bench import Bench


def perform(bench: Bench, request: requests.Request) -> Result:
    """Run the verb of *request* with what *bench* has."""
    return VERBS[request.verb](bench, request)


def perform_step(bench: Bench, request: requests.Request) -> Result:
    """Run the verb of a call; tell whether a collector has work to do, if one may follow."""
    result = perform(bench, request)
    if request.verb not in BEFORE_GC:
        return result
    from ..verbs.gc import telling

    return telling(
        result,
        BEFORE_GC[request.verb],
        ledger=bench.ledger,
        work=bench.work,
        disk=bench.disk,
        clock=time.time,
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _retag(bench: Bench, request: requests.RetagRequest) -> Result:
    from ..verbs.retag import retag

    return retag(
        request,
        registry=bench.registry,
        cache=bench.cache,
        daemon=lambda: bench.daemon,
        clock=_now,
        log=bench.log,
    )


def _derive(bench: Bench, request: requests.DeriveRequest) -> Result:
    from ..verbs.derive import derive

    return derive(
        request,
        tree=bench.tree(request.revision),
        shop=bench.shop,
        clock=_now,
        new_name=lambda: uuid.uuid4().hex,
        again=bench.envelope.cache.no_cache,
    )


def _pin(bench: Bench, request: requests.PinRequest) -> Result:
    from ..verbs.pin import pin

    return pin(
        request,
        checkout=bench.files,
        registry=bench.registry,
        cache=bench.cache,
        notes=bench.notes,
        log=bench.log,
    )


def _propose(bench: Bench, request: requests.ProposeRequest) -> Result:
    from ..verbs.propose import propose

    return propose(
        request,
        checkout=bench.files,
        origin=bench.origin(request),
        notes=bench.notes,
        clock=_now,
        log=bench.log,
    )


def _harden(bench: Bench, request: requests.HardenRequest) -> Result:
    from ..verbs.harden import harden

    return harden(request, checkout=bench.files, shop=bench.shop, notes=bench.notes)


def _check(bench: Bench, request: requests.CheckRequest) -> Result:
    from ..verbs.check import check

    return check(request, tree=bench.tree(request.revision), ask=bench.interpreter)


def _find(bench: Bench, request: requests.FindRequest) -> Result:
    from ..verbs.find import find

    return find(
        request,
        commit=bench.tree(request.wheels.revision).commit,
        registry=bench.registry,
        cache=bench.cache,
        check=lambda part: _check(bench, part),
    )


def _wheels(bench: Bench, request: requests.WheelsRequest) -> Result:
    from ..verbs.wheels import wheels

    return wheels(request, tree=bench.tree(request.revision), shop=bench.shop)


def _pex(bench: Bench, request: requests.PexRequest) -> Result:
    from ..verbs.pex import pex

    return pex(request, commit=bench.tree(request.revision).commit, shop=bench.shop)


def _image(bench: Bench, request: requests.ImageRequest) -> Result:
    from ..verbs.image import image

    return image(
        request,
        tree=bench.tree(request.revision),
        registry=bench.registry,
        shop=bench.shop,
        new_name=lambda: uuid.uuid4().hex,
    )


def _push(bench: Bench, request: requests.PushRequest) -> Result:
    from ..verbs.push import push

    return push(request, commit=bench.tree(request.revision).commit, shop=bench.shop)


def _gc(bench: Bench, request: requests.GarbageRequest) -> Result:
    from ..verbs.gc import gc

    return gc(
        request,
        daemon=lambda: bench.daemon,
        ledger=bench.ledger,
        work=bench.work,
        disk=bench.disk,
        clock=time.time,
        log=bench.log,
    )


def _build(bench: Bench, request: requests.BuildRequest) -> Result:
    from ..verbs.build import build

    tree = bench.tree(request.wheels.revision)

    def ahead() -> Callable[[], None]:
        # What the engine runs is part of every key, and takes it 10 ms to say.
        asking = Thread(target=lambda: bench.engine_version)
        asking.start()
        from ..verbs.sources import expect_layer

        asking.join()
        expect_layer(request.wheels, tree=tree, shop=bench.shop)
        Thread(target=_import_last).start()
        from ..verbs.ahead import read_ahead

        registry = bench.new_registry()
        return read_ahead(request, tree=tree, registry=registry, shop=bench.shop)

    return build(
        request,
        commit=tree.commit,
        registry=bench.registry,
        cache=bench.cache,
        perform=lambda part: perform(bench, part),
        ahead=ahead,
        log=bench.log,
    )


def _import_last() -> None:
    """Import what a chain performs last, while its container works."""
    from ..verbs import gc, image, push  # noqa: F401


def _verify(bench: Bench, request: requests.VerifyRequest) -> Result:
    from ..verbs.verify import verify
    from .diffoscope import explain

    return verify(
        request,
        tree=bench.tree(request.wheels.revision),
        shop=bench.shop,
        perform=lambda part, shop: perform(bench.at(shop), part),
        ledger=bench.ledger,
        explain=lambda first, second: explain(first, second, bench.log),
    )


VERBS: dict[str, Callable[[Bench, Any], Result]] = {
    "retag": _retag,
    "derive": _derive,
    "pin": _pin,
    "propose": _propose,
    "harden": _harden,
    "check": _check,
    "find": _find,
    "wheels": _wheels,
    "pex": _pex,
    "image": _image,
    "push": _push,
    "gc": _gc,
    "build": _build,
    "verify": _verify,
}

BEFORE_GC = {
    "find": requests.GarbageRequest(),
    "push": requests.GarbageRequest(finish=True),
}
"""What a collector after a verb would be asked."""
