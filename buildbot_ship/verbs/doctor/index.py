"""Checks of the package indexes: reachable, and with the answers that pip needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from ...errors import (
    RegistryForbidden,
    RegistryRefused,
    RegistryUnavailable,
    without_login,
)
from ...model.diagnosis.finding import Finding, problem, warning
from ...model.diagnosis.index_page import judge_page
from .checks import Check
from .repository import first_project
from .scene import Scene

PYPI = "https://pypi.org/simple"
_REMEDY = (
    "check --index-url, --proxy and --ca-bundle: this machine and its containers must reach it"
)
Errors = RegistryUnavailable | RegistryForbidden | RegistryRefused


def index_checks(scene: Scene) -> list[Check]:
    """Return one check for each index."""
    index = scene.options.index
    urls = dict.fromkeys([index.url or PYPI, *index.extra_urls])
    return [Check(index_name(url), partial(_index, scene, url)) for url in urls]


def index_name(url: str) -> str:
    """Return the name of the check of the index at *url*."""
    return f"index {without_login(url)}"


def _index(scene: Scene, url: str) -> Iterator[Finding]:
    shown = without_login(url)
    if urlsplit(url).scheme not in ("http", "https"):
        cause = "its address is no http or https URL"
        yield problem(f"{shown} is no package index", cause, _REMEDY)
        return
    try:
        page, time = scene.read_index(url, first_project(scene))
    except (RegistryUnavailable, RegistryForbidden, RegistryRefused) as error:
        yield _failure(shown, error)
        return
    scene.see(index_name(url), time)
    yield judge_page(page)
    if _is_loopback(url):
        yield warning(
            f"containers do not reach {shown}",
            "its address is loopback: in a container that is the container itself",
            "name the index by an address that containers reach, such as that of the bridge",
        )


def _failure(shown: str, error: Errors) -> Finding:
    """Return the problem of an index, in its own words: the client is that of registries."""
    if isinstance(error, RegistryForbidden):
        message, cause = f"{shown} needs a login", "it answered 401 or 403"
        remedy = "give user and password: in Buildbot, in the option credentials; by hand, in "
        return _as_index(problem(message, cause, f"{remedy}the URL"))
    if "certificate is not trusted" in error.why:
        remedy = (
            "name a file with the certificate of its authority in --ca-bundle ($PIP_CERT): "
            "containers trust nothing else that this machine trusts"
        )
        return _as_index(
            problem(f"the certificate of {shown} is not trusted", error.why, remedy)
        )
    if isinstance(error, RegistryUnavailable):
        return _as_index(problem(f"{shown} cannot be reached", error.why, _REMEDY))
    return _as_index(problem(f"{shown} gives no usable answer", error.why, _REMEDY))


def _as_index(found: Finding) -> Finding:
    return Finding(found.status, found.message, found.cause, found.remedy, "IndexUnavailable")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
