from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from lab.options import GROUPS, parse_tests
from lab.suite import MOVED, SESSIONS, pytest_commands, run_side_by_side, worst


def test_every_group_is_in_one_session() -> None:
    assert sorted(name for session in SESSIONS for name in session) == sorted(GROUPS)


def test_the_moved_tests_of_the_group_engine_exist() -> None:
    assert all(Path(file).is_file() for file in MOVED)


FIRST = [f"tests/{name}" for name in ("engine", "article", "engines", "demo")]
SECOND = [f"tests/{name}" for name in ("unit", "faults", "buildbot", "review", "world", "site")]
IGNORED = [f"--ignore={file}" for file in MOVED]


@pytest.mark.parametrize(
    ("arguments", "sessions"),
    [
        ([], [[*FIRST, *IGNORED], [*SECOND, *MOVED, "--own-engine"]]),
        (["engine", "demo"], [["tests/engine", "tests/demo"]]),
        (["demo", "unit"], [["tests/demo"], ["tests/unit", "--own-engine"]]),
        (["unit", "review"], [["tests/unit", "tests/review"]]),
        (["demo", "unit", "engine", "--", "-k", "x"], [
            ["tests/engine", "tests/demo", *IGNORED, "-k", "x"],
            ["tests/unit", *MOVED, "--own-engine", "-k", "x"],
        ]),
    ],
)  # fmt: skip
def test_groups_are_spread_over_sessions(
    arguments: list[str], sessions: list[list[str]]
) -> None:
    commands = pytest_commands(parse_tests(arguments))
    assert commands == [["pytest", *session] for session in sessions]


@pytest.mark.parametrize(
    ("statuses", "status"), [([0, 5], 0), ([5, 1, 0], 1), ([5, 5], 5), ([0, 0], 0), ([5], 5)]
)
def test_a_session_without_a_chosen_test_is_no_failure_beside_others(
    statuses: list[int], status: int
) -> None:
    assert worst(statuses) == status


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_output_is_shown_one_after_the_other_and_every_status_counts(
    modules: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, seconds, status in (("one", 0.5, 0), ("two", 0, 3)):
        text = f"import sys, time; time.sleep({seconds}); print('{name}'); sys.exit({status})"
        (modules / f"{name}.py").write_text(text)
    assert run_side_by_side([["one"], ["two"]]) == [0, 3]
    assert capfd.readouterr().out.split() == ["one", "two"]


def test_mypy_leaves_the_processor_to_the_tests(
    modules: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("pytest", "mypy"):
        (modules / f"{name}.py").write_text("import os; print(os.nice(0))")
    own = os.nice(0)
    assert run_side_by_side([["pytest"], ["mypy"]]) == [0, 0]
    assert capfd.readouterr().out.split() == [str(own), "19"]


def test_a_terminated_suite_interrupts_all_its_parts(modules: Path) -> None:
    text = """\
        import sys, time
        try:
            print("up", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            open(sys.argv[1], "w").close()
    """
    (modules / "part.py").write_text(textwrap.dedent(text))
    ends = [modules / "first", modules / "second"]
    code = """
import signal, sys
from lab.suite import run_side_by_side
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
run_side_by_side([["part", sys.argv[1]], ["part", sys.argv[2]]])
"""
    command = [sys.executable, "-c", code, *map(str, ends)]
    path = f"{Path(__file__).parents[3] / 'docker'}:{modules}"
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": path}) as suite:
        assert suite.stdout is not None
        suite.stdout.readline()
        # The other part says nothing here until the end; give it the time to start.
        with pytest.raises(subprocess.TimeoutExpired):
            suite.wait(1)
        suite.send_signal(signal.SIGTERM)
        assert suite.wait(20) == 143
    assert all(end.exists() for end in ends)
