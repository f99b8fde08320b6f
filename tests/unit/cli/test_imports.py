"""What a verb's process imports: counted, not timed, so that no machine is too slow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import buildbot_ship
from buildbot_ship.model.request import REQUESTS

ROOT = Path(buildbot_ship.__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in Path(buildbot_ship.__file__).parent.rglob("[!_]*.py")
}
"""Our modules; a package beside them is one line.  Scripts of containers are never imported."""
LINE = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.M)
NOWHERE = "127.0.0.1:1"
BASE = {"attr", "attrs", "cattrs", "typing_extensions"}
HTTP = {"requests", "urllib3", "certifi", "charset_normalizer", "idna"}
LOOK = ["--pex", "app.pex=app", "--image", "app"]
# A verb by its arguments: what it may import of others, and how many modules of ours, those
# that do its work included.
# What ends before it needs the engine or the registry must not have imported them.
VERBS: dict[str, tuple[list[str], set[str], int]] = {
    "push": (["app", f"{NOWHERE}/team/app", "--revision", "no-such"], set(), 67),
    "check": (["--revision", "no-such"], {"packaging"}, 72),
    "check-secrets": (["--revision", "no-such"], set(), 55),
    "wheels": (["--revision", "no-such"], {"packaging"}, 82),
    "image": (["app", "--revision", "no-such"], set(), 94),
    "gc": ([], set(), 52),
    "find": ([*LOOK, "--to", f"{NOWHERE}/team", "--revision", "no"], {"packaging"}, 55),
    "build": ([*LOOK, "--revision", "no-such"], {"packaging"}, 55),
    "pex": (["app.pex", "app", "--revision", "no-such"], {"packaging"}, 73),
}


@cache
def imported(verb: str, folder: Path) -> frozenset[str]:
    """Return the modules that the process of a verb imported, however it ends."""
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-X",
            "importtime",
            "-m",
            "buildbot_ship",
            verb,
            *VERBS[verb][0],
        ],
        cwd=folder,
        env=os.environ
        | {"DOCKER_HOST": f"tcp://{NOWHERE}", "BUILDBOT_SHIP_STATE": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in (2, 70), done.stdout
    assert f"{verb}:" in done.stdout
    return frozenset(LINE.findall(done.stderr))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_imports_only_the_libraries_that_it_needs(verb: str, folder: Path) -> None:
    _, needed, _ = VERBS[verb]
    tops = {name.split(".")[0] for name in imported(verb, folder)}
    libraries = {"docker", "packaging", "buildbot", "twisted", "ssl", *BASE, *HTTP} & tops
    assert libraries <= BASE | needed | ({"ssl"} if needed & HTTP else set())


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_imports_few_modules_of_ours(verb: str, folder: Path) -> None:
    ours = [name for name in imported(verb, folder) if name in MODULES]
    assert 10 < len(ours) <= VERBS[verb][2], sorted(ours)


def test_a_verb_does_not_import_the_others(folder: Path) -> None:
    rooms = {name.rpartition(".") for name in imported("push", folder)}
    found = {name for room, _, name in rooms if room.startswith("buildbot_ship.verbs.")}
    assert found & REQUESTS.keys() == {"push"}
