"""The build factory for promotions: set a channel to a published image."""

from __future__ import annotations

from typing import Any

from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Property

from ..maintenance import CollectGarbage
from ..promotion import PromoteImage
from .requirement_options import checked_options
from .ship import with_garbage_collection


def promote_factory(*, tested: bool = True, **options: Any) -> BuildFactory:
    """Return a factory that sets a channel to a published image; see `PromoteImage`.

    Four build properties choose the work: ``image_repository`` is the repository, ``image`` a
    digest or the full hash of a commit, ``channel`` the tag to set (default: ``production``),
    and ``expected`` the digest that the channel must name now.  *options* has the options of
    every step.
    """
    options = checked_options("promote_factory", CollectGarbage, options)
    step = PromoteImage(
        Property("image_repository", default=""),
        Property("image", default=""),
        channel=Property("channel", default="production"),
        expected=Property("expected", default=""),
        tested=tested,
        **options,
    )
    return with_garbage_collection([], [step], options)
