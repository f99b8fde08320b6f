"""The HTTP resource below ``plugins/ship/api/``: one JSON answer for each question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from buildbot.www.authz.authz import Forbidden
from twisted.internet import defer
from twisted.python import log
from twisted.web import resource, server

from ..errors import ShipError
from .answers import Answers

_READ = ("builds",)
"""The endpoint of Buildbot's REST API that one must be allowed to read, to read the page."""


class Application(Protocol):
    """The plugin, which Buildbot gives its master and its configuration."""

    master: Any

    def answers(self) -> Answers:
        """Return what answers the questions."""


class Api(resource.Resource):
    """Answer ``GET api/NAME?OPTION=VALUE`` with JSON."""

    isLeaf = True

    def __init__(self, application: Application) -> None:
        """Answer for *application*."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.application = application

    def render_GET(self, request: Any) -> int:
        """Answer later."""
        defer.ensureDeferred(self._answer(request))
        done: int = server.NOT_DONE_YET
        return done

    async def _answer(self, request: Any) -> None:
        try:
            www = self.application.master.www
            await www.assertUserAllowed(request, _READ, "get", {})
            name = "/".join(part.decode("utf-8", "replace") for part in request.postpath)
            found = await self.application.answers().answer(name, _options(request.args))
            status, value = (200, found) if found is not None else (404, _error("no such page"))
        except Forbidden as error:
            status, value = 403, _error(_text(error.message))
        except ShipError as error:
            status, value = 400, _error(f"{error} - {error.remedy}")
        except Exception:
            log.err(None, "Ship page")  # type: ignore[no-untyped-call]
            status, value = 500, _error("internal error: look into the master's twistd.log")
        if not request._disconnected:
            _send(request, status, value)


def _send(request: Any, status: int, value: Any) -> None:
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json; charset=utf-8")
    request.setHeader(b"cache-control", b"no-store")
    request.setHeader(b"x-content-type-options", b"nosniff")
    request.write(json.dumps(value, separators=(",", ":")).encode())
    request.finish()


def _options(args: Mapping[bytes, list[bytes]]) -> dict[str, str]:
    """Return the last value of each option."""
    return {
        name.decode("utf-8", "replace"): values[-1].decode("utf-8", "replace")
        for name, values in args.items()
    }


def _error(why: str) -> dict[str, str]:
    return {"error": why}


def _text(message: bytes | str) -> str:
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else message
