"""Listings of package indexes: each project is asked for once, and again for a newer file."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.scripts import scripts_folder

SCRIPT = """
import json, sys, threading
from index_listing import File
from job import Failed
from listings import Listings
asked, index = [], {"six": ["a"], "attrs": ["b"]}

def ask(name):
    asked.append(name)
    if name not in index:
        raise Failed(f"{name} is nowhere")
    return [File(digest, digest, digest, False) for digest in index[name]]

listings = Listings(ask)
exec(sys.argv[1])
print(json.dumps(sorted(asked)))
"""


def asked(script: str) -> Any:
    argv = [sys.executable, "-c", SCRIPT, script]
    ran = subprocess.run(
        argv, cwd=scripts_folder(), check=True, capture_output=True, text=True, timeout=30
    )
    return json.loads(ran.stdout)


def test_a_project_is_asked_for_once() -> None:
    assert asked("listings.prefetch(['six', 'attrs', 'six']); listings.files('six')") == [
        "attrs",
        "six",
    ]


def test_an_error_in_the_background_counts_when_the_files_are_needed() -> None:
    script = "listings.prefetch_later(['gone', 'six'])\n"
    script += "try: listings.files('gone')\nexcept Failed: print('failed')\n"
    script += "assert [file.name for file in listings.files('six')] == ['a']"
    assert asked(script.replace("print('failed')", "asked.append('failed')"))[:2] == [
        "failed",
        "gone",
    ]


def test_a_file_that_came_later_is_found() -> None:
    script = "listings.files('six'); index['six'].append('c')\n"
    script += "listings.refresh([('six', ['c']), ('attrs', ['b'])])\n"
    script += "assert [file.name for file in listings.files('six')] == ['a', 'c']"
    assert asked(script) == ["attrs", "six", "six"]


def test_a_list_that_is_under_way_may_be_too_old_as_well() -> None:
    script = "started, go = threading.Event(), threading.Event()\nold = listings._ask\n"
    script += "def slow(name):\n found = old(name); started.set(); go.wait(5); return found\n"
    script += "listings._ask = slow; listings.prefetch_later(['six']); started.wait(5)\n"
    script += "index['six'].append('c'); threading.Timer(0.1, go.set).start()\n"
    script += "listings.refresh([('six', ['c'])])\n"
    script += "assert [file.name for file in listings.files('six')] == ['a', 'c']"
    assert asked(script) == ["six", "six"]


def test_a_listing_with_all_pinned_files_is_not_asked_for_again() -> None:
    script = "listings.files('six'); listings.refresh([('six', ['a'])])\n"
    assert asked(script) == ["six"]


def test_a_listing_without_hashes_is_asked_for_once_more_only() -> None:
    script = "listings.files('six')\n" + "listings.refresh([('six', ['x'])])\n" * 3
    assert asked(script) == ["six", "six"]
