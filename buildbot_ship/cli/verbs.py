"""Connect each verb of the command line to its function and its collaborators.

A call runs one verb and imports only that one: to import all takes longer than most verbs.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from ..model import request as requests
from ..model.result import Result
from .collaborators import Collaborators


def perform(collaborators: Collaborators, request: requests.Request) -> Result:
    """Run the verb of *request* with its *collaborators*."""
    return VERBS[request.verb](collaborators, request)


def _retag(collaborators: Collaborators, request: requests.RetagRequest) -> Result:
    from ..verbs.bases.retag import retag

    return retag(
        request,
        bases=collaborators.owned_bases,
        daemon=lambda: collaborators.daemon,
        clock=collaborators.clock,
    )


def _derive(collaborators: Collaborators, request: requests.DeriveRequest) -> Result:
    from ..verbs.bases.derive import derive

    return derive(
        request,
        tree=collaborators.tree(request.revision),
        runner=collaborators.runner,
        clock=collaborators.clock,
        new_name=lambda: uuid.uuid4().hex,
        force=collaborators.envelope.cache.no_cache,
    )


def _pin(collaborators: Collaborators, request: requests.PinRequest) -> Result:
    from ..verbs.bases.pin import pin

    return pin(
        request,
        checkout=collaborators.checkout_files,
        bases=collaborators.owned_bases,
        notes=collaborators.change_notes,
    )


def _propose(collaborators: Collaborators, request: requests.ProposeRequest) -> Result:
    from ..verbs.review.propose import propose

    return propose(
        request,
        checkout=collaborators.checkout_files,
        origin=collaborators.git_server(request.remote, request.known_hosts),
        notes=collaborators.change_notes,
        clock=collaborators.clock,
        log=collaborators.log,
    )


def _harden(collaborators: Collaborators, request: requests.HardenRequest) -> Result:
    from ..verbs.requirements.harden import harden

    return harden(
        request,
        checkout=collaborators.checkout_files,
        runner=collaborators.runner,
        notes=collaborators.change_notes,
    )


def _check(collaborators: Collaborators, request: requests.CheckRequest) -> Result:
    from ..verbs.requirements.check import check

    return check(
        request,
        tree=collaborators.tree(request.revision),
        find_interpreter=collaborators.interpreter,
    )


def _lock(collaborators: Collaborators, request: requests.LockRequest) -> Result:
    from ..verbs.requirements.export_lock import export_lock

    return export_lock(
        request, checkout=collaborators.checkout_files, runner=collaborators.runner
    )


def _secrets(
    collaborators: Collaborators,
    request: requests.SecretsRequest | requests.CheckSecretsRequest,
) -> Result:
    from .secrets import perform_secrets

    return perform_secrets(collaborators, request)


def _find(collaborators: Collaborators, request: requests.FindRequest) -> Result:
    from ..verbs.publishing.find import find

    return find(
        request,
        commit=collaborators.tree(request.wheels.revision).commit,
        registry=collaborators.registry,
        cache=collaborators.cache,
        check=lambda part: _check(collaborators, part),
    )


def _wheels(collaborators: Collaborators, request: requests.WheelsRequest) -> Result:
    from ..verbs.wheels.wheels import wheels

    return wheels(
        request, tree=collaborators.tree(request.revision), runner=collaborators.runner
    )


def _pex(collaborators: Collaborators, request: requests.PexRequest) -> Result:
    from ..verbs.application.pex import pex

    return pex(
        request, commit=collaborators.tree(request.revision).commit, runner=collaborators.runner
    )


def _image(collaborators: Collaborators, request: requests.ImageRequest) -> Result:
    from ..verbs.image.image import image

    return image(
        request,
        tree=collaborators.tree(request.revision),
        registry=collaborators.registry,
        runner=collaborators.runner,
        new_name=lambda: uuid.uuid4().hex,
    )


def _smoke(collaborators: Collaborators, request: requests.SmokeRequest) -> Result:
    from ..verbs.smoke.smoke import smoke

    return smoke(
        request,
        commit=collaborators.tree(request.revision).commit,
        runner=collaborators.runner,
        new_name=lambda: uuid.uuid4().hex,
    )


def _push(collaborators: Collaborators, request: requests.PushRequest) -> Result:
    from ..verbs.publishing.push import push

    return push(
        request,
        commit=collaborators.tree(request.revision).commit,
        runner=collaborators.runner,
        claim=collaborators.envelope.claim,
        claim_ref=collaborators.claim_ref(request),
    )


def _promote(collaborators: Collaborators, request: requests.PromoteRequest) -> Result:
    from ..verbs.publishing.promote import promote

    return promote(request, registry=collaborators.registry)


def _gc(collaborators: Collaborators, request: requests.GarbageRequest) -> Result:
    from ..verbs.maintenance.gc import gc

    return gc(
        request,
        state=collaborators.worker_state,
        daemon=lambda: collaborators.daemon,
        now=time.time(),
        log=collaborators.log,
    )


def _build(collaborators: Collaborators, request: requests.BuildRequest) -> Result:
    from ..verbs.pipeline.build import build

    tree = collaborators.tree(request.wheels.revision)
    if request.dry_run:
        from ..verbs.pipeline.build_plan import plan_build

        return plan_build(request, tree=tree, runner=collaborators.runner)

    def overlap() -> Callable[[], None]:
        from ..verbs.pipeline.overlap import begin

        return begin(
            request,
            tree=tree,
            ask_engine=lambda: collaborators.engine_version,
            runner=lambda: collaborators.runner,
            registry=collaborators.new_registry,
        )

    return build(
        request,
        commit=tree.commit,
        registry=collaborators.registry,
        cache=collaborators.cache,
        perform=lambda part: perform(collaborators, part),
        overlap=overlap,
        log=collaborators.log,
    )


def _verify(collaborators: Collaborators, request: requests.VerifyRequest) -> Result:
    from ..verbs.maintenance.verify import verify
    from .diffoscope import explain

    return verify(
        request,
        tree=collaborators.tree(request.wheels.revision),
        runner=collaborators.runner,
        perform=lambda part, runner: perform(collaborators.with_runner(runner), part),
        ledger=collaborators.ledger,
        explain=lambda first, second: explain(first, second, collaborators.log),
    )


VERBS: dict[str, Callable[[Collaborators, Any], Result]] = {
    "retag": _retag,
    "derive": _derive,
    "pin": _pin,
    "propose": _propose,
    "harden": _harden,
    "check": _check,
    "lock": _lock,
    "secrets": _secrets,
    "check-secrets": _secrets,
    "find": _find,
    "wheels": _wheels,
    "pex": _pex,
    "image": _image,
    "smoke": _smoke,
    "push": _push,
    "promote": _promote,
    "gc": _gc,
    "build": _build,
    "verify": _verify,
}
