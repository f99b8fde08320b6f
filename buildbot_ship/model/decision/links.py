"""Web pages of images in registries and of proposals on git servers.

A link is only made of what a browser can open, and never has a login.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from string import Formatter
from urllib.parse import quote, urlsplit

import attrs

from ...errors import InvalidRequest
from ..reference import DEFAULT_REGISTRY, Reference

PLACEHOLDERS = ("registry", "repository", "name", "tag", "digest")
"""The words of a template for the page of an image."""
_API_ONLY = re.compile(
    r"registry\.gitlab\.com|(?:.+\.)?gcr\.io|.+\.(?:pkg\.dev|amazonaws\.com|azurecr\.io)"
)
"""Registries that answer no browser: their API wants a token, and their pages other names."""
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?")
_OVER_SSH = re.compile(r"(?:ssh://)?(?:[^@/:]+@)?(?P<host>[^@/:]+):?(?:\d+/|/)?(?P<path>[^:]+)")


@attrs.frozen
class Link:
    """A link with its *title*."""

    title: str
    url: str


def check_page(template: str) -> None:
    """Raise InvalidRequest unless *template* makes the URL of an image's page."""
    try:
        words = [word for _, word, *_ in Formatter().parse(template) if word is not None]
        example = template.format(**dict.fromkeys(PLACEHOLDERS, "x"))
    except (ValueError, KeyError, IndexError, AttributeError):
        words, example = [""], ""
    if not set(words) <= set(PLACEHOLDERS) or not is_web_address(example):
        known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
        why = f"{template!r} is not a URL with http or https, without a login, made of {known}"
        raise InvalidRequest("image_page", why)


def is_web_address(url: str) -> bool:
    """Return whether *url* is absolute, with http or https and without a login."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
    is_plain = url.isprintable() and not re.search(r'[\s\\"<>]', url)
    return is_web and is_plain and "@" not in parts.netloc


def image_link(
    reference: Reference, template: str = "", insecure: Collection[str] = (), digest: str = ""
) -> Link | None:
    """Return the page of a tagged image, or None if its registry has none that is known.

    *template* makes it, or else the name of the registry tells.  Any other registry lists its
    tags: a browser gets no manifest, because it does not ask for its media type.  *insecure*
    are registries without TLS.
    """
    repository = reference.repository
    path, tag = repository.path, reference.tag or ""
    title = f"{path}:{tag[:12]}"
    if template:
        values = (repository.registry, path, path.rpartition("/")[2], tag, digest)
        quoted = (quote(value, safe="/:@[]") for value in values)
        url = template.format(**dict(zip(PLACEHOLDERS, quoted, strict=True)))
        return Link(title, url) if is_web_address(url) else None
    if page := _known_page(repository.registry, path, quote(tag)):
        return Link(title, page)
    if _API_ONLY.fullmatch(repository.registry):
        return None
    plain = repository.registry in insecure or _LOOPBACK.fullmatch(repository.registry)
    scheme = "http" if plain else "https"
    return Link(f"tags of {path}", f"{scheme}://{repository.registry}/v2/{path}/tags/list")


def _known_page(registry: str, path: str, tag: str) -> str:
    if registry == DEFAULT_REGISTRY:
        official = path.removeprefix("library/")
        page = f"_/{official}" if official != path else f"r/{path}"
        return f"https://hub.docker.com/{page}/tags?name={tag}"
    if registry == "ghcr.io":
        return f"https://ghcr.io/{path}:{tag}"
    if registry == "quay.io":
        return f"https://quay.io/repository/{path}?tab=tags&tag={tag}"
    # A longer path may name groups or images: only GitLab knows.
    if registry == "registry.gitlab.com" and path.count("/") == 1:
        return f"https://gitlab.com/{path}/container_registry"
    return ""


def proposal_link(remote: str, target: str, branch: str) -> Link | None:
    """Return the page that compares *branch* with *target*, None for an unknown git server.

    *remote* is the URL of the repository.  The name of its host tells which server it is.
    """
    if "://" in remote and not remote.startswith("ssh://"):
        try:
            parts = urlsplit(remote)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return None
        scheme, host, path = parts.scheme, parts.hostname or "", parts.path
    elif match := _OVER_SSH.fullmatch(remote):
        scheme, host, path, port = "https", match["host"], match["path"], ""
    else:
        return None
    change = f"{quote(target, safe='/')}...{quote(branch, safe='/')}"
    pages = {"github": "compare", "gitlab": "-/compare", "gitea": "compare"}
    pages |= {"forgejo": "compare", "codeberg": "compare"}
    page = pages.get(host.partition(".")[0])
    path = quote(path.strip("/").removesuffix(".git"), safe="/~")
    url = f"{scheme}://{host}{port}/{path}/{page}/{change}"
    return Link(branch, url) if page and path and is_web_address(url) else None
