"""Warnings of a call by hand: uncommitted files, and images without their source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...errors import RepositoryError
from ...model.request import BuildRequest, ImageRequest, Request
from ...source.git_command import git


def find_warnings(
    request: Request, checkout: Path, *, is_head: bool
) -> Callable[[], tuple[str, ...]]:
    """Start to look for faults while the verb runs; return what waits for the warnings.

    With *is_head*, the verb reads the commit of the checkout, and not another one.
    """
    left = _uncommitted(checkout) if is_head else str

    def warnings() -> tuple[str, ...]:
        return tuple(filter(None, (left(), _source(request, checkout))))

    return warnings


def _uncommitted(checkout: Path) -> Callable[[], str]:
    from ...source.uncommitted import Uncommitted  # noqa: PLC0415

    return Uncommitted(str(checkout)).warning


def _source(request: Request, checkout: Path) -> str:
    """Return a warning if images get no label, and a master would label them."""
    images: tuple[ImageRequest, ...] = ()
    if isinstance(request, BuildRequest):
        images = request.images
    elif isinstance(request, ImageRequest):
        images = (request,)
    if all(image.source for image in images):
        return ""
    try:
        output = git(checkout, "the remote origin", "remote", "get-url", "origin")
    except RepositoryError:
        return ""
    from ...model.project.files import without_login  # noqa: PLC0415

    url = without_login(output.decode("utf-8", "replace").strip())
    return (
        f"without --source {url} the image has no label with its source; a Buildbot master "
        "sets this label, so it builds another image of this commit, and cannot publish it "
        "after this one"
    )
