"""Without the libraries of an extra, every word of the command line says what to install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab.git_server import git

from buildbot_ship.cli.output.missing_extra import LIBRARIES, missing_extra
from buildbot_ship.cli.questions.completion import OTHER_WORDS
from buildbot_ship.cli.verb_options import OPTIONS
from buildbot_ship.model.request import BaseCopy, Envelope, RetagRequest, wire
from tests.fakes.http import Response, serving

TOP = Path(__file__).parents[3]
WITHOUT = (
    "import sys; sys.modules.update(dict.fromkeys({names})); "
    "from buildbot_ship.cli import main; sys.exit(main(sys.argv[1:]))"
)
WORDS = {
    "retag": ["a/python:3.14=127.0.0.1:1/team/python"],
    "derive": ["base.docker=127.0.0.1:1/team/base"],
    "pin": ["build.docker"],
    "propose": ["topic", "*.docker", "--message", "x"],
    "lock": ["export"],
    "secrets": ["keygen", "key"],
    "find": ["--pex", "a.pex=a", "--image", "a", "--to", "127.0.0.1:1/team"],
    "pex": ["a.pex", "a"],
    "image": ["a"],
    "smoke": ["--container", "a"],
    "push": ["a", "127.0.0.1:1/team/a"],
    "promote": ["127.0.0.1:1/team/a", "0" * 40],
    "build": ["--pex", "a.pex=a", "--image", "a"],
    "affected": ["six", "--master", "http://127.0.0.1:1"],
    "completion": ["bash"],
    "init": [".", "--registry", "127.0.0.1:1/team"],
    "adopt": ["nowhere"],
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "build.docker").write_text("FROM 127.0.0.1:1/team/python:1\n")
    (folder / "requirements.strict.txt").write_text("")
    (folder / "requirements.build.txt").write_text("")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


def call(folder: Path, *words: str, stdin: object = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a Python that has none of the optional libraries."""
    names = [*LIBRARIES, "compression.zstd", "backports.zstd"]
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(names=names), *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(TOP), "BUILDBOT_SHIP_STATE": str(folder.parent)},
        input=json.dumps(stdin),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("word", sorted({*OPTIONS, *OTHER_WORDS}))
def test_no_word_ends_with_a_traceback(word: str, checkout: Path) -> None:
    done = call(checkout, word, *WORDS.get(word, []))
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "No module named" not in said
    if done.returncode == 63:
        assert "in a clone of buildbot-ship: pip install '.[" in said


@pytest.mark.parametrize("word", ["doctor", "pin", "retag"])
def test_what_needs_the_engine_or_a_registry_names_the_extra(word: str, checkout: Path) -> None:
    done = call(checkout, word, *WORDS.get(word, []))
    assert done.returncode == 63, done.stdout + done.stderr
    assert "is not installed in this Python" in done.stdout + done.stderr
    assert "pip install '.[cli]'" in done.stdout + done.stderr


def test_a_master_can_ask_what_is_affected(tmp_path: Path) -> None:
    with serving() as server:
        found = {"asked": "six", "searched": 3, "images": []}
        server.respond = lambda _: Response(200, json.dumps(found).encode())
        done = call(tmp_path, "affected", "six", "--master", f"http://{server.address}")
    assert done.stdout == "six: 0 images affected, 3 repositories searched\n"


def test_a_worker_installs_its_own_extra(tmp_path: Path) -> None:
    copies = (BaseCopy("a.test/python:3.14", "127.0.0.1:1/team/python"),)
    envelope = Envelope(RetagRequest(copies), build="1", work="w")
    result = tmp_path / "result.json"
    words = ["retag", "--request", "-", "--result", str(result), "--checkout", str(tmp_path)]
    done = call(tmp_path, *words, stdin=wire.envelope_to_json(envelope))
    assert done.returncode == 63, done.stdout + done.stderr
    failure = json.loads(result.read_text())["failure"]
    assert failure["kind"] == "ExtraMissing"
    assert failure["remedy"].endswith("pip install '.[worker]'")


def test_another_module_that_is_missing_is_a_bug() -> None:
    for error in (ModuleNotFoundError(name="buildbot_ship.nowhere"), ModuleNotFoundError("x")):
        with pytest.raises(ModuleNotFoundError) as caught:
            missing_extra(error)
        assert caught.value is error
