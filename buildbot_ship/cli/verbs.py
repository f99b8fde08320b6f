"""The verbs, and which collaborators each of them gets."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..model.request import Request
from ..model.result import Result
from ..source.checkout import Checkout
from .bench import Bench
from .deferred import deferred
from .diffoscope import explain

if TYPE_CHECKING:
    from ..verbs.build import build
    from ..verbs.check import check
    from ..verbs.gc import gc
    from ..verbs.harden import harden
    from ..verbs.image import image
    from ..verbs.pex import pex
    from ..verbs.pin import pin
    from ..verbs.propose import propose
    from ..verbs.push import push
    from ..verbs.retag import retag
    from ..verbs.verify import verify
    from ..verbs.wheels import wheels
else:
    build = deferred("verbs.build")
    check = deferred("verbs.check")
    gc = deferred("verbs.gc")
    harden = deferred("verbs.harden")
    image = deferred("verbs.image")
    pex = deferred("verbs.pex")
    pin = deferred("verbs.pin")
    propose = deferred("verbs.propose")
    push = deferred("verbs.push")
    retag = deferred("verbs.retag")
    verify = deferred("verbs.verify")
    wheels = deferred("verbs.wheels")


def perform(bench: Bench, request: Request) -> Result:
    """Run the verb of *request* with what *bench* has."""
    return VERBS[request.verb](bench, request)


VERBS: dict[str, Callable[[Bench, Any], Result]] = {
    "retag": lambda bench, request: retag(
        request,
        registry=bench.registry,
        daemon=lambda: bench.daemon,
        clock=lambda: datetime.now(timezone.utc),
        log=bench.log,
    ),
    "harden": lambda bench, request: harden(
        request, checkout=Checkout(bench.checkout), shop=bench.shop, notes=bench.notes
    ),
    "pin": lambda bench, request: pin(
        request,
        checkout=Checkout(bench.checkout),
        registry=bench.registry,
        notes=bench.notes,
        log=bench.log,
    ),
    "propose": lambda bench, request: propose(
        request,
        checkout=Checkout(bench.checkout),
        origin=bench.origin(request),
        notes=bench.notes,
        clock=lambda: datetime.now(timezone.utc),
        log=bench.log,
    ),
    "check": lambda bench, request: check(
        request, tree=bench.tree(request.revision), ask=bench.interpreter
    ),
    "wheels": lambda bench, request: wheels(
        request, tree=bench.tree(request.revision), shop=bench.shop
    ),
    "pex": lambda bench, request: pex(
        request, commit=bench.tree(request.revision).commit, shop=bench.shop
    ),
    "image": lambda bench, request: image(
        request,
        tree=bench.tree(request.revision),
        registry=bench.registry,
        shop=bench.shop,
        new_name=lambda: uuid.uuid4().hex,
    ),
    "push": lambda bench, request: push(
        request,
        commit=bench.tree(request.revision).commit,
        shop=bench.shop,
    ),
    "gc": lambda bench, request: gc(
        request,
        daemon=lambda: bench.daemon,
        ledger=bench.ledger,
        work=bench.work,
        disk=bench.disk,
        clock=time.time,
        log=bench.log,
    ),
    "build": lambda bench, request: build(
        request,
        commit=bench.tree(request.wheels.revision).commit,
        registry=bench.registry,
        cache=bench.cache,
        perform=lambda part: perform(bench, part),
        log=bench.log,
    ),
    "verify": lambda bench, request: verify(
        request,
        tree=bench.tree(request.wheels.revision),
        shop=bench.shop,
        perform=lambda part, shop: perform(bench.at(shop), part),
        ledger=bench.ledger,
        explain=lambda first, second: explain(first, second, bench.log),
    ),
}
