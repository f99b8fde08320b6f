"""Checks of registries: reachable, trusted, logins, the right to push, mounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ...errors import RegistryForbidden, RegistryRefused, RegistryUnavailable
from ...model.diagnosis.finding import Finding, failed, ok, skipped, warning
from ...model.reference import Reference, Repository
from ..shared.base_image import fetch_base
from .checks import Check
from .scene import Scene


def registry_name(registry: str) -> str:
    """Return the name of the check whether *registry* answers."""
    return f"registry {registry}"


def login_name(registry: str) -> str:
    """Return the name of the check of the login to *registry*."""
    return f"login {registry}"


def registry_checks(scene: Scene, registries: Mapping[str, str]) -> list[Check]:
    """Return the checks of *registries*: whether each answers, and takes our login.

    The value of each registry says what names it: ``--to``.
    """
    return [check for each in registries.items() for check in _checks_of(scene, *each)]


def _checks_of(scene: Scene, registry: str, place: str) -> Iterator[Check]:
    name = registry_name(registry)
    yield Check(name, partial(_reach, scene, registry, place))
    yield Check(login_name(registry), partial(_login, scene, registry), needs=(name,))


def _reach(scene: Scene, registry: str, place: str) -> Iterator[Finding]:
    try:
        time = scene.access().reach(registry)
    except RegistryUnavailable as error:
        remedy = f"{error.remedy}; {place}"
        yield failed("it cannot be reached", error, remedy)
        return
    except RegistryRefused as error:
        untrusted = "certificate is not trusted" in error.why
        message = "its certificate is not trusted" if untrusted else "it gives no usable answer"
        remedy = _trust(registry) if untrusted else f"{error.remedy}; {place}"
        yield failed(message, error, remedy)
        return
    scene.see(registry_name(registry), time)
    yield ok("it answers")


def _trust(registry: str) -> str:
    return (
        "name a file with the certificate of its authority in --registry-ca-bundle, or save it "
        f"as /etc/docker/certs.d/{registry}/ca.crt, which the engine needs too"
    )


def _login(scene: Scene, registry: str) -> Iterator[Finding]:
    access = scene.access()
    found = access.find_login(registry)
    for note in access.notes:
        remedy = "correct Docker's config.json, or make it readable for this user"
        yield warning("a login may be missing", note, remedy)
    who = f"{found.user}, found in {found.source}" if found else ""
    try:
        access.log_in(registry)
    except RegistryForbidden as error:
        if found:
            message = f"it refuses the password of {who}"
            remedy = f"log in again: docker login {registry}"
        else:
            message = "it needs a login, and there is none"
            remedy = f"log in: docker login {registry}"
        yield failed(message, error, f"{remedy}; in Buildbot, set the option credentials")
        return
    yield ok(f"it accepts {who}" if found else "it needs none to read")


def push_checks(scene: Scene) -> list[Check]:
    """Return the checks of the right to push, for every repository that a build writes to."""
    cache = scene.options.cache
    repositories = dict.fromkeys([*scene.options.push, *([cache] if cache else [])])
    if not repositories:
        why = "not checked: name the repository of an image with --push, or of all with --to"
        return [Check("push", lambda: [skipped(why)])]
    return [
        Check(
            push_name(repository),
            partial(_push, scene, repository),
            needs=(login_name(repository.registry),),
        )
        for repository in repositories
    ]


def push_name(repository: Repository) -> str:
    """Return the name of the check of the right to push to *repository*."""
    return f"push {repository}"


def _push(scene: Scene, repository: Repository) -> Iterator[Finding]:
    access = scene.access()
    found = access.find_login(repository.registry)
    who = found.user if found else "somebody without a login"
    try:
        access.try_push(repository)
    except RegistryForbidden as error:
        remedy = (
            f"give {found.user} the right to push to {repository.path}"
            if found
            else f"log in: docker login {repository.registry}"
        )
        yield failed(f"{who} may not push", error, remedy)
        return
    yield ok(f"{who} may push")


def mount_checks(scene: Scene, bases: Sequence[tuple[str, Reference]]) -> list[Check]:
    """Return the checks of mounts; *bases* has the check and the base of each Dockerfile."""
    pairs = {
        (repository, base.repository): (name, base)
        for repository in scene.options.push
        for name, base in reversed(bases)
        if base.repository.registry == repository.registry and base.repository != repository
    }
    return [
        Check(
            f"mount {source.path} to {repository}",
            partial(_mount, scene, repository, base),
            needs=(push_name(repository), name),
        )
        for (repository, source), (name, base) in pairs.items()
    ]


def _mount(scene: Scene, repository: Repository, base: Reference) -> Iterator[Finding]:
    """Mount what the repository has already: that leaves nothing new there."""
    registry = scene.registry()
    found = fetch_base(base, scene.platform, registry)
    digests = [str(layer["digest"]) for layer in found.layers]
    shared = next((digest for digest in digests if registry.has(repository, digest)), None)
    if shared is None:
        yield skipped(
            "unknown before the first push: nothing of the base is there, and a trial would "
            "leave a layer"
        )
    elif registry.mount(repository, shared, base.repository):
        yield ok("layers of the base are mounted, not uploaded")
    else:
        yield warning(
            "layers of the base are uploaded again for each image",
            f"the registry does not mount from {base.repository.path}",
            "let the user read the repository of the base; some registries cannot mount, and "
            "pushes just take longer",
        )
