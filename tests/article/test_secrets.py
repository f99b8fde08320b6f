"""A container opens a sealed secret with a key that is mounted, and says what is wrong else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ContainerError

import docker
from buildbot_ship import sealed
from tests.repository import new_repository

USER = 12345
SETUP = """\
from setuptools import setup
setup(name="tiny", version="1.0", packages=["tiny"], install_requires=["pynacl"],
      entry_points={"console_scripts": ["tiny = tiny:main"]})
"""
TINY = """\
import sys
from tiny.sealed import open_secret
def main():
    print(repr(open_secret(sys.argv[1])), "buildbot_ship" in sys.modules)
"""


def test_a_container_opens_a_secret_that_was_added_without_a_key(
    bases: Any, client: docker.DockerClient, tmp_path: Path
) -> None:
    repository = new_repository(tmp_path, bases)
    top, key = repository.folder, tmp_path / "prod.key"
    (top / "requirements.loose.txt").write_text("pynacl\n")
    (top / "setup.py").write_text(SETUP)
    (top / "tiny" / "__init__.py").write_text(TINY)
    (top / "tiny" / "sealed.py").write_bytes(Path(sealed.__file__).read_bytes())
    with (top / "tiny.docker").open("a") as file:
        file.write("COPY secrets/ /secrets/\n")
    identifier = ["--repository", "example.com/team/tiny"]
    repository.succeed("secrets", "keygen", "prod", "--key-file", str(key), *identifier)
    (tmp_path / "value").write_bytes(b"line\n\0end")
    repository.succeed("secrets", "seal", "token", "--input", str(tmp_path / "value"))
    repository.succeed("harden", "--package", ".")
    repository.commit()
    repository.succeed("secrets", "check")
    pex = ["--pex", "tiny.pex=tiny", "--script", "tiny"]
    result = repository.succeed("build", "--package", ".", *pex, "--image", "tiny")
    image = result["properties"]["ship_image_tiny"]["loaded_as"]

    def run(mount: Path, name: str = "token") -> str:
        """Run the image read-only, without the network, as a user that it does not have."""
        volumes = [f"{mount}:/run/secrets/ship-key:ro"]
        output = client.containers.run(
            image,
            name,
            remove=True,
            volumes=volumes,
            read_only=True,
            network_mode="none",
            cap_drop=["ALL"],
            user=str(USER),
        )
        return str(output.decode())

    try:
        with pytest.raises(ContainerError, match=f"give the user of this process .ID {USER}"):
            run(key)
        os.chown(key, USER, USER)
        assert run(key) == f"{b'line' + bytes([10, 0]) + b'end'!r} False\n"
        with pytest.raises(ContainerError, match="add COPY secrets/ /secrets/"):
            run(key, "other")
        other = tmp_path / "other.key"
        other.write_text(sealed.private_key_text(sealed.new_private_key()))
        with pytest.raises(ContainerError, match="has no box for the key .*, only for prod"):
            run(other)
    finally:
        client.images.remove(image, force=True)
