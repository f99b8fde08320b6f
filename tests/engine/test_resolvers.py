"""uv and pip-compile write the same files, line by line, for the applications of the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.corpus.apps import CORPUS, App

import docker
from buildbot_ship.model.requirements.header import split

from .conftest import Repository

FILES = ("requirements.strict.txt", "requirements.build.txt")
EXTRAS = "requests[socks]; python_version > '3'\nuvicorn[standard]\npyyaml\n-c limits.txt\n"
QUICK = ("remotemath", "fastapi")
APPS = [
    pytest.param(app, id=app.name, marks=() if app.name in QUICK else pytest.mark.long)
    for app in CORPUS
    if not app.newest
]


@pytest.fixture(scope="session")
def base_with_pip_settings(client: docker.DockerClient, hardened: Repository) -> Iterator[str]:
    """A build base with a setting of pip that changes nothing: pip-compile must resolve."""
    dockerfile = (hardened.folder / "build.docker").read_text()
    reference = dockerfile.split()[1]
    repository, tag = reference.rpartition(":")[0], "with-pip-settings"
    container = client.containers.create(reference)
    container.commit(repository, tag, conf={"Env": ["PIP_SRC=/tmp"]})
    container.remove()
    yield f"{repository}:{tag}"
    client.images.remove(f"{repository}:{tag}", force=True)


def resolve(repository: Repository, *more: str) -> tuple[dict[str, str], str]:
    """Harden; return both files without their headers, and the log."""
    said = repository.ship("harden", "--package", ".", *more)
    assert said.status == 0, said.output
    texts = {name: split((repository.folder / name).read_text())[1] for name in FILES}
    return texts, said.output


def compare(repository: Repository, base: str, *more: str) -> None:
    before = (repository.folder / "build.docker").read_text()
    fast, log = resolve(repository, *more)
    assert "pip-compile" not in log
    for name in FILES:
        (repository.folder / name).unlink()
    (repository.folder / "build.docker").write_text(f"FROM {base}\n")
    slow, log = resolve(repository, *more)
    assert "the build base has settings of pip: pip-compile resolves" in log
    (repository.folder / "build.docker").write_text(before)
    assert fast == slow


@pytest.mark.parametrize("app", APPS)
def test_an_application_gets_the_same_lines(
    repository: Repository, base_with_pip_settings: str, app: App
) -> None:
    (repository.folder / "requirements.loose.txt").write_text("\n".join(app.loose) + "\n")
    compare(repository, base_with_pip_settings)


@pytest.mark.long
@pytest.mark.parametrize("more", [(), ("--no-binary", "pyyaml"), ("--only-binary", ":all:")])
def test_extras_markers_constraints_and_formats_are_the_same(
    repository: Repository, base_with_pip_settings: str, more: tuple[str, ...]
) -> None:
    folder: Path = repository.folder
    (folder / "requirements.loose.txt").write_text(EXTRAS)
    (folder / "limits.txt").write_text("urllib3<2.1; python_version > '3'\nidna<3.5\n")
    compare(repository, base_with_pip_settings, *more)


@pytest.mark.long
def test_a_kept_pin_stays_with_either(
    repository: Repository, base_with_pip_settings: str
) -> None:
    folder: Path = repository.folder
    (folder / "requirements.loose.txt").write_text("requests<2.32\n")
    resolve(repository)
    (folder / "requirements.loose.txt").write_text("requests\nattrs\n")
    kept = {name: (folder / name).read_text() for name in FILES}
    fast, _ = resolve(repository, "--upgrade", "idna")
    for name, text in kept.items():
        (folder / name).write_text(text)
    (folder / "build.docker").write_text(f"FROM {base_with_pip_settings}\n")
    slow, _ = resolve(repository, "--upgrade", "idna")
    assert fast == slow
    assert "requests==2.31.0" in fast[FILES[0]]


def test_what_uv_cannot_resolve_is_explained_by_pip_compile(repository: Repository) -> None:
    (repository.folder / "requirements.loose.txt").write_text("attrs<20\nattrs>21\n")
    said = repository.ship("harden", "--package", ".")
    assert said.status != 0
    assert "uv cannot resolve them: asking pip-compile" in said.output
    assert said.failure["message"] == "requirements.loose.txt does not resolve"
