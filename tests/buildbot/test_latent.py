"""A worker that the master starts in a container for a build, as docs/master.md shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab.bases import Bases
from lab.buildmaster import EXAMPLE, Master
from lab.debian import SHOWN
from lab.git_server import GitServer
from lab.registries import Registry
from lab.rest import result_name
from lab.runs import Run
from lab.settings import CA_BUNDLE_IN_WORKER, RETAG, Settings, host_ca_bundle, host_index_url
from lab.waiting import wait_until
from lab.worker_image import build_worker_image

PAGE = Path(__file__).resolve().parents[2] / "docs" / "master.md"
SECONDS = 120.0


@pytest.mark.long
def test_a_container_is_started_for_a_build_and_removed(
    lab_run: Run, own_registry: Registry, example_bases: Bases
) -> None:
    import docker  # noqa: PLC0415  # it takes 0.4 s

    image = build_worker_image(f"{example_bases.prefix}/python:{SHOWN}", host_index_url())
    docker.from_env().images.get(image).tag("buildbot-ship-worker")
    snippet = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.S | re.M)[0]
    assert "DockerLatentWorker" in snippet
    config = lab_run.folder / "latent.cfg"
    # The test does not want to wait for ten minutes until the container goes.
    quick = snippet.replace("build_wait_timeout=600", "build_wait_timeout=5")
    config.write_text(f"{EXAMPLE.read_text('utf-8')}\n{quick}")
    name = f"{lab_run.name}-latent"
    settings = Settings.on_free_ports(
        # The page names no port, so the container asks for Buildbot's usual one.
        worker_port=9989,
        git_url=GitServer.start(lab_run).url("none"),
        registry=f"{own_registry.address}/latent",
        upstream=example_bases.prefix,
        worker_password="unused",
        worker_name=name,
        ca_bundle=CA_BUNDLE_IN_WORKER if host_ca_bundle() else None,
        poll_seconds=3600,
    )
    master = Master(lab_run, settings, name="latent-master", config=config)
    master.create()
    master.start()
    try:
        build = master.rest.wait(master.rest.force(RETAG, timeout=SECONDS), SECONDS)
        assert result_name(build["results"]) == "SUCCESS", build["state_string"]
        assert build["properties"]["workername"][0] == name
        wait_until(lambda: _containers(name) == [], SECONDS, "the end of the container")
    finally:
        master.stop()
        for container in _containers(name):
            docker.from_env().api.remove_container(container, force=True)
        docker.from_env().api.remove_volume(f"ship-{name}", force=True)


def _containers(name: str) -> list[str]:
    """Return the containers of the worker: Buildbot names them so."""
    import docker  # noqa: PLC0415

    found = docker.from_env().api.containers(all=True, filters={"name": f"buildbot-{name}-"})
    return [str(container["Id"]) for container in found]
