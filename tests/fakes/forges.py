"""The calls of GitHub, GitLab and Gitea that we make, as their documentation describes them.

Sources: https://docs.github.com/en/rest (pulls, commits/statuses), https://docs.gitlab.com/api/
(merge_requests, commits, projects), and `templates/swagger/v1_json.tmpl` of Gitea.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from tests.fakes.http import Request, Response, Server, serving

PATH, TOKEN, SECRET = "team/app", "a-token-of-the-forge", "a-secret-of-the-hook"
Json = dict[str, Any]
_FIELDS = {
    "github": ("head", "base", "body"),
    "gitea": ("head", "base", "body"),
    "gitlab": ("source_branch", "target_branch", "description"),
}
_EXISTS = {"github": 422, "gitea": 409, "gitlab": 409}
_PREFIX = {"github": "/api/v3", "gitea": "/api/v1", "gitlab": "/api/v4"}
_REPOSITORY = {
    "github": f"/repos/{PATH}",
    "gitea": f"/repos/{PATH}",
    "gitlab": f"/projects/{PATH.replace('/', '%2F')}",
}
_STATES = {
    "github": {"pending", "success", "error", "failure"},
    "gitea": {"pending", "success", "error", "failure", "warning"},
    "gitlab": {"pending", "running", "success", "failed", "canceled", "skipped"},
}


@attrs.define
class Forge:
    """One forge with one repository; *fault* answers instead of it."""

    KINDS: ClassVar[tuple[str, ...]] = ("github", "gitlab", "gitea")
    kind: str
    server: Server
    requests: list[Json] = attrs.field(factory=list)
    """The merge requests: ``branch``, ``target``, ``title``, ``text``, ``state``."""
    statuses: list[tuple[str, Json]] = attrs.field(factory=list)
    """The statuses by commit, in the order in which they came."""
    fault: Callable[[Request], Response | None] = lambda _: None

    @property
    def api(self) -> str:
        """Return the URL of the API."""
        return f"http://{self.server.address}{_PREFIX[self.kind]}"

    def url(self, number: int) -> str:
        """Return the page of a merge request."""
        return f"http://{self.server.address}/{PATH}/{number}"

    def answer(self, request: Request) -> Response:
        """Return the response to a call."""
        if fault := self.fault(request):
            return fault
        if not self._is_authorised(request.headers):
            return _json(401, {"message": "Bad credentials"})
        parts = urlsplit(request.path)
        path = parts.path.removeprefix(_PREFIX[self.kind])
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.loads(request.body) if request.body else {}
        if self.kind == "gitlab" and path == _REPOSITORY["gitlab"]:
            return _json(200, {"id": 7})
        inner = path.removeprefix(_REPOSITORY[self.kind]).replace("/projects/7", "")
        if inner == path and not path.startswith("/projects/7"):
            return _json(404, {"message": "Not Found"})
        return self._in_repository(request.method, inner, query, body)

    def _in_repository(self, method: str, path: str, query: Json, body: Json) -> Response:
        if method == "POST" and (commit := re.fullmatch("/statuses/([0-9a-f]{40})", path)):
            assert body["state"] in _STATES[self.kind], body
            self.statuses.append((commit[1], body))
            return _json(201, {})
        name = "merge_requests" if self.kind == "gitlab" else "pulls"
        if method == "POST" and path == f"/{name}":
            return self._open(body)
        if self.kind == "gitea" and (names := re.fullmatch("/pulls/([^/]+)/(.+)", path)):
            found = self._of(unquote(names[2]), unquote(names[1]))
            return _json(200, self._shown(found[0])) if found else _json(404, {"message": "x"})
        if method == "GET" and path == f"/{name}":
            assert query["state"] == "all"
            head, base = _FIELDS[self.kind][:2]
            branch = query[head].removeprefix(f"{PATH.partition('/')[0]}:")
            found = self._of(branch, query[base])
            return _json(200, [self._shown(each) for each in found][: int(query["per_page"])])
        return _json(404, {"message": "Not Found"})

    def _open(self, body: Json) -> Response:
        head, base, text = _FIELDS[self.kind]
        if any(each["state"] == "open" for each in self._of(body[head], body[base])):
            said = {"message": "Validation Failed", "errors": [{"message": "already exists"}]}
            return _json(_EXISTS[self.kind], said)
        self.requests.append(
            {
                "branch": body[head],
                "target": body[base],
                "title": body["title"],
                "text": body[text],
                "state": "open",
            }
        )
        return _json(201, self._shown(self.requests[-1]))

    def _of(self, branch: str, target: str) -> list[Json]:
        """Return the merge requests of a branch, newest first."""
        found = [r for r in self.requests if (r["branch"], r["target"]) == (branch, target)]
        return found[::-1]

    def _shown(self, request: Json) -> Json:
        url = self.url(self.requests.index(request) + 1)
        if self.kind == "gitlab":
            state = "opened" if request["state"] == "open" else request["state"]
            return {"web_url": url, "state": state}
        return {"html_url": url, "state": request["state"], "merged_at": None}

    def _is_authorised(self, headers: Mapping[str, str]) -> bool:
        if self.kind == "gitlab":
            return headers.get("PRIVATE-TOKEN", headers.get("Private-Token")) == TOKEN
        # GitHub takes both words.
        words = {"gitea": ("token",), "github": ("token", "Bearer")}[self.kind]
        return headers.get("Authorization") in [f"{word} {TOKEN}" for word in words]

    def webhook(self, body: bytes, secret: str = SECRET) -> dict[str, str]:
        """Return the headers with which this forge sends a webhook."""
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        own = {
            "github": {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest}"},
            "gitea": {"X-Gitea-Event": "push", "X-Gitea-Signature": digest},
            "gitlab": {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": secret},
        }
        return {"Content-Type": "application/json", **own[self.kind]}


def _json(status: int, content: object) -> Response:
    return Response(status, json.dumps(content).encode())


@contextmanager
def forge_of(kind: str) -> Iterator[Forge]:
    """Run a forge of one kind."""
    with serving() as server:
        forge = Forge(kind, server)
        server.respond = forge.answer
        yield forge
