"""Signals wait for what must not be cut off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from buildbot_ship.daemon.shared.signal_guard import uninterrupted


class Asked(BaseException):
    """The process was asked to stop."""


def refuse(number: int, frame: object) -> None:
    raise Asked(number)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {
        number: signal.signal(number, refuse) for number in (signal.SIGTERM, signal.SIGINT)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_is_heard_when_the_block_has_ended_and_not_before() -> None:
    done = []
    with pytest.raises(Asked) as heard, uninterrupted():  # noqa: PT012  # its end raises
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        done.append("after the signals")
    assert done == ["after the signals"]
    assert heard.value.args == (signal.SIGTERM,)


def test_signals_are_as_before_afterwards() -> None:
    with uninterrupted():
        pass
    with pytest.raises(Asked):
        signal.raise_signal(signal.SIGTERM)


def test_a_fault_in_the_block_is_told_by_the_signal() -> None:
    with pytest.raises(Asked) as heard, uninterrupted():  # noqa: PT012  # its end raises
        signal.raise_signal(signal.SIGTERM)
        raise ValueError("met meanwhile")
    assert isinstance(heard.value.__context__, ValueError)


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with uninterrupted():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_blocks_may_be_nested() -> None:
    done = []
    with pytest.raises(Asked), uninterrupted():  # noqa: PT012  # its end raises
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
        done.append("the outer block")
    assert done == ["the outer block"]


def test_another_thread_leaves_signals_alone() -> None:
    seen = []

    def work() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [refuse]
