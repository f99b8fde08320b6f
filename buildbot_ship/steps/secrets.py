"""The step for sealed secrets: `CheckSecrets`."""

from __future__ import annotations

from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import CheckSecretsRequest
from .base.step import ShipStep


class CheckSecrets(ShipStep):
    """Check the sealed secrets of a commit, and search the commit for plain secrets.

    The step changes nothing, and uses neither the engine nor the network.

    :param folder: the folder with ``recipients.txt`` and the sealed secrets
    :param revision: the commit to check
    :param key_file: a file on the worker with a private key, to open each secret as well
    """

    name = "check-secrets"
    request_type = CheckSecretsRequest
    request_options = ("folder", "revision", "key_file")
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        *,
        folder: str | IRenderable = "secrets",
        revision: str | IRenderable = "HEAD",
        key_file: str | IRenderable | None = None,
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.folder, self.revision, self.key_file = folder, revision, key_file
        super().__init__(**kwargs)
