"""Lock files that their tools update: what the tools are asked, and what stays of an answer.

The tool is a program that writes a given lock, or fails with a message of the real tool.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scripts import scripts_folder

SCRIPT = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from cooldown import Cooldown, explain
from job import Failed
from lock_tool import LockTool
from poetry_lock import poetry_environment, update_poetry_lock
from uv_lock import update_pylock, update_uv_lock, upgrade_options, uv_environment

asked = json.loads(sys.argv[2])
folder = Path(asked["folder"])
cooldown = Cooldown.of(asked.get("days", 0), asked.get("exempt", []))
path, upgrade = folder / asked["lock"], asked.get("upgrade")
name = "poetry 2.5.1" if asked["lock"] == "poetry.lock" else "uv 0.13.9"
tool = LockTool(name, folder / "tool", asked["lock"])
environment = uv_environment({"url": asked.get("index")}, folder)


def update():
    if asked["lock"] == "uv.lock":
        update_uv_lock(tool, path, upgrade, cooldown, environment)
    elif asked["lock"] == "poetry.lock":
        update_poetry_lock(tool, path, upgrade, poetry_environment(cooldown, folder))
    else:
        update_pylock(tool, path, [], upgrade_options(upgrade, cooldown), environment)


def answers():
    for message in asked["messages"]:
        (folder / "message").write_text(message)
        try:
            update()
        except Failed as failed:
            failed = explain(failed, cooldown.days)
            yield [failed.why, failed.hint, failed.transient]
        else:
            yield None


print(json.dumps(list(answers())))
"""
TOOL = """#!{python}
import json, os, sys
from pathlib import Path
folder = Path(__file__).parent
known = {{k: v for k, v in os.environ.items() if k.startswith(("UV_", "POETRY_"))}}
(folder / "call.json").write_text(json.dumps([sys.argv[1:], known]))
lock = folder / {lock!r}
(folder / "seen").write_text(lock.read_text() if lock.exists() else "")
print((folder / "message").read_text())
if (folder / "answer").exists():
    lock.write_text((folder / "answer").read_text())
else:
    sys.exit(2)
"""
OLD, NEW = "a" * 64, "b" * 64
PYPI, FILES = "https://pypi.org/simple", "https://files.pythonhosted.org"
STORED = f"packages/ab/cd/{'0' * 60}/six-2.0.tar.gz"
MIRROR = "https://mirror.example.com/pypi/simple"


def uv_lock(
    version: str, digest: str, url: str, registry: str = PYPI, options: str = ""
) -> str:
    return (
        f'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n{options}[[package]]\n'
        f'name = "six"\nversion = "{version}"\nsource = {{ registry = "{registry}" }}\n'
        f'sdist = {{ url = "{url}", hash = "sha256:{digest}", size = 1 }}\n'
    )


BEFORE = uv_lock("1.0", OLD, f"{FILES}/packages/old/six-1.0.tar.gz")


class Yard:
    """A folder with a project, and the tool that updates its lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def update(self, lock: str, before: str, answer: str, **asked: Any) -> Any:
        """Update a lock; return None, or the cause, the remedy and whether it is transient."""
        return self._run(lock, before, answer, messages=[""], **asked)[0]

    def fail(self, lock: str, before: str, messages: list[str], days: float = 0) -> Any:
        """Return the cause, the remedy and whether it is transient for each message."""
        return self._run(lock, before, None, messages=messages, days=days)

    def _run(self, lock: str, before: str, answer: str | None, **asked: Any) -> Any:
        tool = self.folder / "tool"
        tool.write_text(TOOL.format(python=sys.executable, lock=lock))
        tool.chmod(0o755)
        if before:
            (self.folder / lock).write_text(before)
        if answer is not None:
            (self.folder / "answer").write_text(answer)
        request = json.dumps({"folder": str(self.folder), "lock": lock, **asked})
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(scripts_folder()), request],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return json.loads(ran.stdout.splitlines()[-1])

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    @property
    def words(self) -> list[str]:
        words: list[str] = json.loads(self.read("call.json"))[0]
        return words

    @property
    def environment(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.read("call.json"))[1]
        return found


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@pytest.mark.parametrize(
    ("upgrade", "words"),
    [
        (None, ["lock", "--upgrade"]),
        (["six", "attrs"], ["lock", "--upgrade-package", "six", "--upgrade-package", "attrs"]),
    ],
)
def test_uv_is_told_what_to_upgrade(yard: Yard, upgrade: Any, words: list[str]) -> None:
    assert yard.update("uv.lock", BEFORE, BEFORE, upgrade=upgrade) is None
    assert yard.words == words
    assert yard.environment["UV_PYTHON_DOWNLOADS"] == "never"
    assert yard.read("uv.lock") == BEFORE


def test_the_cooldown_of_a_run_leaves_no_trace_in_the_lock(yard: Yard) -> None:
    moment = "2026-11-01T00:00:00Z"
    options = f'[options]\nexclude-newer = "{moment}"\nexclude-newer-span = "P7D"\n\n'
    options += f'[options.exclude-newer-package]\nsix = "{moment}"\n\n'
    url = f"{FILES}/packages/new/six-2.0.tar.gz"
    made = uv_lock("2.0", NEW, url, options=options)
    assert yard.update("uv.lock", BEFORE, made, days=7, exempt=["six"]) is None
    assert yard.words[2] == "--exclude-newer"
    assert yard.words[4] == "--exclude-newer-package"
    assert yard.words[5].startswith("six=20")
    assert yard.read("uv.lock") == uv_lock("2.0", NEW, url)


def test_other_options_stay_in_the_lock(yard: Yard) -> None:
    kept = '[options]\nprerelease-mode = "allow"\n'
    made = uv_lock("1.0", OLD, "x", options=f'{kept}exclude-newer = "2026-11-01"\n\n')
    assert yard.update("uv.lock", "", made, days=7) is None
    assert yard.read("uv.lock") == uv_lock("1.0", OLD, "x", options=f"{kept}\n")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("uv.toml", 'exclude-newer = "3 days"\n'),
        ("pyproject.toml", '[tool.uv]\nexclude-newer = "3 days"\n'),
    ],
)
def test_a_project_with_a_cooldown_of_its_own_keeps_it(
    yard: Yard, file: str, text: str
) -> None:
    (yard.folder / file).write_text(text)
    options = '[options]\nexclude-newer-span = "P3D"\n\n'
    made = uv_lock("1.0", OLD, "x", options=options)
    assert yard.update("uv.lock", BEFORE, made, days=7) is None
    assert yard.words == ["lock", "--upgrade"]
    assert "exclude-newer-span" in yard.read("uv.lock")


def test_a_mirror_is_asked_and_not_written_into_the_lock(yard: Yard) -> None:
    made = uv_lock("2.0", NEW, f"https://mirror.example.com/{STORED}", MIRROR)
    index = "https://dana:hunter2@mirror.example.com/pypi/simple/"
    assert yard.update("uv.lock", BEFORE, made, index=index) is None
    assert yard.environment["UV_DEFAULT_INDEX"] == index
    assert yard.read("seen") == BEFORE.replace(PYPI, MIRROR)
    assert yard.read("uv.lock") == uv_lock("2.0", NEW, f"{FILES}/{STORED}")


def test_a_file_that_the_lock_had_keeps_its_line(yard: Yard) -> None:
    made = uv_lock("1.0", OLD, "https://mirror.example.com/six-1.0.tar.gz", MIRROR)
    assert yard.update("uv.lock", BEFORE, made.replace(", size = 1", ""), index=MIRROR) is None
    assert yard.read("uv.lock") == BEFORE


@pytest.mark.parametrize(
    "settings",
    [
        '[[tool.uv.index]]\nurl = "https://a.example.com/simple"\ndefault = true\n',
        '[tool.uv]\nindex-url = "https://a.example.com/simple/"\n',
    ],
)
def test_the_lock_has_the_index_of_the_project(yard: Yard, settings: str) -> None:
    (yard.folder / "pyproject.toml").write_text(settings)
    own = "https://a.example.com/simple"
    before = uv_lock("1.0", OLD, "x", own)
    assert (
        yard.update("uv.lock", before, uv_lock("2.0", NEW, "y", MIRROR), index=MIRROR) is None
    )
    assert yard.read("uv.lock") == uv_lock("2.0", NEW, "y", own)


def test_a_lock_of_the_mirror_stays_one(yard: Yard) -> None:
    before, made = uv_lock("1.0", OLD, "x", MIRROR), uv_lock("2.0", NEW, "y", MIRROR)
    assert yard.update("uv.lock", before, made, index=MIRROR) is None
    assert yard.read("uv.lock") == made


def test_a_pylock_is_resolved_for_all_platforms_and_keeps_its_comment(yard: Yard) -> None:
    before = '# Ours\nlock-version = "1.0"\nrequires-python = ">=3.9,<4"\n'
    answer = 'lock-version = "1.0"\n'
    assert yard.update("pylock.toml", before, answer, upgrade=["six"]) is None
    assert yard.words[:4] == ["pip", "compile", "--quiet", "--universal"]
    assert yard.words[-4:] == ["--upgrade-package", "six", "--python-version", "3.9"]
    assert yard.read("pylock.toml") == "# Ours\n" + answer


@pytest.mark.parametrize(
    ("upgrade", "words"), [(None, ["update", "--lock"]), (["six"], ["update", "--lock", "six"])]
)
def test_poetry_keeps_the_cooldown_in_whole_days(
    yard: Yard, upgrade: Any, words: list[str]
) -> None:
    lock = '[metadata]\nlock-version = "2.1"\n'
    asked = {"upgrade": upgrade, "days": 6.5, "exempt": ["six", "attrs"]}
    assert yard.update("poetry.lock", lock, lock, **asked) is None
    assert yard.words == [*words, "--no-interaction", "--no-ansi"]
    assert yard.environment["POETRY_SOLVER_MIN_RELEASE_AGE"] == "7"
    assert yard.environment["POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE"] == "attrs,six"


BY_HAND = 'with your own {}, and set upgrade to "nothing"'
FAULTS = [
    (
        "error: No solution found when resolving dependencies for split (markers: ...)",
        ("uv.lock does not resolve", "correct the requirements", False),
    ),
    (
        "error: Required uv version `<0.5` does not match the running version `0.13.9`",
        ("the project requires another version of its tool", BY_HAND.format("uv"), False),
    ),
    (
        "error: The lockfile at `uv.lock` uses an unsupported schema version (v2, ...)",
        ("uv.lock has a format that uv 0.13.9 cannot read", "upgrade buildbot-ship", False),
    ),
    (
        "error: No interpreter found for Python >=3.14 in managed installations",
        ("the build base has Python 3.", "requires-python", False),
    ),
    (
        "error: Request failed after 3 retries in 5.0s\n  cause: dns error",
        ("the package index cannot be reached (no answer)", "index_url", True),
    ),
    (
        "cause: HTTP status client error (403 Forbidden) for url (https://x/)",
        ("the package index cannot be reached (HTTP status 403)", "index_url", False),
    ),
    (
        "cause: HTTP status server error (502 Bad Gateway) for url (https://x/)",
        ("the package index cannot be reached (HTTP status 502)", "index_url", True),
    ),
    (
        "cause: HTTP status server error (501 Not Implemented) for url (https://x/)",
        ("the package index cannot be reached (HTTP status 501)", "index_url", False),
    ),
    ("error: odd", ("uv 0.13.9 cannot update uv.lock", "in the step's log", False)),
]


POETRY_FAULTS = [
    (
        "Because app depends on six (>99), version solving failed.",
        ("poetry.lock does not resolve", "correct the requirements", False),
    ),
    (
        "This project requires Poetry <1.5, but you are using Poetry 2.5.1",
        ("the project requires another version of its tool", BY_HAND.format("poetry"), False),
    ),
    (
        "The lock file is not compatible with the current version of Poetry.",
        ("poetry.lock has a format that poetry 2.5.1 cannot read", "upgrade", False),
    ),
    (
        "All attempts to connect to nowhere.invalid failed.",
        ("the package index cannot be reached (no answer)", "in pyproject.toml", True),
    ),
]


@pytest.mark.parametrize(
    ("lock", "faults"), [("uv.lock", FAULTS), ("poetry.lock", POETRY_FAULTS)]
)
def test_errors_of_the_tools_have_a_cause_and_a_remedy(
    yard: Yard, lock: str, faults: list[tuple[str, tuple[str, str, bool]]]
) -> None:
    answers = yard.fail(lock, "", [message for message, _ in faults])
    assert len(answers) == len(faults)
    for (message, expected), (why, hint, transient) in zip(faults, answers, strict=True):
        assert why.startswith(expected[0]), message
        assert expected[1] in hint, message
        assert transient is expected[2], message


def test_what_the_cooldown_hides_is_named_with_it(yard: Yard) -> None:
    message = "error: No solution found when resolving dependencies"
    undated = f"{message}\nwarning: a.tar.gz is missing an upload date, but user provided: 2026"
    hidden, missing = yard.fail("uv.lock", BEFORE, [message, undated], days=7)
    assert hidden[1].endswith("no file younger than 7 days counts (cooldown)")
    assert "does not state when" in missing[0]
    assert "PEP 700" in missing[1]


@pytest.mark.parametrize(
    ("lock", "before", "after", "formats"),
    [
        ("uv.lock", "version = 1\nrevision = 9\n", "version = 1\nrevision = 5\n", "1.9|1.5"),
        (
            "poetry.lock",
            '[metadata]\nlock-version = "2.2"\n',
            '[metadata]\nlock-version = "2.1"\n',
            "2.2|2.1",
        ),
    ],
)
def test_a_lock_of_a_newer_tool_is_not_written_in_an_older_format(
    yard: Yard, lock: str, before: str, after: str, formats: str
) -> None:
    why, hint, _ = yard.update(lock, before, after)
    old, new = formats.split("|")
    assert why.startswith(f"{lock} has format {old}, and ")
    assert why.endswith(f"writes {new}")
    assert "upgrade buildbot-ship" in hint
