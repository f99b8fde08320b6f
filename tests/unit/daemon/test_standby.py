"""Standby containers that cannot be started; the contract tests the rest."""

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
def standby(noted: list[str]) -> StandbyContainer:
    def make(job: Job) -> Container:
        name = job.script
        return Container(
            FullEngine(), name, job, {}, lambda: noted.append(name), lambda: noted.remove(name)
        )

    return StandbyContainer(make)


def test_a_job_gets_no_standby_container_that_did_not_start(
    standby: StandbyContainer, noted: list[str]
) -> None:
    standby.prepare(lambda: JOB)
    assert standby.take(JOB) is None
    standby.close()
    assert noted == []


def test_a_standby_container_that_did_not_start_is_no_hindrance_to_the_next(
    standby: StandbyContainer,
) -> None:
    asked: list[str] = []

    def no_tools_image() -> None:
        asked.append("job")

    standby.prepare(no_tools_image)
    assert standby._standby is not None
    standby._standby.result()
    standby.prepare(no_tools_image)
    standby.close()
    assert asked == ["job", "job"]


def test_a_standby_container_that_did_not_start_fails_no_build(
    standby: StandbyContainer, noted: list[str]
) -> None:
    standby.prepare(lambda: JOB)
    standby.close()
    assert noted == []
