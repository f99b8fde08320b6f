"""Generated files as branches for review: `ProposeChange`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.request import ProposeRequest
from .base.step import ShipStep


class ProposeChange(ShipStep):
    """Commit the changed files of the worker's checkout and push them as a new branch.

    No branch is ever moved, and the same proposal is not made twice.  The server's login
    is one of ``credentials``: a user with a password for https, with a private key for ssh.

    :param topic: what it is about, as a part of the branch's name: ``bases``
    :param files: patterns of the files that belong to the proposal, if they changed
    :param message: the first line of the commit's message
    :param target: the branch that the proposal is for
    :param repourl: the URL of the repository on its server, or the name of a remote
    :param prefix: how the branch's name begins
    :param author: who the commit is by: ``Name <mail@example.com>``
    :param push_options: git push options, by which servers open merge requests
    :param known_hosts: the server's host keys, as in ssh's known_hosts; none: the worker's
    :param again: also propose what was proposed before and somebody deleted
    """

    name = "propose"
    request_type = ProposeRequest
    own_options = (
        "topic",
        "files",
        "message",
        "target",
        "repourl",
        "prefix",
        "author",
        "push_options",
        "known_hosts",
        "again",
    )
    # A step's own `remote` is its worker.
    field_names: ClassVar[Mapping[str, str]] = {"repourl": "remote"}
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        topic: str | IRenderable,
        files: Sequence[str] | IRenderable,
        message: str | IRenderable,
        *,
        target: str | IRenderable = "main",
        repourl: str | IRenderable = "origin",
        prefix: str | IRenderable = "ship/",
        author: str | IRenderable = "buildbot-ship <buildbot-ship@localhost>",
        push_options: Sequence[str] | IRenderable = (),
        known_hosts: str | IRenderable = "",
        again: bool | IRenderable = False,
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.topic, self.files, self.message = topic, files, message
        self.target, self.repourl, self.prefix = target, repourl, prefix
        self.author, self.push_options = author, push_options
        self.known_hosts, self.again = known_hosts, again
        super().__init__(**kwargs)

    def is_news(self) -> bool:
        """Tell that a night's build is about this."""
        return True
