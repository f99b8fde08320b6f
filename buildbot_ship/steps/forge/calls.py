"""What each forge is asked about merge requests, and how its answers are read.

Sources: GitHub, https://docs.github.com/en/rest/pulls/pulls; GitLab,
https://docs.gitlab.com/api/merge_requests/; Gitea and Forgejo, the page /api/swagger of any
server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import attrs

OPEN = "open"


@attrs.frozen
class Call:
    """One HTTP request: a path below the URL of the API, and the JSON that it sends."""

    method: str
    path: str
    body: Mapping[str, object] | None = None


@attrs.frozen
class Proposal:
    """The branch that a merge request is for, and its texts, in Markdown."""

    branch: str
    target: str
    title: str
    text: str


@attrs.frozen
class MergeRequest:
    """A merge request on a forge: its page and its state, `OPEN` or another word."""

    url: str
    state: str


class Calls(Protocol):
    """The calls of one kind of forge; *path* is that of the repository: ``team/app``."""

    scopes: str
    """What the token must permit."""
    exists: int
    """The status of the answer if there is an open merge request of the branch already."""
    missing_is_none: bool
    """Whether `find` answers 404 if there is no merge request."""

    def api(self, server: str) -> str:
        """Return the URL of the API of a *server*, such as ``https://git.example.com``."""
        ...

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of every call."""
        ...

    def find(self, path: str, proposal: Proposal) -> Call:
        """Return the call that finds the newest merge request of a branch."""
        ...

    def found(self, answer: Any) -> MergeRequest | None:
        """Return the merge request in the *answer* of `find`."""
        ...

    def open(self, path: str, proposal: Proposal) -> Call:
        """Return the call that opens a merge request."""
        ...

    def opened(self, answer: Any) -> MergeRequest:
        """Return the merge request in the *answer* of `open`."""
        ...


class GitHub:
    """The REST API of GitHub, and of GitHub Enterprise Server."""

    scopes = "the permission to read and write pull requests and commit statuses"
    exists = 422
    missing_is_none = False

    def api(self, server: str) -> str:
        """Return the URL of the API."""
        hosted = server == "https://github.com"
        return "https://api.github.com" if hosted else f"{server}/api/v3"

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of every call."""
        return {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "buildbot-ship",
        }

    def find(self, path: str, proposal: Proposal) -> Call:
        """Return the call that lists the pull requests of the branch, newest first."""
        owner = path.partition("/")[0]
        wanted = {
            "head": f"{owner}:{proposal.branch}",
            "base": proposal.target,
            "state": "all",
            "per_page": 1,
        }
        return Call("get", f"/repos/{quote(path)}/pulls?{urlencode(wanted)}")

    def found(self, answer: Any) -> MergeRequest | None:
        """Return the first pull request."""
        return self.opened(answer[0]) if len(answer) else None

    def open(self, path: str, proposal: Proposal) -> Call:
        """Return the call that opens a pull request."""
        body = {
            "title": proposal.title,
            "head": proposal.branch,
            "base": proposal.target,
            "body": proposal.text,
        }
        return Call("post", f"/repos/{quote(path)}/pulls", body)

    def opened(self, answer: Any) -> MergeRequest:
        """Return the pull request."""
        merged = answer.get("merged_at") or answer.get("merged")
        return MergeRequest(answer["html_url"], "merged" if merged else answer["state"])


class Gitea(GitHub):
    """The API of Gitea and Forgejo, which has the bodies of GitHub's."""

    scopes = "the permissions to read and write repositories and issues"
    exists = 409
    missing_is_none = True

    def api(self, server: str) -> str:
        """Return the URL of the API."""
        return f"{server}/api/v1"

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of every call."""
        return {"Authorization": f"token {token}", "Accept": "application/json"}

    def find(self, path: str, proposal: Proposal) -> Call:
        """Return the call that reads the pull request of two branches."""
        target, branch = quote(proposal.target, safe=""), quote(proposal.branch)
        return Call("get", f"/repos/{quote(path)}/pulls/{target}/{branch}")

    def found(self, answer: Any) -> MergeRequest | None:
        """Return the pull request."""
        return self.opened(answer)


class GitLab:
    """The REST API of GitLab."""

    scopes = "the scope api, and the role Developer"
    exists = 409
    missing_is_none = False

    def api(self, server: str) -> str:
        """Return the URL of the API."""
        return f"{server}/api/v4"

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of every call."""
        return {"PRIVATE-TOKEN": token, "Accept": "application/json"}

    def find(self, path: str, proposal: Proposal) -> Call:
        """Return the call that lists the merge requests of the branch, newest first."""
        wanted = {
            "source_branch": proposal.branch,
            "target_branch": proposal.target,
            "state": "all",
            "per_page": 1,
        }
        return Call("get", f"{_project(path)}/merge_requests?{urlencode(wanted)}")

    def found(self, answer: Any) -> MergeRequest | None:
        """Return the first merge request."""
        return self.opened(answer[0]) if len(answer) else None

    def open(self, path: str, proposal: Proposal) -> Call:
        """Return the call that opens a merge request."""
        body = {
            "title": proposal.title,
            "source_branch": proposal.branch,
            "target_branch": proposal.target,
            "description": proposal.text,
            "remove_source_branch": True,
        }
        return Call("post", f"{_project(path)}/merge_requests", body)

    def opened(self, answer: Any) -> MergeRequest:
        """Return the merge request."""
        state = OPEN if answer["state"] == "opened" else answer["state"]
        return MergeRequest(answer["web_url"], state)


def _project(path: str) -> str:
    return f"/projects/{quote(path, safe='')}"


CALLS: Mapping[str, Calls] = {"github": GitHub(), "gitlab": GitLab(), "gitea": Gitea()}
