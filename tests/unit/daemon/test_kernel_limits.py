"""Limits of the kernel, as the engine takes them and as programs report them."""

from __future__ import annotations

import json

import pytest

from buildbot_ship.daemon.shared.kernel_limits import (
    build_parameters,
    buildkit_ulimits,
    cpu_quota,
    exceeded,
)
from buildbot_ship.errors import InvalidRequest
from buildbot_ship.model.request.settings import Limits

LIMITS = Limits(disk=1 << 30, processes=64, open_files=512, cpus=1.5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("OSError: [Errno 27] File too large", (f"{1 << 30} bytes on disk", "disk")),
        ("OSError: [Errno 24] Too many open files: 'x'", ("512 open files", "open_files")),
        ("sh: Cannot fork: Resource temporarily unavailable", ("64 processes", "processes")),
        ("RuntimeError: can't start new thread", ("64 processes", "processes")),
        ("ImportError: no module named x", None),
    ],
)
def test_the_message_of_a_limit_leads_to_its_option(
    text: str, found: tuple[str, str] | None
) -> None:
    assert exceeded(f"failed\n{text}\nmore", LIMITS) == found


@pytest.mark.parametrize(("memory", "data"), [(1 << 30, 1 << 30), (64 << 20, 512 << 20)])
def test_buildkit_gets_a_limit_on_the_memory_of_each_process(memory: int, data: int) -> None:
    limits = Limits(disk=1 << 30, open_files=512, memory=memory)
    assert [dict(each) for each in buildkit_ulimits(limits)] == [
        {"Name": "fsize", "Soft": 1 << 30, "Hard": 1 << 30},
        {"Name": "nofile", "Soft": 512, "Hard": 512},
        {"Name": "data", "Soft": data, "Hard": data},
    ]


def test_a_build_has_the_limits_of_a_container() -> None:
    parameters = build_parameters(LIMITS)
    assert cpu_quota(LIMITS) == {"cpu_period": 100_000, "cpu_quota": 150_000}
    assert (parameters["cpuperiod"], parameters["cpuquota"]) == ("100000", "150000")
    assert json.loads(parameters["ulimits"]) == [
        {"Name": "fsize", "Soft": 1 << 30, "Hard": 1 << 30},
        {"Name": "nofile", "Soft": 512, "Hard": 512},
    ]


@pytest.mark.parametrize("cpus", [0, -1, float("nan"), float("inf"), 1e6])
def test_a_number_of_cpus_that_no_machine_has_is_refused(cpus: float) -> None:
    with pytest.raises(InvalidRequest, match=r"cpus: .* is not from 0\.01 to 1024"):
        Limits(cpus=cpus)
