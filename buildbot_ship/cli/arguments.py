"""Turn the arguments of the command line into a request."""

from __future__ import annotations

import argparse
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from ..errors import InvalidRequest, ShipError
from ..model import request as requests
from ..model.request import settings
from .lock_files.requests import check_request, harden_request, lock_request, wheels_request
from .options import MIB, limits_of, make_parser, make_step_parser, registries_of
from .secrets_arguments import check_secrets_request, secrets_request
from .smoke_arguments import read_secret, smoke_request
from .up_to_date import work_folder

Options = argparse.Namespace
VERBS_THAT_READ_COMMIT = frozenset(
    ["build", "wheels", "image", "check", "derive", "verify", "check-secrets"]
)
"""Verbs that read files from the commit, and ignore uncommitted changes."""


@attrs.frozen
class Call:
    """The parsed command line; without an *envelope*, standard input has it.

    *warns_of_uncommitted*: print a warning if files in the checkout are not committed.
    """

    verb: str
    checkout: Path
    envelope: requests.Envelope | None
    result: Path | None
    json: bool
    warns_of_uncommitted: bool = False


def read(argv: Sequence[str], environment: Mapping[str, str]) -> Call:
    """Return the call in *argv*; end the process with status 2 if an option is wrong."""
    if "--request" in argv:
        # A master cannot run "secrets", which opens secrets, and "lock", which is for people.
        verbs = sorted(REQUEST_MAKERS.keys() - {"secrets", "lock"})
        step = make_step_parser(tuple(verbs)).parse_args(argv)
        return Call(step.verb, Path(step.checkout), None, Path(step.result), json=False)
    parser = make_parser()
    options = parser.parse_args(argv)
    checkout = Path(options.checkout)
    try:
        request = REQUEST_MAKERS[options.verb](options)
        envelope = make_envelope(request, options, checkout, environment)
    except ShipError as error:
        parser.exit(2, f"buildbot-ship {options.verb}: {error}\n  remedy: {error.remedy}\n")
    result = Path(options.result) if options.result else None
    warns_of_uncommitted = request.verb in VERBS_THAT_READ_COMMIT and options.revision == "HEAD"
    return Call(request.verb, checkout, envelope, result, options.json, warns_of_uncommitted)


def make_envelope(
    request: requests.Request, options: Options, checkout: Path, environment: Mapping[str, str]
) -> requests.Envelope:
    """Return the envelope of *request* with the options of every verb.

    Raises InvalidRequest, InvalidReference.
    """
    index = settings.Index(
        url=options.index_url or environment.get("PIP_INDEX_URL"),
        extra_urls=tuple(options.extra_index_url),
        proxy=options.proxy or environment.get("HTTPS_PROXY"),
        ca_bundle=options.ca_bundle or environment.get("PIP_CERT"),
    )
    trusted = not options.untrusted
    work = options.work or work_folder(str(checkout.resolve()))
    return requests.Envelope(
        request=request,
        build=f"hand-{uuid.uuid4().hex[:12]}",
        work=settings.work_folder(work, trusted),
        index=index,
        limits=limits_of(options),
        cache=settings.CacheOptions(options.cache, trusted, options.no_cache),
        registries=registries_of(options),
    )


def _pair(text: str, form: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (equals and left and right):
        raise InvalidRequest(text, f"write it as {form}")
    return left, right


def _split_requirements(text: str) -> tuple[str, ...]:
    """Split *text* at commas, except those between extras (``app[a,b]``)."""
    words = re.split(r",(?![^\[]*\])", text)
    return tuple(word for word in words if word)


def _retag(options: Options) -> requests.RetagRequest:
    pairs = (_pair(text, "SOURCE=DESTINATION") for text in options.copies)
    return requests.RetagRequest(
        tuple(requests.BaseCopy(*pair) for pair in pairs), options.through
    )


def _derive(options: Options) -> requests.DeriveRequest:
    pairs = (_pair(text, "DOCKERFILE=REPOSITORY") for text in options.bases)
    return requests.DeriveRequest(
        tuple(requests.DerivedBase(*pair) for pair in pairs),
        options.revision,
        options.older_than_days,
        options.source,
        _build_secrets(options),
    )


def _build_secrets(options: Options) -> dict[str, str]:
    pairs = (_pair(text, "ID=FILE") for text in options.build_secret)
    return {name: read_secret(file, "--build-secret") for name, file in pairs}


def _propose(options: Options) -> requests.ProposeRequest:
    return requests.ProposeRequest(
        options.topic,
        tuple(options.files),
        options.message,
        target=options.target,
        remote=options.remote,
        prefix=options.prefix,
        author=options.author,
        push_options=tuple(options.push_option),
        again=options.again,
    )


def _pex(options: Options, name: str, requirements: str) -> requests.PexRequest:
    return requests.PexRequest(
        name,
        _split_requirements(requirements),
        options.module,
        options.script,
        options.revision,
        options.layout,
        options.conflicts,
    )


def _image(options: Options, name: str) -> requests.ImageRequest:
    dockerfile = options.dockerfile or f"{name}.docker"
    return requests.ImageRequest(
        name,
        dockerfile,
        options.revision,
        options.source,
        load=True,
        missing_libraries=options.missing_libraries,
        build_secrets=_build_secrets(options),
    )


def _pexes(options: Options) -> tuple[requests.PexRequest, ...]:
    pairs = (_pair(text, "NAME=PACKAGE,PACKAGE") for text in options.pex)
    return tuple(_pex(options, *pair) for pair in pairs)


def _images(options: Options) -> tuple[requests.ImageRequest, ...]:
    return tuple(_image(options, name) for name in options.image)


def _push(
    options: Options, image: str, repository: str, *, tested: bool = False
) -> requests.PushRequest:
    claim = {"claim_remote": options.claim, "take_over": options.take_over}
    return requests.PushRequest(image, repository, options.revision, tested=tested, **claim)


def _pushes(options: Options) -> tuple[requests.PushRequest, ...]:
    names = options.image if options.to else ()
    return tuple(_push(options, name, f"{options.to}/{name}") for name in names)


def _build(options: Options) -> requests.BuildRequest:
    pushes = _pushes(options)
    images = (attrs.evolve(image, load=not pushes) for image in _images(options))
    wheels = attrs.evolve(wheels_request(options), lazy=True)
    return requests.BuildRequest(
        wheels, _pexes(options), tuple(images), pushes, options.dry_run
    )


def _find(options: Options) -> requests.FindRequest:
    build = _build(options)
    return requests.FindRequest(build.wheels, build.pexes, build.images, build.pushes)


def _verify(options: Options) -> requests.VerifyRequest:
    return requests.VerifyRequest(wheels_request(options), _pexes(options), _images(options))


REQUEST_MAKERS: dict[str, Callable[[Options], requests.Request]] = {
    "retag": _retag,
    "derive": _derive,
    "pin": lambda o: requests.PinRequest(tuple(o.dockerfiles)),
    "propose": _propose,
    "harden": harden_request,
    "check": check_request,
    "lock": lock_request,
    "secrets": secrets_request,
    "check-secrets": check_secrets_request,
    "find": _find,
    "wheels": wheels_request,
    "pex": lambda o: _pex(o, o.name, o.requirements),
    "image": lambda o: _image(o, o.image),
    "smoke": smoke_request,
    "push": lambda o: _push(o, o.image, o.repository, tested=o.tested),
    "promote": lambda o: requests.PromoteRequest(o.repository, o.image, o.channel, o.expected),
    "gc": lambda o: requests.GarbageRequest(
        dry_run=o.dry_run,
        cache_size=o.cache_size * MIB,
        older_than_hours=o.older_than_hours,
        tools_older_than_days=o.tools_older_than_days,
    ),
    "build": _build,
    "verify": _verify,
}
