"""Steps put together: build factories for shipping, hardening and re-tagging."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from buildbot.interfaces import IRenderable
from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Property, renderer
from buildbot.process.results import SKIPPED

from ..bases import RetagBase
from ..checkout import Checkout
from ..maintenance import CollectGarbage, VerifyReproducible
from ..published import FindPublished, littered, unchecked, unclean, unpublished
from ..requirements import CheckRequirements, HardenRequirements
from ..shipping import BuildPex, BuildRuntimeImage, BuildWheels, PushTagged
from .images import ShipImage, image_options, of_chosen, pex_options, refuse_doubles

_TITLE = 50


def ship_factory(
    repourl: str | IRenderable,
    images: Sequence[ShipImage],
    *,
    packages: Sequence[str] | IRenderable = (),
    no_binary: str | IRenderable = ":none:",
    only_binary: str | IRenderable = ":none:",
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    check: bool = True,
    verify: bool = False,
    **options: Any,
) -> BuildFactory:
    """Return the factory from a commit to published images.

    *packages* are the folders of the repository's own packages, *no_binary* and
    *only_binary* what its `harden_factory` is given, *branch* what is built when a build
    names none, *git* more options of Buildbot's ``Git``, and *options* the
    options that every step takes.  With *check* a strict file that no longer follows from
    the loose one ends the build before anything is made.  With *verify* all is built twice
    and compared before anything is published.  A build's property ``images`` names the one
    image to build (any other value, and none: all); with ``push`` false nothing is
    published; the property ``verify`` is taken before the option.  What is published
    already is not built again, unless it is to be verified.
    """
    refuse_doubles(images)
    every = [image.name for image in images]
    source = public(repourl)
    hardened = {"packages": packages, "no_binary": no_binary, "only_binary": only_binary}

    def steps() -> Iterator[Any]:
        if check:
            yield CheckRequirements(**hardened, doStepIf=unchecked, **options)
        yield BuildWheels(packages=packages, lazy=True, doStepIf=unpublished, **options)
        for pex in dict.fromkeys(image.pex for image in images):
            users = [image for image in images if image.pex == pex]
            wanted = _selected([image.name for image in users], every)
            yield _pex(users[0], doStepIf=wanted, **options)
        for image in images:
            wanted = _selected([image.name], every)
            yield _image(image, source, doStepIf=wanted, **options)
        yield _verify(images, packages, source, verify, options)
        for image in images:
            wanted = _published(_selected([image.name], every))
            yield _push(image, doStepIf=wanted, **options)

    checks = hardened if check else None
    find = _find(images, packages, source, verify, {"check": checks, **options})
    before = [*check_out(repourl, branch, git), find]
    return framed(before, steps(), options, doStepIf=littered)


def harden_factory(
    repourl: str | IRenderable,
    *,
    packages: Sequence[str] | IRenderable = (),
    no_binary: str | IRenderable = ":none:",
    only_binary: str | IRenderable = ":none:",
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    **options: Any,
) -> BuildFactory:
    """Return the factory that hardens a repository's requirements; see `ship_factory`.

    *no_binary*, *only_binary*, and a build's property ``upgrade`` are the options of
    `HardenRequirements`.
    """
    given = {"upgrade": Property("upgrade", "all"), **options}
    formats = {"no_binary": no_binary, "only_binary": only_binary}
    step = HardenRequirements(packages=packages, **formats, **given)
    return framed(check_out(repourl, branch, git), [step], options)


def retag_factory(copies: Mapping[str, str] | IRenderable, **options: Any) -> BuildFactory:
    """Return the factory that makes own *copies* of base images; see `RetagBase`."""
    return framed([], [RetagBase(copies, **options)], options)


def framed(
    before: Iterable[Any], steps: Iterable[Any], options: Mapping[str, Any], **first: Any
) -> BuildFactory:
    """Return the factory of *before* and *steps*, with the collector first and last.

    *first* are more options of the first one.
    """
    # A build whose worker is lost never comes to its last step: what it left is
    # removed at the start of a later one.
    last = {
        **options,
        "alwaysRun": True,
        "haltOnFailure": False,
        "flunkOnFailure": False,
        "warnOnFailure": True,
        "retries": 0,
        "doStepIf": unclean,
    }
    begin = CollectGarbage(**options, **first)
    finish = CollectGarbage(name="clean-up", finish=True, **last)
    return BuildFactory([*before, begin, *steps, finish])


def check_out(
    repourl: str | IRenderable, branch: str, git: Mapping[str, Any] | None
) -> list[Checkout]:
    """Return the checkout of a factory; *git* are more options of Buildbot's ``Git``."""
    options = {"mode": "full", "method": "fresh", "tags": True, **(git or {})}
    return [Checkout(repourl=repourl, branch=branch, logEnviron=False, **options)]


def _pex(image: ShipImage, **options: Any) -> BuildPex:
    return BuildPex(**pex_options(image), name=_title("pex", image.pex), **options)


def _image(image: ShipImage, source: str | None, **options: Any) -> BuildRuntimeImage:
    title = _title("image", image.name)
    settings = image_options(image, source)
    return BuildRuntimeImage(**settings, load=False, name=title, **options)


def _find(
    images: Sequence[ShipImage],
    packages: Sequence[str] | IRenderable,
    source: str | None,
    verify: bool,
    options: Mapping[str, Any],
) -> FindPublished:
    def wanted(step: Any) -> bool:
        return step.getProperty("push", True) and not step.getProperty("verify", verify)

    return FindPublished(
        wheels={"packages": packages, "lazy": True},
        pexes=of_chosen(images, pex_options),
        images=of_chosen(images, lambda i: {**image_options(i, source), "load": False}),
        pushes=of_chosen(images, lambda i: {"image": i.name, "repository": i.repository}),
        doStepIf=wanted,
        **options,
    )


def _verify(
    images: Sequence[ShipImage],
    packages: Sequence[str] | IRenderable,
    source: str | None,
    default: bool,
    options: Mapping[str, Any],
) -> VerifyReproducible:
    return VerifyReproducible(
        wheels={"packages": packages},
        pexes=of_chosen(images, pex_options),
        images=of_chosen(images, lambda image: image_options(image, source)),
        doStepIf=lambda step: bool(step.getProperty("verify", default)),
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
        name=_title("push", image.name),
        **options,
    )


def _title(verb: str, name: str) -> str:
    # The REST API takes the name of a step for an identifier.
    return re.sub(r"[^\w-]", "-", f"{verb}-{name}", flags=re.ASCII)[:_TITLE]


def _selected(names: Sequence[str], every: Sequence[str]) -> Callable[[Any], bool]:
    def wanted(step: Any) -> bool:
        chosen = step.getProperty("images")
        return unpublished(step) and (chosen in names or chosen not in every)

    return wanted


def _published(selected: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda step: selected(step) and bool(step.getProperty("push", True))


def public(repourl: str | IRenderable) -> str | None:
    """Return *repourl* without user and password, where it is known by now."""
    if not isinstance(repourl, str) or "://" not in repourl:
        return repourl if isinstance(repourl, str) else None
    parts = urlsplit(repourl)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
