"""A lock file of another tool that is out of date, or whose build lock is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildbot_ship.errors import FileMissing, InvalidFile
from buildbot_ship.model.request import CheckRequest
from buildbot_ship.model.requirements.header import Header, Interpreter
from buildbot_ship.verbs.requirements.check import check

from .test_check import BASE, PYTHON, Commit, nobody

SAMPLES = Path(__file__).parents[3] / "locks"
LOCK, BUILD_LOCK = "uv.lock", "requirements.build.txt"
REQUEST = CheckRequest(strict=LOCK, packages=(".", "packages/core"), extras=("tables",))
HASH = "a" * 64


def docopt_sdist() -> str:
    """Return the sha256 of docopt's sdist in the lock."""
    text = (SAMPLES / "uv" / LOCK).read_text()
    return text[text.index("docopt-0.6.2.tar.gz") :].split("sha256:")[1][:64]


def sections() -> str:
    return (
        f"#: sdist docopt==0.6.2 sha256:{docopt_sdist()}\n"
        f"setuptools==84.2.1 --hash=sha256:{HASH}\n"
        f"#: package .\nhatchling==1.27.0 --hash=sha256:{HASH}\n"
        f"#: package packages/core\nhatchling==1.27.0 --hash=sha256:{HASH}\n"
    )


def commit(python: Interpreter = PYTHON) -> Commit:
    """Return a commit whose lock and build lock are up to date."""
    head = Header({}, python, BASE, "pip 26.3", ("docopt==0.6.2",)).text
    paths = ("pyproject.toml", "packages/core/pyproject.toml", LOCK)
    texts = {path: (SAMPLES / "uv" / path).read_text() for path in paths}
    texts |= {BUILD_LOCK: head + sections(), "build.docker": f"FROM {BASE}\n"}
    return Commit(texts)


def test_a_lock_that_is_up_to_date_needs_no_engine() -> None:
    result = check(REQUEST, tree=commit(), find_interpreter=nobody)
    assert result.summary == "5 packages, up to date: uv.lock"


@pytest.mark.parametrize(
    ("path", "edit", "problem"),
    [
        (
            "pyproject.toml",
            lambda text: text.replace('"docopt"', '"docopt", "klein"'),
            "pyproject.toml:7: klein is not in uv.lock",
        ),
        (
            "pyproject.toml",
            lambda text: text.replace("packaging<25", "packaging<24"),
            "pyproject.toml:8: packaging<24 does not allow 24.2 on line ",
        ),
        (
            "pyproject.toml",
            lambda text: text.replace('"docopt"', '"docopt[docs]"'),
            "pyproject.toml:7: docopt[docs] is pinned without its extra on line ",
        ),
        (
            "pyproject.toml",
            lambda text: text.replace('    "docopt",\n', ""),
            "uv.lock:1: it was made when a project file required docopt, and none does now",
        ),
        (
            "pyproject.toml",
            lambda text: text.replace("hatchling>=1.26", "hatchling>=2"),
            "pyproject.toml:25: hatchling>=2 does not allow 1.27.0 on line ",
        ),
        (
            BUILD_LOCK,
            lambda text: text.replace("#: package packages/core", "#: package other"),
            "requirements.build.txt:10: the option packages does not name other",
        ),
        (
            BUILD_LOCK,
            lambda text: text.replace("docopt==0.6.2 sha256", "docopt==0.6.1 sha256"),
            "requirements.build.txt:6: uv.lock does not pin docopt==0.6.1",
        ),
        (
            BUILD_LOCK,
            lambda text: text[: text.index("#: sdist")] + text[text.index("#: package") :],
            "requirements.build.txt:1: it has no section for the sdist docopt==0.6.2",
        ),
    ],
)
def test_what_is_out_of_date_is_named_with_its_line(
    path: str, edit: Callable[[str], str], problem: str
) -> None:
    tree = commit()
    changed = edit(tree.texts[path])
    assert changed != tree.texts[path]
    tree.texts[path] = changed
    with pytest.raises(InvalidFile) as caught:
        check(REQUEST, tree=tree, find_interpreter=nobody)
    assert str(caught.value.problems[0]).startswith(problem)
    harden = "run buildbot-ship harden --upgrade nothing --strict uv.lock --package . "
    assert f"{harden}--package packages/core --extra tables" in caught.value.hint
    assert ("uv lock" in caught.value.hint) == (path != BUILD_LOCK)


def test_a_base_with_another_python_needs_another_build_lock() -> None:
    tree = commit()
    other = Interpreter("3.12.1", "cpython-312-x86_64-linux-gnu", "linux-x86_64")
    tree.texts["build.docker"] = "FROM registry.example.com/team/python312:1\n"
    with pytest.raises(InvalidFile) as caught:
        check(REQUEST, tree=tree, find_interpreter=lambda base: other)
    problem = str(caught.value.problems[-1])
    assert problem.startswith(
        f"{BUILD_LOCK}:1: the base has Python {other}, but it was resolved"
    )


def test_a_lock_needs_its_build_lock() -> None:
    tree = commit()
    del tree.texts[BUILD_LOCK]
    with pytest.raises(FileMissing) as caught:
        check(REQUEST, tree=tree, find_interpreter=nobody)
    assert caught.value.path == BUILD_LOCK


POETRY = CheckRequest(strict="poetry.lock", packages=(".",))


def poetry_commit(edit: Callable[[str], str] = str) -> Commit:
    """Return a commit with the lock of Poetry, and with its project after an *edit*."""
    lock, project = (
        (SAMPLES / "poetry" / p).read_text() for p in ("poetry.lock", "pyproject.toml")
    )
    section = f"#: package .\npoetry-core==2.5.0 --hash=sha256:{HASH}\n"
    sdist = lock[: lock.index('"}', lock.index("docopt-0.6.2.tar.gz"))][-64:]
    section += (
        f"#: sdist docopt==0.6.2 sha256:{sdist}\nsetuptools==84.2.1 --hash=sha256:{HASH}\n"
    )
    head = Header({}, PYTHON, BASE, "pip 26.3", ("docopt==0.6.2",)).text
    return Commit(
        {
            "poetry.lock": lock,
            "pyproject.toml": edit(project),
            BUILD_LOCK: head + section,
            "build.docker": f"FROM {BASE}\n",
        }
    )


def test_a_lock_of_poetry_is_compared_with_its_own_digest() -> None:
    result = check(POETRY, tree=poetry_commit(), find_interpreter=nobody)
    assert result.summary.endswith("up to date: poetry.lock")
    described = poetry_commit(lambda text: text.replace("Keep accounts", "Other"))
    check(POETRY, tree=described, find_interpreter=nobody)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('pytest = "^8"', 'pytest = "~8"'),
        lambda text: text.replace('priority = "primary"', 'priority = "explicit"'),
        lambda text: text.replace("[tool.poetry.group.metrics", "[tool.poetry.group.more"),
    ],
)
def test_a_change_in_the_tables_of_poetry_makes_its_lock_stale(
    edit: Callable[[str], str],
) -> None:
    tree = poetry_commit(edit)
    with pytest.raises(InvalidFile) as caught:
        check(POETRY, tree=tree, find_interpreter=nobody)
    (problem,) = caught.value.problems
    line = tree.texts["poetry.lock"].splitlines().index("[metadata]") + 4
    assert str(problem) == (
        f"poetry.lock:{line}: it was made before the dependencies, groups or sources in "
        "pyproject.toml changed (content-hash)"
    )
    assert "poetry lock" in caught.value.hint
