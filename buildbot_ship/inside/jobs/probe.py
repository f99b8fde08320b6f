"""Ask the services of a smoke test for answers, from a container on their network.

job.json: ``{"checks": [{"url": "http://app:8080/", "status": 200, "text": "Result"}, ...],
"deadline": SECONDS, "settle": SECONDS}``.
result.json: ``{"answers": [{"passed": true, "why": "200"}, ...]}``, in the order
of the checks; *why* is the last answer.

A check is repeated until it passes or the deadline is over.  After the last one has passed, and
*settle* seconds later, every port must still accept connections.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from job import main, say

PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 1.0, 1.3
"""Seconds between the first two attempts, and at most; each pause is longer by this factor."""
MAX_BODY = 1 << 20
"""Bytes of an answer in which the text is searched."""
QUOTED = 400
"""Characters of an answer in a message."""


class WrongAnswer(Exception):
    """The service answered, but not what the check expects."""


def quote(body: bytes) -> str:
    """Return the begin of an answer in one line."""
    text = " ".join(body[: 4 * QUOTED].decode("utf-8", "replace").split())
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}..."


def read(take: Callable[[int], bytes], text: bytes, end: float) -> bytes:
    """Return what *take* yields, until it has *text*, ends or is too long, or *end* is past."""
    body = b""
    while len(body) < MAX_BODY and time.monotonic() < end:
        chunk = take(MAX_BODY - len(body))
        body += chunk
        if not chunk or (text and text in body):
            break
    return body


def ask_http(url: SplitResult, check: dict[str, Any], end: float) -> str:
    """Send one request; return the status.  Raises WrongAnswer, OSError, HTTPException."""
    timeout = max(PAUSE, end - time.monotonic())
    connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=timeout)
    try:
        path = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = read(answer.read1, check["text"].encode(), end)
    finally:
        connection.close()
    found = f"{answer.status}: {quote(body)}" if body else f"{answer.status}"
    if answer.status != check["status"]:
        raise WrongAnswer(f"it answered {found}; the check expects {check['status']}")
    if check["text"].encode() not in body:
        raise WrongAnswer(f"it answered {found}; the check expects the text {check['text']!r}")
    return str(answer.status)


def ask_tcp(url: SplitResult, check: dict[str, Any], end: float) -> str:
    """Connect once, and read the text.  Raises WrongAnswer, OSError."""
    timeout = max(PAUSE, end - time.monotonic())
    with socket.create_connection((url.hostname, url.port or 0), timeout) as connection:
        text = check["text"].encode()
        body = read(connection.recv, text, end) if text else b""
    if text not in body:
        raise WrongAnswer(f"it sent {quote(body)!r}; the check expects {check['text']!r}")
    return "connected"


def describe(error: Exception, url: SplitResult) -> str:
    """Return why there was no answer."""
    if isinstance(error, WrongAnswer):
        return str(error)
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens on port {url.port or 80}"
    if isinstance(error, socket.gaierror):
        return f"the name {url.hostname} does not resolve"
    if isinstance(error, TimeoutError):
        return "it accepted the connection, and did not answer before the deadline"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    text = quote(str(error).encode())
    return f"it sent no valid answer ({type(error).__name__}: {text})"


def ask_until(check: dict[str, Any], start: float, end: float) -> dict[str, Any]:
    """Repeat a check until it passes or *end* is past; return the last answer."""
    url = urlsplit(check["url"])
    ask = ask_http if url.scheme == "http" else ask_tcp
    attempts, pause, answered = 0, PAUSE, ""
    while True:
        attempts += 1
        try:
            why, passed = ask(url, check, end), True
        except (OSError, http.client.HTTPException, WrongAnswer) as error:
            why, passed = describe(error, url), False
            answered = why if isinstance(error, WrongAnswer) else answered
        now = time.monotonic()
        if passed or now + pause > end:
            break
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
    if not passed and answered:
        # The last request may have been cut off by the deadline.
        why = answered
    say(f"{check['url']}: {why} ({now - start:.1f} s, request {attempts})")
    return {"passed": passed, "why": why}


def still_listens(check: dict[str, Any]) -> dict[str, Any] | None:
    """Return None if the port of a check accepts a connection, else the answer."""
    url = urlsplit(check["url"])
    try:
        socket.create_connection((url.hostname, url.port or 80), timeout=5).close()
    except OSError as error:
        why = f"it answered once; then {describe(error, url)}"
        return {"passed": False, "why": why}
    return None


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Run all checks at once."""
    start = time.monotonic()
    end = start + arguments["deadline"]
    checks = arguments["checks"]
    with ThreadPoolExecutor(len(checks)) as pool:
        answers = list(pool.map(partial(ask_until, start=start, end=end), checks))
    if all(answer["passed"] for answer in answers):
        time.sleep(arguments["settle"])
        answers = [still_listens(c) or a for c, a in zip(checks, answers, strict=True)]
    return {"answers": answers}


if __name__ == "__main__":
    main(work)
