"""What wheel and sdist contain, and that they install on each supported Python."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.bases import Bases
from lab.engine import Engine
from lab.settings import host_ca_bundle, host_index_url

import docker

TOP = Path(__file__).resolve().parents[2]
USES = {
    "cli": "buildbot-ship --help && python -c 'import buildbot_ship.model.locks.export'",
    "worker": "buildbot-ship --help && buildbot-worker --version",
    "master": "python -c 'from buildbot.plugins import steps, util; steps.BuildWheels, "
    "util.ship_factory' && buildbot --version",
    "secrets": "python -c 'import buildbot_ship.sealed'",
}
README = (TOP / "README.md").read_text(encoding="utf-8")
INSTALL = """\
set -e
for extra in {extras}; do
    python3 -m venv /tmp/$extra
    /tmp/$extra/bin/pip install -q --disable-pip-version-check "$(ls /dist/{kind})[$extra]"
    /tmp/$extra/bin/pip check
done
"""


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    source = folder / "source"
    # Of the commit and what was not committed yet, but not of earlier builds.
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=TOP, check=True, capture_output=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (TOP / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((TOP / name).read_bytes())
    made = [sys.executable, "-m", "build", "--no-isolation", "-o", str(folder / "dist")]
    subprocess.run([*made, str(source)], check=True, capture_output=True)
    return folder / "dist"


@pytest.fixture
def container(engine: Engine, python_bases: Bases, distributions: Path) -> Iterator[Any]:
    """A container of the full base, with the distributions in ``/dist``."""
    archive, bundle = io.BytesIO(), host_ca_bundle()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(distributions, "dist")
        if bundle:
            tar.add(bundle, "authority.pem")
    environment = {"PIP_INDEX_URL": host_index_url() or "", "PIP_CERT": "/authority.pem"}
    environment = {
        name: value
        for name, value in environment.items()
        if value and (bundle or name != "PIP_CERT")
    }
    client = docker.from_env()
    client.images.pull(python_bases.full.reference)
    held = client.containers.create(
        python_bases.full.reference, ["sleep", "900"], environment=environment, init=True
    )
    try:
        held.put_archive("/", archive.getvalue())
        held.start()
        yield held
    finally:
        held.remove(force=True)
        client.images.remove(python_bases.full.reference)
        client.close()


def run(container: Any, script: str) -> str:
    status, output = container.exec_run(["sh", "-c", script])
    assert status == 0, output.decode()
    said: str = output.decode()
    return said


def test_the_wheel_has_every_file_of_the_package(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    command = ["git", "ls-files", "buildbot_ship"]
    tracked = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True)
    assert set(tracked.stdout.splitlines()) - names == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_has_license_changelog_and_readme(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "CHANGELOG.md", "README.md", "pyproject.toml"} <= names


def test_the_changelog_shows_every_news_fragment() -> None:
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "1.0"]
    done = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True)
    shown = " ".join(done.stdout.split())
    for fragment in (TOP / "news").glob("*.md"):
        assert " ".join(fragment.read_text(encoding="utf-8").split())[:60] in shown


@pytest.mark.long
def test_each_extra_is_complete(minor: str, container: Any) -> None:
    run(container, INSTALL.format(extras=" ".join(USES), kind="*.whl"))
    for extra, use in USES.items():
        assert run(container, f"PATH=/tmp/{extra}/bin:$PATH; {use}") or extra == "secrets"


@pytest.mark.long
def test_the_sdist_installs_too(minor: str, container: Any) -> None:
    run(container, INSTALL.format(extras="cli", kind="*.tar.gz"))
    assert "harden" in run(container, "/tmp/cli/bin/buildbot-ship --help")


@pytest.mark.long
def test_the_commands_of_the_readme_install_from_a_clone(
    minor: str, container: Any, distributions: Path
) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(distributions.parent / "source", "clone")
    container.put_archive("/", archive.getvalue())
    commands = re.findall(r"^pip install '\.\[(.*?)\]'", README, re.M)
    assert sorted(commands) == ["cli", "master", "worker"]
    for extra in commands:
        environment = f"python3 -m venv /tmp/{extra} && . /tmp/{extra}/bin/activate"
        run(container, f"{environment} && cd /clone && pip install -q '.[{extra}]'")
        assert run(container, f"PATH=/tmp/{extra}/bin:$PATH; {USES[extra]}")
