"""A build whose worker goes while it is prepared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from buildbot.process.build import Build
from buildbot.process.results import RETRY
from twisted.internet import defer

from buildbot_ship.steps.factories.resumed import ResumedBuild
from buildbot_ship.steps.factories.ship import retag_factory

BUILDER = {"master": None, "name": "ship", "config_version": 1, "config": None}
GONE = SimpleNamespace(worker=None)
DETACHED = SimpleNamespace(worker=SimpleNamespace(conn=None))
HERE = SimpleNamespace(worker=SimpleNamespace(conn="a connection"))


class Prepared(ResumedBuild):
    """A build that records how it ends."""

    def __init__(self) -> None:
        request = SimpleNamespace(id=1, mergeSourceStampsWith=list, mergeReasons=list)
        super().__init__([request], SimpleNamespace(**BUILDER))
        self.ended: list[Any] = []

    def buildPreparationFailure(self, why: object, state: str) -> Any:
        self.ended.append(("prepared", self.stopped))
        return defer.succeed(None)

    def buildFinished(self, text: list[str], results: int) -> Any:
        self.ended.append((text, results))
        return defer.succeed(None)


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Prepared:
    def fail(self: Build, workerforbuilder: Any) -> Any:
        return defer.fail(AttributeError("'NoneType' object has no attribute 'x'"))

    monkeypatch.setattr(Build, "startBuild", fail)
    return Prepared()


@pytest.mark.parametrize("lost", [GONE, DETACHED])
def test_it_ends_with_retry(build: Prepared, lost: Any) -> None:
    done: list[Any] = []
    build.startBuild(lost).addCallback(done.append)
    assert done == [None]
    assert build.ended == [("prepared", True), (["worker", "lost"], RETRY)]
    assert build.results == RETRY


def test_an_error_beside_a_worker_is_not_hidden(build: Prepared) -> None:
    failed: list[Any] = []
    build.startBuild(HERE).addErrback(failed.append)
    assert failed[0].type is AttributeError
    assert build.ended == []


def test_the_factories_make_such_builds() -> None:
    assert (
        retag_factory({"python:3.11": "registry.example.com/team/python"}).buildClass
        is ResumedBuild
    )
