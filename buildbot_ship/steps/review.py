"""`ProposeChange`: push generated files as a branch for review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..model.decision.links import Link, proposal_link
from ..model.request import ProposeRequest
from ..model.result import Result
from .base.step import ShipStep


class ProposeChange(ShipStep):
    """Commit the changed files in the checkout, and push them as a new branch.

    The step never moves a branch, and pushes the same proposal only once.  The login comes
    from ``credentials``: a user and a password for https, or a user and a private key for ssh.

    :param topic: the topic, a part of the branch name, for example ``bases``
    :param files: patterns of the files to commit if they changed
    :param message: the first line of the commit message
    :param target: the branch into which the proposal should be merged
    :param repourl: the URL of the repository on its server, or the name of a remote
    :param prefix: the start of the branch name
    :param author: the author of the commit: ``Name <mail@example.com>``
    :param push_options: git push options, for example to open a merge request
    :param known_hosts: host keys of the server, in the format of ssh's ``known_hosts``;
        default: those of the worker
    :param again: push a proposal again even if somebody deleted its branch
    """

    name = "propose"
    request_type = ProposeRequest
    request_options = (
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
    # BuildStep.remote is the connection to the worker.
    field_of_option: ClassVar[Mapping[str, str]] = {"repourl": "remote"}
    renderables: ClassVar[tuple[str, ...]] = request_options

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
        """Set the options of this step and of `ShipStep`."""
        self.topic, self.files, self.message = topic, files, message
        self.target, self.repourl, self.prefix = target, repourl, prefix
        self.author, self.push_options = author, push_options
        self.known_hosts, self.again = known_hosts, again
        super().__init__(**kwargs)

    def links(self, outcome: Result) -> Iterator[Link]:
        """Yield the page that compares the proposal with its target, if there is one."""
        branch = outcome.properties.get("ship_proposal")
        if branch and (link := proposal_link(self.repourl, self.target, str(branch))):
            yield link

    def summarizes_build(self) -> bool:
        """Return True: a nightly build runs for the sake of this step."""
        return True
