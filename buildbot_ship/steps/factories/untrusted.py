"""An untrusted builder: the options of its steps, and the tests that it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
from buildbot import config
from buildbot.process.buildstep import BuildStep
from buildbot.process.results import WARNINGS

from ..base.secret_options import uses_secret
from ..base.skip_reason import skip_summary
from ..published import needs_build
from .choice import chosen_names
from .images import ShipImage


class LeftOutTests(BuildStep):  # type: ignore[misc]
    """Warn that an untrusted builder does not run the tests of *images*: they need secrets."""

    name = "tests-left-out"

    def __init__(self, images: Sequence[str], **kwargs: Any) -> None:
        """Take the names of the images."""
        self.images = images
        super().__init__(**kwargs)

    async def run(self) -> int:
        """Return WARNINGS."""
        warnings: int = WARNINGS
        return warnings

    def getResultSummary(self) -> dict[str, str]:
        """Return which tests are left out, and why."""
        text = (
            f"warning: the tests of {', '.join(self.images)} need secrets, and an untrusted "
            "builder has none: they run in the trusted builder, before it publishes"
        )
        return skip_summary(self) or {"step": text}


def step_options(
    options: Mapping[str, Any], trusted: bool, readers: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the options of every step of a builder; report wrong ones to Buildbot.

    *readers* are the logins of an untrusted builder.
    """
    if not isinstance(trusted, bool):
        config.error(f"ship_factory: trusted: {trusted!r} is not True or False")
    if trusted:
        if readers:
            config.error("ship_factory: readers are for trusted=False: use credentials")
        return {**options, "trusted": True}
    if options.get("credentials"):
        config.error(
            "ship_factory: with trusted=False, credentials are not accepted: give logins that "
            'can only read as readers={"registry.example.com": (user, util.Secret("name"))}'
        )
    for name, value in options.items():
        if name != "credentials" and uses_secret(value):
            config.error(
                f"ship_factory: an untrusted builder has no secrets: remove the one in {name}"
            )
    return {**options, "trusted": False, "credentials": readers}


def split_tests(
    images: Sequence[ShipImage], trusted: bool
) -> tuple[list[ShipImage], list[ShipImage]]:
    """Return the *images* as the builder tests them, and those whose tests it leaves out."""
    left_out = [] if trusted else [image for image in images if _needs_secrets(image)]
    tested = [attrs.evolve(each, smoke=None) if each in left_out else each for each in images]
    return tested, left_out


def left_out_tests(
    left_out: Sequence[ShipImage], images: Sequence[ShipImage]
) -> Iterator[LeftOutTests]:
    """Yield the step that warns of the tests of *left_out* among *images*, if there are any."""

    def why_not(step: Any) -> str:
        chosen = chosen_names(images, step)
        concerned = any(image.tested_with & chosen for image in left_out)
        return "" if concerned else "no test is left out"

    if left_out:
        wanted = needs_build.and_unless(why_not)
        yield LeftOutTests([image.name for image in left_out], doStepIf=wanted)


def _needs_secrets(image: ShipImage) -> bool:
    """Return whether the test of *image* has a secret, or a value that may become one."""
    containers = (image.test or {}).get("containers", ())
    if not isinstance(containers, (list, tuple)):
        return True
    return any(each.get("secrets") for each in containers) or uses_secret(image.test, True)
