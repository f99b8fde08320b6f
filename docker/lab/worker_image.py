"""Build the worker's image from the current checkout."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import docker.errors

import docker
from lab.archive import tar_of
from lab.errors import LabError
from lab.git_server import git
from lab.settings import INDEX_VARIABLE, host_ca_bundle
from lab.worker import CHECKOUT

DOCKERFILE = "docker/worker.docker"
TAG = "buildbot-ship-worker:lab"
CA_BUNDLE = "ca-bundle.pem"
WANTED = ("setup.py", "pyproject.toml", "README.md", "buildbot_ship", "docker/worker.*")
LOG_LINES = 25


def build_worker_image(base: str, index_url: str | None = None) -> str:
    """Build the image on a base, with the engine's build cache, and return its ID."""
    client = docker.from_env()
    arguments = {"BASE": base} | ({INDEX_VARIABLE: index_url} if index_url else {})
    before = _image_id(client)
    try:
        image, _log = client.images.build(
            fileobj=io.BytesIO(context(CHECKOUT, host_ca_bundle())),
            custom_context=True,
            dockerfile=DOCKERFILE,
            buildargs=arguments,
            tag=TAG,
            rm=True,
            forcerm=True,
        )
    except docker.errors.BuildError as error:
        said = "".join(str(line.get("stream", "")) for line in error.build_log)
        end = "\n".join(said.splitlines()[-LOG_LINES:])
        raise LabError(f"cannot build the worker's image: {error.msg}\n{end}") from error
    if before and before != image.id:
        # If another run uses the old image, it stays.
        with suppress(docker.errors.APIError):
            client.images.remove(before)
    return str(image.id)


def context(checkout: Path, ca_bundle: Path | None) -> bytes:
    """Return a build context with the checkout's files, without those that git ignores."""
    listed = git(
        checkout, "ls-files", "--cached", "--others", "--exclude-standard", "--", *WANTED
    )
    names = sorted(name for name in set(listed.splitlines()) if (checkout / name).is_file())
    files = {name: (checkout / name).read_bytes() for name in names}
    return tar_of(files | ({CA_BUNDLE: ca_bundle.read_bytes()} if ca_bundle else {}))


def _image_id(client: docker.DockerClient) -> str | None:
    try:
        return str(client.images.get(TAG).id)
    except docker.errors.ImageNotFound:
        return None
