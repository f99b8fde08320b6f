"""Containers beside the jobs, where making one ready fails; the rest is the contract's."""

from __future__ import annotations

import attrs
import pytest

from buildbot_ship.daemon.containers.container import Container
from buildbot_ship.daemon.containers.standby import StandbyContainer
from buildbot_ship.daemon.interface import Job

JOB = Job("wheels", "image", {})


@attrs.define
class FullEngine:
    """The part of the SDK's client that makes containers, and makes none."""

    def create_host_config(self, **options: object) -> dict[str, object]:
        return options

    def create_container(self, *arguments: object, **options: object) -> None:
        raise OSError("no space left on device")

    def remove_container(self, name: str, **options: object) -> None:
        """There is none."""


@pytest.fixture
def noted() -> list[str]:
    return []


@pytest.fixture
def aside(noted: list[str]) -> StandbyContainer:
    def make(job: Job) -> Container:
        name = job.script
        return Container(
            FullEngine(), name, job, {}, lambda: noted.append(name), lambda: noted.remove(name)
        )

    return StandbyContainer(make)


def test_one_that_could_not_be_made_ready_is_made_by_who_needs_it(
    aside: StandbyContainer, noted: list[str]
) -> None:
    aside.prepare(lambda: JOB)
    assert aside.take(JOB) is None
    aside.close()
    assert noted == []


def test_one_that_could_not_be_made_ready_and_nobody_needs_fails_nothing(
    aside: StandbyContainer, noted: list[str]
) -> None:
    aside.prepare(lambda: JOB)
    aside.close()
    assert noted == []
