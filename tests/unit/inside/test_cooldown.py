"""The cooldown: files that are too young, exempt packages, indexes without upload times."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.raw_http import Connection, raw_server
from tests.scripts import scripts_folder

SCRIPT = """
import json, sys
from cooldown import Cooldown
from index import Index
from job import Failed
from strict_lines import pins
index = Index({"url": sys.argv[1], "seconds": 5}, {})
cooldown = Cooldown.of(float(sys.argv[2]), sys.argv[3].split(",") if sys.argv[3] else [])
found = list(pins(sys.argv[4]))
try:
    cooldown.check(index, found)
    answer = {"ages": cooldown.ages(index, found)}
except Failed as failed:
    answer = {"why": failed.why, "hint": failed.hint}
print(json.dumps({**answer, "environment": cooldown.environment()}))
"""
OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
ONLY_OLD = "only the old one"
JSON = "application/vnd.pypi.simple.v1+json"


def listing(times: object) -> Any:
    """Return a server of six 1.0: a wheel of 30 days ago, and one of two days ago.

    *times* says whether it states them, or only that of the old one; another value is stated as
    the time of both.
    """

    def respond(connection: Connection) -> None:
        files = []
        for digest, days, tag in ((OLD, 30, "py3"), (NEW, 2, "py2.py3")):
            moment = datetime.now(UTC) - timedelta(days=days)
            name = f"six-1.0-{tag}-none-any.whl"
            entry: dict[str, object] = {
                "filename": name,
                "url": name,
                "hashes": {"sha256": digest},
            }
            if times is True or (times == ONLY_OLD and digest == OLD):
                entry["upload-time"] = moment.isoformat().replace("+00:00", "Z")
            elif times not in (False, ONLY_OLD):
                entry["upload-time"] = times
            files.append(entry)
        body = json.dumps({"meta": {"api-version": "1.1"}, "files": files}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.write(head.encode() + body)

    return respond


def ask(days: float, *hashes: str, exempt: str = "", times: object = True) -> dict[str, Any]:
    pin = "six==1.0" + "".join(f" --hash=sha256:{digest}" for digest in hashes)
    with raw_server(listing(times)) as server:
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, f"http://{server.address}", str(days), exempt, pin],
            cwd=scripts_folder(),
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_a_file_that_is_old_enough_is_accepted_with_its_age() -> None:
    assert ask(7, OLD)["ages"] == {"six==1.0": pytest.approx(30, abs=0.1)}


def test_a_new_file_of_an_old_release_is_refused() -> None:
    assert ask(7, OLD, NEW)["why"] == "cooldown: a file of six==1.0 is 2.0 days old"


def test_an_exempt_package_has_no_cooldown() -> None:
    answer = ask(7, OLD, NEW, exempt="Six")
    assert "ages" in answer
    assert answer["environment"]["SHIP_COOLDOWN_EXCEPT"] == "six"


def test_a_file_that_no_index_lists_is_refused() -> None:
    why = "cooldown: the package index does not state when six==1.0 was uploaded"
    assert ask(7, OTHER)["why"] == why


def test_an_index_without_upload_times_is_an_error() -> None:
    answer = ask(7, OLD, times=False)
    assert answer["why"].endswith("does not state when six==1.0 was uploaded")
    assert "PEP 700" in answer["hint"]


def test_a_file_without_a_time_counts_even_if_it_was_not_chosen() -> None:
    why = ask(7, OLD, times=ONLY_OLD)["why"]
    assert why == "cooldown: the package index does not state when a file of six was uploaded"
    assert "why" not in ask(7, OLD, times=ONLY_OLD, exempt="six")


def test_without_a_cooldown_nothing_is_asked_and_no_age_is_no_error() -> None:
    answer = ask(0, OLD, times=False)
    assert answer == {"ages": {}, "environment": {}}


@pytest.mark.parametrize("odd", [None, 1764366000, "", "yesterday", "2026-99-01T00:00:00Z"])
def test_a_time_that_is_none_counts_as_not_stated(odd: object) -> None:
    assert ask(0, OLD, times=odd)["ages"] == {}
    assert "the package index does not state when" in ask(7, OLD, times=odd)["why"]


EXPLAIN = """
import json, sys
from cooldown import explain
from job import Failed
why, hint, output, days = json.loads(sys.argv[1])
failed = explain(Failed(why, hint, output), days)
print(json.dumps([failed.why, failed.hint]))
"""


@pytest.mark.parametrize(
    ("why", "hint", "output", "days", "expected"),
    [
        ("x does not resolve", "correct x", "", 0, "correct x"),
        (
            "the build requirements of x do not resolve",
            "correct x",
            "",
            7,
            "correct x; no file younger than 7 days counts (cooldown)",
        ),
        ("x has no hash", "correct x", "", 7, "correct x"),
        (
            "x does not resolve",
            None,
            "",
            0.5,
            "no file younger than 0.5 days counts (cooldown)",
        ),
        ("x does not resolve", "correct x", "the index does not provide upload-time", 7, "PEP"),
    ],
)
def test_what_does_not_resolve_names_the_cooldown(
    why: str, hint: str | None, output: str, days: float, expected: str
) -> None:
    argv = [sys.executable, "-c", EXPLAIN, json.dumps([why, hint, output, days])]
    ran = subprocess.run(argv, cwd=scripts_folder(), capture_output=True, text=True, check=True)
    said = json.loads(ran.stdout)[1]
    assert expected in said if expected == "PEP" else said == expected
