"""Warnings of a call by hand: uncommitted files, and images without their source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...model.request import BuildRequest, FindRequest, ImageRequest, Request
from ..arguments import Call


def find_warnings(call: Call) -> Callable[[], tuple[str, ...]]:
    """Start to look for faults while the verb runs; return what waits for the warnings."""
    if not call.warns_of_uncommitted or call.envelope is None:
        return tuple
    from ...source.uncommitted import Uncommitted  # noqa: PLC0415

    request, uncommitted = call.envelope.request, Uncommitted(str(call.checkout))

    def warnings() -> tuple[str, ...]:
        return tuple(filter(None, (uncommitted.warning(), _source(request, call.checkout))))

    return warnings


def _source(request: Request, checkout: Path) -> str:
    """Return a warning if images get no label, and a master would label them."""
    images: tuple[ImageRequest, ...] = ()
    if isinstance(request, (BuildRequest, FindRequest)):
        images = request.images
    elif isinstance(request, ImageRequest):
        images = (request,)
    if all(image.source for image in images):
        return ""
    from ...errors import RepositoryError  # noqa: PLC0415
    from ...model.project.files import without_login  # noqa: PLC0415
    from ...source.git_command import git  # noqa: PLC0415

    try:
        output = git(checkout, "the remote origin", "remote", "get-url", "origin")
    except RepositoryError:
        return ""
    url = without_login(output.decode("utf-8", "replace").strip())
    return (
        f"without --source {url} the image has no label with its source; a Buildbot master "
        "sets this label, so it builds another image of this commit, and cannot publish it "
        "after this one"
    )
