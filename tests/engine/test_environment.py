"""What works in a virtual environment works in an image: child processes, scripts, servers.

The cases are those of ``tests/programs/own/cli.py``.  Each was a bug report somewhere: joblib's
workers (pex#675), reloaders that start ``sys.executable`` anew, runners that look for scripts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import docker
from tests.repository import Repository, new_repository

PROGRAMS = Path(__file__).parents[1] / "programs"
LOOSE = """\
celery
distributed
django
gunicorn
joblib
pytest
pytest-xdist
uvicorn
"""
PACKAGES = ",".join(["own", *LOOSE.split()])
PREFIX = "/opt/ship"
SITE = f"{PREFIX}/lib/python3.11/site-packages"
ANSWER = {"prefix": PREFIX, "own": "plugged", "pid": True, "reloaded": True}
"""*pid*: it was a child of the server that answered."""
SQUARES = [0, 1, 4, 9]
CASES: dict[str, Any] = {
    "joblib": SQUARES,
    "import_own": "plugged",
    "run_module": '["arguments", "a b", "__main__"]',
    "isolated": PREFIX,
    "empty_environment": PREFIX,
    "other_folder": "found",
    "flags": [[], "found"],
    "spawn": [SQUARES, [PREFIX, True]],
    "forkserver": SQUARES,
    "executor": SQUARES,
    "which": [
        f"{PREFIX}/bin/{name}"
        for name in ("own", "own-helper", "python", "python3", "gunicorn", "pytest")
    ],
    "helper": "helped ['x'] own",
    "other_script": f"again ['x', 'again'] {PREFIX}",
    "environment": [f"{PREFIX}/bin", PREFIX],
    "prefixes": [
        PREFIX, PREFIX, True, f"{PREFIX}/bin/python", SITE, False, f"{PREFIX}/bin", SITE, 0,
    ],
    "module_site": True,
    "plugins": "['plugged'] words",
    "venv": ["/tmp/other", "/usr"],
    "django": ANSWER,
    "django_script": ANSWER,
    "gunicorn": ANSWER,
    "uvicorn": {**ANSWER, "reloaded": False},
    "uvicorn_reload": ANSWER,
    "celery": 49,
    "dask": [PREFIX, True],
    "pytest": "4 passed",
    "pytest_script": "4 passed",
}  # fmt: skip
HARDENED: dict[str, Any] = {
    "read_only": True,
    "user": "12345:54321",
    "cap_drop": ["ALL"],
    "network_mode": "none",
    "security_opt": ["no-new-privileges"],
    "tmpfs": {"/tmp": ""},
    "environment": {"HOME": "/tmp"},
}
"""How the cases run: as anybody, on a root that nobody can write to."""


@attrs.frozen
class Programs:
    """The images of the programs, by their names."""

    client: docker.DockerClient
    images: dict[str, str]

    def run(self, image: str, *arguments: str, **options: Any) -> str:
        output: bytes = self.client.containers.run(
            self.images[image], list(arguments), remove=True, **{**HARDENED, **options}
        )
        return output.decode().strip()


@pytest.fixture(scope="module")
def programs(
    bases: Any,
    warm_cache: Path,
    client: docker.DockerClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Programs]:
    repository = new_repository(tmp_path_factory.mktemp("programs"), bases, warm_cache)
    shutil.rmtree(repository.folder / "tiny")
    shutil.copytree(PROGRAMS, repository.folder, dirs_exist_ok=True)
    (repository.folder / "requirements.loose.txt").write_text(LOOSE)
    images = {"own": ("--script", "own"), "web": ("--module", "own.cli"), "python": ()}
    for name in images:
        text = f'FROM {bases.slim.reference}\nCOPY {name}.pex /\nENTRYPOINT ["/{name}.pex"]\n'
        (repository.folder / f"{name}.docker").write_text(text)
    repository.commit()
    repository.succeed("harden", "--package", ".")
    repository.commit()
    repository.succeed("wheels", "--package", ".")
    loaded = {name: make(repository, name, *entry) for name, entry in images.items()}
    yield Programs(client, loaded)
    repository.succeed("gc")


def make(repository: Repository, name: str, *entry: str) -> str:
    repository.succeed("pex", f"{name}.pex", PACKAGES, *entry)
    made = repository.succeed("image", name)["properties"][f"ship_image_{name}"]
    return str(made["loaded_as"])


@pytest.mark.parametrize("case", CASES)
def test_what_works_in_a_virtual_environment_works_in_an_image(
    programs: Programs, case: str
) -> None:
    assert json.loads(programs.run("own", case).splitlines()[-1]) == CASES[case]


@pytest.mark.parametrize("case", ["arguments", "spawn", "joblib"])
def test_a_module_is_the_main_one_for_its_children_too(programs: Programs, case: str) -> None:
    expected = {**CASES, "arguments": ["arguments", "a b", "__main__"]}
    assert json.loads(programs.run("web", case, "a b")) == expected[case]


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "own.cli", "joblib"],
        ["-c", "from own.cli import joblib; import json; print(json.dumps(joblib()))"],
        ["-X", "dev", "-W", "ignore", "-m", "own.cli", "joblib"],
    ],
)
def test_a_pex_without_an_entry_point_is_the_interpreter(
    programs: Programs, command: list[str]
) -> None:
    assert json.loads(programs.run("python", *command)) == SQUARES


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["own", "import_own"], '"plugged"'),
        (["own-helper", "x"], "helped ['x'] own"),
        (["python", "-c", "import own, sys; print(sys.prefix)"], PREFIX),
        (["python3.11", "-m", "own.cli", "which"], json.dumps(CASES["which"])),
        (["/own.pex", "joblib"], json.dumps(SQUARES)),
        (["/usr/bin/python3.11", "/own.pex", "joblib"], json.dumps(SQUARES)),
    ],
)
def test_a_running_container_has_the_scripts_and_the_python_on_its_path(
    programs: Programs, waiting: Any, command: list[str], expected: str
) -> None:
    status, output = waiting.exec_run(command)
    assert (status, output.decode().strip()) == (0, expected)


@pytest.fixture(scope="module")
def waiting(programs: Programs) -> Iterator[Any]:
    """A container that runs the application."""
    container = programs.client.containers.run(
        programs.images["own"], ["wait"], detach=True, **HARDENED
    )
    yield container
    container.remove(force=True)


def test_a_script_can_be_the_entry_point_itself(programs: Programs) -> None:
    assert programs.run("own", "joblib", entrypoint=["own"]) == json.dumps(SQUARES)
    assert programs.run("own", entrypoint=["python", "-c", "import own; print(1)"]) == "1"
