"""`buildbot-ship affected PACKAGE`: ask a master which published images contain a package.

It is no verb: it runs on no worker, and needs neither an engine nor a checkout.  It needs the
standard library only, so it also runs in the environment of a master.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from ...errors import InvalidRequest, MasterUnavailable, without_login
from ...model.journal.affected import parse_query
from ...model.result import counted
from ..options import make_question_parser
from ..output.failure import print_failure

VARIABLE = "SHIP_URL"
_SECONDS = 60
_BAD_REQUEST = 400
_NO_PAGE = "it answers, but has no Ship page"


def run_affected(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print the affected images, and return the exit status.

    The status is 0 if the master answered, whether an image is affected or not.
    """
    parser = make_parser(environment)
    options = parser.parse_args(arguments)
    try:
        answer = _ask(options.master, options.package)
    except InvalidRequest as error:
        parser.exit(2, f"buildbot-ship affected: {error}\n  remedy: correct the command\n")
    except MasterUnavailable as error:
        return print_failure("affected", error, aside=options.json)
    if options.json:
        print(json.dumps(answer, indent=2))
    else:
        print("\n".join(_lines(answer)))
    return 0


def make_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = make_question_parser("affected")
    parser.add_argument("package", help="a name, with versions or without: urllib3==2.2.1")
    parser.add_argument(
        "--master",
        default=environment.get(VARIABLE),
        required=VARIABLE not in environment,
        metavar="URL",
        help=f"URL of the master's web UI (${VARIABLE})",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    return parser


def _ask(master: str, package: str) -> dict[str, Any]:
    """Return the master's answer.  Raises InvalidRequest, MasterUnavailable."""
    parse_query(package)
    query = urlencode({"package": package})
    shown = without_login(master)
    status, body = _get(f"{master.rstrip('/')}/plugins/ship/api/affected?{query}", shown)
    try:
        answer = json.loads(body)
    except ValueError:
        raise MasterUnavailable(shown, f"{_NO_PAGE}: it sent no JSON") from None
    if isinstance(answer, dict) and "images" in answer:
        return answer
    why = str(answer.get("error", "")) if isinstance(answer, dict) else ""
    if status == _BAD_REQUEST:
        raise InvalidRequest(f"the question to {shown}", why)
    raise MasterUnavailable(shown, why or _NO_PAGE)


def _get(url: str, shown: str) -> tuple[int, bytes]:
    """Return status and body.  Raises InvalidRequest, or MasterUnavailable with *shown*."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidRequest("--master", f"{shown} is no URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        why = f"{shown} is no URL: write it with http:// or https://"
        raise InvalidRequest("--master", why)
    login, _, host = parts.netloc.rpartition("@")
    plain = urllib.request.Request(parts._replace(netloc=host).geturl())  # noqa: S310
    if login:
        encoded = base64.b64encode(unquote(login).encode()).decode()
        plain.add_header("Authorization", f"Basic {encoded}")
    try:
        with urllib.request.urlopen(plain, timeout=_SECONDS, context=_trust()) as reply:  # noqa: S310
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MasterUnavailable(shown, _reason(error)) from None


def _trust() -> ssl.SSLContext:
    """Return what is trusted: the authorities of this machine and of REQUESTS_CA_BUNDLE."""
    context = ssl.create_default_context()
    if bundle := os.environ.get("REQUESTS_CA_BUNDLE"):
        is_folder = os.path.isdir(bundle)
        context.load_verify_locations(**{"capath" if is_folder else "cafile": bundle})
    return context


def _reason(error: Exception) -> str:
    """Return why there was no answer, without the URL."""
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__).lower()


def _lines(answer: Mapping[str, Any]) -> list[str]:
    images = answer["images"]
    searched = counted(answer["searched"], "repository", "repositories")
    count = f"{counted(len(images), 'image')} affected, {searched} searched"
    return [f"{answer['asked']}: {count}", *(line for row in images for line in _row(row))]


def _row(row: Mapping[str, Any]) -> list[str]:
    live = ", ".join(row["channels"])
    state = " and ".join(filter(None, ["newest" * row["newest"], live and f"live in {live}"]))
    return [
        f"{row['repository']}@{row['digest']} ({state})",
        f"  {row['name']} {row['version']} since commit {row['since']['commit'][:12]} "
        f"({row['since']['at']}), through {' -> '.join(row['through'])}",
    ]
