"""Build factories: ship a commit, harden requirements, retag base images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from buildbot.interfaces import IRenderable
from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Property, renderer
from buildbot.process.results import SKIPPED

from ...model.project.files import without_login
from ..bases import RetagBase
from ..checkout import Checkout
from ..maintenance import CollectGarbage, VerifyReproducible
from ..published import (
    FindPublished,
    needs_build,
    needs_check,
    needs_clean_up,
    needs_garbage_collection,
)
from ..push import PushTagged
from ..requirements import CheckRequirements, HardenRequirements
from ..secrets import CheckSecrets
from ..shipping import BuildPex, BuildRuntimeImage, BuildWheels
from ..smoke import SmokeTest
from .choice import (
    builds_any,
    chosen_tests,
    for_chosen_images,
    looks_for_published,
    pushes,
    tests_any,
    verifies,
)
from .images import ShipImage, check_images, image_options, pex_options
from .requirement_options import checked_options, options_for, split_options
from .resumed import ResumedBuild
from .untrusted import left_out_tests, split_tests, step_options

_MAX_STEP_NAME = 50


def ship_factory(
    repourl: str | IRenderable,
    images: Sequence[ShipImage],
    *,
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    check: bool = True,
    verify: bool = False,
    secrets: str | None = None,
    claim_remote: str = "",
    trusted: bool = True,
    readers: Mapping[str, tuple[str, Any]] | None = None,
    **options: Any,
) -> BuildFactory:
    """Return a factory that builds and publishes the images of a commit.

    *options* has the options of every step, and those of `HardenRequirements`: each step gets
    those that it has.  Give `harden_factory` the same ones.  A build without a branch uses
    *branch*.  *git* has additional options of Buildbot's ``Git``.  With *check*, the build
    stops if the strict file is out of date.  With *verify*, it builds everything twice and
    compares the result before it publishes anything.  *secrets* is the folder of
    `CheckSecrets`, which then runs first.  If an image has a test, it is tested with
    `SmokeTest` before it is published.  A build that publishes only some images also builds
    those that are tested with them.  *claim_remote* is the option of `PushTagged`.

    Four build properties choose the work: ``images`` is the name of the only image to build
    (any other value means all); ``push`` set to false publishes nothing; ``verify`` overrides
    the option; ``take_over`` is the option of `PushTagged`.  A commit that is published already
    is not built again, except to verify it.

    With *trusted* set to false, the factory is for branches of people who may not publish.  It
    has no step that publishes, whatever the properties are.  Its steps have no credentials,
    except *readers*: logins that can only read.  Tests with secrets are left out.
    """
    check_images(images)
    given, options = split_options("ship_factory", step_options(options, trusted, readers))
    checked, wheels = (options_for(s, given) for s in (CheckRequirements, BuildWheels))
    images, left_out = split_tests(images, trusted)
    tested = {name for image in images for name in image.tested_with if image.test}
    source = without_credentials(repourl)

    def steps() -> Iterator[Any]:
        if check:
            yield CheckRequirements(**checked, doStepIf=needs_check, **options)
        yield BuildWheels(**wheels, lazy=True, doStepIf=needs_build, **options)
        for pex in dict.fromkeys(image.pex for image in images):
            users = [image for image in images if image.pex == pex]
            wanted = builds_any([image.name for image in users], images)
            yield _pex(users[0], doStepIf=wanted, **options)
        for image in images:
            wanted = builds_any([image.name], images)
            mounted = image.build_secrets if trusted else None
            yield _image(image, source, build_secrets=mounted, doStepIf=wanted, **options)
        yield _verify(images, wheels, source, verify, options)
        yield from left_out_tests(left_out, images)
        if tested:
            test = chosen_tests(images)
            yield SmokeTest(test, doStepIf=tests_any(images), **options)
        for image in images if trusted else ():
            wanted = pushes(image.name, images)
            given = {"tested": image.name in tested, "claim_remote": claim_remote}
            yield _push(image, **given, doStepIf=wanted, **options)

    checks = checked if check else None
    before: list[Any] = [*checkout_steps(repourl, branch, git)]
    if secrets is not None:
        before.append(CheckSecrets(folder=secrets, **options))
    if trusted:
        before.append(_find(images, wheels, source, verify, {"check": checks, **options}))
    return with_garbage_collection(before, steps(), options, doStepIf=needs_garbage_collection)


def harden_factory(
    repourl: str | IRenderable,
    *,
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    **options: Any,
) -> BuildFactory:
    """Return a factory that hardens the requirements of a repository; see `ship_factory`.

    *options* has the options of `HardenRequirements`, too.  Its option ``upgrade`` is the build
    property of this name.
    """
    upgrade = {"upgrade": Property("upgrade", "all")}
    given, options = split_options("harden_factory", {**upgrade, **options})
    step = HardenRequirements(**given, **options)
    return with_garbage_collection(checkout_steps(repourl, branch, git), [step], options)


def retag_factory(copies: Mapping[str, str] | IRenderable, **options: Any) -> BuildFactory:
    """Return a factory that copies base images to own repositories; see `RetagBase`."""
    options = checked_options("retag_factory", CollectGarbage, options)
    return with_garbage_collection([], [RetagBase(copies, **options)], options)


def with_garbage_collection(
    before: Iterable[Any], steps: Iterable[Any], options: Mapping[str, Any], **first: Any
) -> BuildFactory:
    """Return a factory with garbage collection between *before* and *steps*, and at the end.

    *options* are for both collections, and *first* are more options of the first one.
    """
    # A build that loses its worker never runs its last step.  The first collection of a later
    # build removes its leftovers.
    last = {
        **options,
        "alwaysRun": True,
        "haltOnFailure": False,
        "flunkOnFailure": False,
        "warnOnFailure": True,
        "retries": 0,
        "doStepIf": needs_clean_up,
    }
    begin = CollectGarbage(**options, **first)
    finish = CollectGarbage(name="clean-up", finish=True, **last)
    factory = BuildFactory([*before, begin, *steps, finish])
    factory.buildClass = ResumedBuild
    return factory


def checkout_steps(
    repourl: str | IRenderable, branch: str, git: Mapping[str, Any] | None
) -> list[Checkout]:
    """Return the checkout step; *git* has additional options of Buildbot's ``Git``."""
    options = {"mode": "full", "method": "fresh", "tags": True, **(git or {})}
    return [Checkout(repourl=repourl, branch=branch, logEnviron=False, **options)]


def _pex(image: ShipImage, **options: Any) -> BuildPex:
    return BuildPex(**pex_options(image), name=_step_name("pex", image.pex), **options)


def _image(image: ShipImage, source: str | None, **options: Any) -> BuildRuntimeImage:
    title = _step_name("image", image.name)
    settings = image_options(image, source)
    return BuildRuntimeImage(**settings, load=False, name=title, **options)


def _find(
    images: Sequence[ShipImage],
    wheels: Mapping[str, Any],
    source: str | None,
    verify: bool,
    options: Mapping[str, Any],
) -> FindPublished:
    return FindPublished(
        wheels={**wheels, "lazy": True},
        pexes=for_chosen_images(images, pex_options),
        images=for_chosen_images(images, lambda i: {**image_options(i, source), "load": False}),
        pushes=for_chosen_images(
            images, lambda i: {"image": i.name, "repository": i.repository}
        ),
        tests=chosen_tests(images),
        doStepIf=looks_for_published(verify),
        **options,
    )


def _verify(
    images: Sequence[ShipImage],
    wheels: Mapping[str, Any],
    source: str | None,
    default: bool,
    options: Mapping[str, Any],
) -> VerifyReproducible:
    return VerifyReproducible(
        wheels=wheels,
        pexes=for_chosen_images(images, pex_options),
        images=for_chosen_images(images, lambda image: image_options(image, source)),
        doStepIf=verifies(default),
        hideStepIf=lambda results, _: results == SKIPPED,
        **options,
    )


def _push(image: ShipImage, **options: Any) -> PushTagged:
    def publication(props: Any) -> str | None:
        keys: dict[str, str] = props.getProperty("ship_publications", {})
        return keys.get(image.name)

    return PushTagged(
        image.name,
        image.repository,
        publication=renderer(publication),
        take_over=Property("take_over", default=False),
        name=_step_name("push", image.name),
        **options,
    )


def _step_name(verb: str, name: str) -> str:
    # Buildbot's REST API only accepts identifiers as names of steps.
    return re.sub(r"[^\w-]", "-", f"{verb}-{name}", flags=re.ASCII)[:_MAX_STEP_NAME]


def without_credentials(repourl: str | IRenderable) -> str | None:
    """Return *repourl* without user and password, or None if it is a renderable."""
    return without_login(repourl) if isinstance(repourl, str) else None
