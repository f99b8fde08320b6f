"""The same answer for every server: who answers, and whether its library is there."""

import json
import os
import sys
from contextlib import suppress

with suppress(ImportError):
    import changing  # noqa: F401  # the servers that reload watch it


def told() -> bytes:
    import own.plugin

    found = {"prefix": sys.prefix, "own": own.plugin.plugin(), "pid": os.getpid()}
    return json.dumps(found).encode()


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [told()]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told()})
