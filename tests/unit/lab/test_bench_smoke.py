from __future__ import annotations

import pytest
from lab.bench.changes import APPLICATION
from lab.bench.smoke_cost import (
    DOCKERFILE,
    SmokeCost,
    build_arguments,
    dockerfiles,
    image_names,
    medians,
    smoke_table,
)
from lab.bench.smoke_flows import SMOKE, smoke_arguments, with_own_test
from lab.bench.world import IMAGE
from lab.buildmaster import EXAMPLE
from lab.errors import LabError

from buildbot_ship.cli.arguments import read
from buildbot_ship.model.dockerfile.document import read as read_dockerfile
from buildbot_ship.model.request import SmokeRequest
from buildbot_ship.steps.smoke import make_tests


def test_the_master_of_the_benchmark_tests_its_one_image_and_differs_in_nothing_else() -> None:
    example = EXAMPLE.read_text(encoding="utf-8")
    head, _, tail = with_own_test(example).partition("SMOKE = {")
    own, _, rest = tail.partition("}\n\n")
    assert "remotemath" not in own
    assert example.startswith(head)
    assert example.endswith(rest)


@pytest.mark.parametrize("text", ["", "SMOKE = {\n}\nSMOKE = {\n}\n"])
def test_an_example_without_one_test_is_refused(text: str) -> None:
    with pytest.raises(LabError, match="not one"):
        with_own_test(text)


def test_the_command_line_and_the_master_run_the_same_test() -> None:
    envelope = read(["smoke", *smoke_arguments(IMAGE)], {}).envelope
    assert envelope is not None
    assert isinstance(envelope.request, SmokeRequest)
    assert envelope.request.tests == make_tests([SMOKE])


def test_the_images_differ() -> None:
    text = (APPLICATION / DOCKERFILE).read_text(encoding="utf-8")
    files = dockerfiles(text, image_names(3))
    assert list(files) == [f"{IMAGE}-{number}.docker" for number in (1, 2, 3)]
    assert len(set(files.values())) == 3
    for name, made in files.items():
        assert not read_dockerfile(made.encode(), name).engine_only


def test_all_images_are_built_by_one_call() -> None:
    arguments = build_arguments(image_names(2))
    assert arguments.count("--pex") == 1
    assert arguments.count("--image") == 2


def test_the_table_has_the_medians_and_their_ratio() -> None:
    rounds = [
        SmokeCost(2, 0.5, 1.0, 1.5),
        SmokeCost(1, 9.0, 9.0, 9.0),
        SmokeCost(2, 1.0, 4.0, 8.0),
        SmokeCost(2, 0.8, 1.6, 2.0),
    ]
    costs = medians(rounds, {1: 9.0, 2: 3.0})
    assert costs == [SmokeCost(2, 0.8, 1.6, 2.0, 3.0), SmokeCost(1, 9.0, 9.0, 9.0, 9.0)]
    row = [cell.strip() for cell in smoke_table(costs).splitlines()[2].strip("|").split("|")]
    assert row == ["2", "0.80 s", "1.60 s", "2.00", "2.00 s", "3.00 s"]
