"""build --dry-run: the plan is what the build then does, and asking for it changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lab.registries import Registry

import docker

from .conftest import Repository, left_behind

PEX = ("--pex", "tiny.pex=tiny", "--script", "tiny")
BUILD = ("build", "--package", ".", *PEX, "--image", "tiny")


def plan(repository: Repository, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = repository.succeed(*BUILD, "--dry-run", *options)["properties"]
    return dict(found["ship_plan"])


def states(items: list[dict[str, str]]) -> dict[str, str]:
    return {item["name"].partition("==")[0]: item["state"] for item in items}


def test_a_worker_that_knows_nothing_plans_to_make_everything(
    cold_repository: Repository, client: docker.DockerClient
) -> None:
    before = {container["Id"] for container in client.api.containers(all=True)}
    found = plan(cold_repository)
    assert states(found["wheels"]) == {"six": "download", "docopt": "build", ".": "build"}
    assert states(found["layers"]["tiny.pex"]) == {"its layers": "unknown"}
    assert found["images"][0]["how"] == "assembled without the engine"
    assert found["pushes"] == []
    assert {container["Id"] for container in client.api.containers(all=True)} == before
    assert left_behind(client, cold_repository) == []
    assert not cold_repository.work.exists()


def test_a_worker_that_built_the_commit_knows_all_of_it(repository: Repository) -> None:
    found = plan(repository)
    assert set(states(found["wheels"]).values()) == {"known"}
    layers = states(found["layers"]["tiny.pex"])
    assert len(layers) == 2
    assert set(layers.values()) == {"known"}


def test_a_change_of_the_package_is_in_the_plan_and_then_in_the_build(
    repository: Repository, own_registry: Registry
) -> None:
    path = repository.folder / "setup.py"
    path.write_text(path.read_text() + "# changed\n")
    commit = repository.commit()
    to = ("--to", f"{own_registry.address}/planned")
    found = plan(repository, *to)
    assert states(found["wheels"]) == {"six": "known", "docopt": "known", ".": "build"}
    reference = f"{own_registry.address}/planned/tiny:{commit}"
    assert found["pushes"] == [{"reference": reference, "state": "new"}]
    built = repository.succeed(*BUILD, *to)
    assert built["properties"]["ship_pushed_tiny"]["reference"] == reference
    assert plan(repository, *to) == {"published": True}
    # A build with other options would make another image, which the tag does not accept.
    (push,) = plan(repository, *to, "--source", "https://git.example.com/tiny")["pushes"]
    digest = built["properties"]["ship_pushed_tiny"]["digest"]
    assert push["state"] == f"exists as {digest}, and only the same image is accepted"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_plan_is_printed(repository: Repository, options: tuple[str, ...]) -> None:
    said = repository.ship(*BUILD, "--dry-run", *options)
    if options:
        assert json.loads(said.output)["properties"]["ship_plan"]["published"] is False
        return
    lines = said.output.splitlines()
    assert lines[0].startswith("commit ")
    assert "wheels: 3 known" in lines
    assert "pex tiny.pex: 2 known" in lines
    assert lines[-2] == "push: nothing; the images stay in the engine"
    assert lines[-1] == "build: this is the plan: nothing was built and nothing was pushed"


def test_a_plan_meets_the_errors_of_the_build(
    repository: Repository,
) -> None:
    (repository.folder / "tiny.docker").unlink()
    repository.commit()
    assert repository.ship(*BUILD, "--dry-run").failure["kind"] == "FileMissing"
