"""A strict file as pylock.toml, read by our own reader again."""

from __future__ import annotations

from buildbot_ship.model.locks.export import ListedFile, pylock_text
from buildbot_ship.model.locks.formats import read_lock
from buildbot_ship.model.locks.lock import Scope
from buildbot_ship.model.requirements.header import Interpreter
from buildbot_ship.model.requirements.reader import Pin
from buildbot_ship.model.requirements.staleness import environment_of

PYTHON = Interpreter("3.11.2", "cpython-311-x86_64-linux-gnu", "linux-x86_64")
A, B = "a" * 64, "b" * 64
PINS = (
    Pin("Six", "1.17.0", (A, B), 1),
    Pin("tomli", "2.0", (A,), 2, (), "python_version < '3.11'"),
)
WHEEL = "six-1.17.0-py3-none-any.whl"
FILES = {
    "six": (
        ListedFile(
            "six-1.17.0-py3-none-any.whl",
            "https://h/six.whl",
            A,
            9,
            "2024-12-04T17:35:26+00:00",
        ),
        ListedFile("six-1.17.0.tar.gz", "https://h/six.tar.gz", B),
    ),
    "tomli": (ListedFile("tomli-2.0-py3-none-any.whl", "https://h/tomli.whl", A),),
}


def test_what_is_exported_reads_the_same() -> None:
    text = pylock_text(PINS, FILES, PYTHON)
    assert 'created-by = "buildbot-ship"' in text
    assert "upload-time = 2024-12-04 17:35:26" in text
    lock = read_lock(text.encode(), "pylock.toml", Scope(environment_of(PYTHON)))
    assert [(pin.key, pin.version, set(pin.hashes)) for pin in lock.pins] == [
        ("six", "1.17.0", {A, B})
    ]


def test_the_lock_admits_no_other_interpreter() -> None:
    text = pylock_text(PINS, FILES, PYTHON)
    assert 'requires-python = "==3.11.*"' in text
    assert 'platform_machine == \\"x86_64\\"' in text
