"""Replace the secrets of a build in all texts that Buildbot stores: logs, summaries, data.

Buildbot remembers each secret that a build renders, and replaces its raw text in streamed logs
and summaries with ``<name>``.  It calls ``properties.cleanupTextFromSecrets`` for that.  This
module replaces that method for the builds of our steps, so every text loses every encoding of
every secret, whether Buildbot or a step of ours stores it.
"""

from __future__ import annotations

from typing import Any

from buildbot.process.properties import Properties

from ...model.secrets.masking import Mask, mask_of


class BuildMask:
    """Masks the secrets that a build has rendered so far; *properties* are the build's."""

    def __init__(self, properties: Properties) -> None:
        """Start without secrets."""
        self._properties = properties
        self._secrets: dict[str, str] = {}
        self._mask: Mask = mask_of({})

    def __call__(self, text: str) -> str:
        """Return *text* with ``<name>`` in the place of each secret."""
        used: dict[str, str] = self._properties._used_secrets
        if used != self._secrets:
            self._secrets = dict(used)
            self._mask = mask_of(self._secrets)
        return self._mask(text)


def mask_for(build: Any) -> Mask:
    """Return the mask of *build*; from now on, Buildbot uses it for the build's logs too."""
    properties = build.properties
    mask = properties.__dict__.get("cleanupTextFromSecrets")
    if not isinstance(mask, BuildMask):
        mask = properties.cleanupTextFromSecrets = BuildMask(properties)
    return mask


def add_secret(build: Any, value: str, name: str) -> None:
    """Let *build* hide *value*, which is not one of Buildbot's secrets, as ``<name>``."""
    if value not in build.properties._used_secrets:
        build.properties.useSecret(value, name)
