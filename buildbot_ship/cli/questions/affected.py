"""`buildbot-ship affected PACKAGE`: ask a master which published images contain a package.

It is no verb: it runs on no worker, and needs neither an engine nor a checkout.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import MasterUnavailable
from ...model.result import counted
from ..options import make_question_parser
from ..output.failure import print_failure

VARIABLE = "SHIP_URL"
_SECONDS = 60


def run_affected(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print the affected images, and return the exit status.

    The status is 0 if the master answered, whether an image is affected or not.
    """
    options = make_parser(environment).parse_args(arguments)
    try:
        answer = _ask(options.master, options.package)
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
    """Return the master's answer.  Raises MasterUnavailable."""
    # Imported late: it takes most of the time of a call.
    import requests  # noqa: PLC0415

    url = f"{master.rstrip('/')}/plugins/ship/api/affected"
    try:
        reply = requests.get(url, params={"package": package}, timeout=_SECONDS)
        answer: Any = reply.json()
    except requests.RequestException as error:
        raise MasterUnavailable(master, _reason(error)) from None
    if not isinstance(answer, dict) or "images" not in answer:
        why = answer.get("error") if isinstance(answer, dict) else None
        raise MasterUnavailable(master, str(why or "it does not have the plugin ship"))
    return answer


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and not isinstance(error, ConnectionError):
        return "its answer is not JSON: it does not have the plugin ship"
    return f"{type(error).__name__}"


def _lines(answer: Mapping[str, Any]) -> list[str]:
    images = answer["images"]
    count = f"{len(images)} affected, {counted(answer['searched'], 'image')} searched"
    return [f"{answer['asked']}: {count}", *(line for row in images for line in _row(row))]


def _row(row: Mapping[str, Any]) -> list[str]:
    live = ", ".join(row["channels"])
    state = " and ".join(filter(None, ["newest" * row["newest"], live and f"live in {live}"]))
    return [
        f"{row['repository']}@{row['digest']} ({state})",
        f"  {row['name']} {row['version']} since commit {row['since']['commit'][:12]} "
        f"({row['since']['at']}), through {' -> '.join(row['through'])}",
    ]
