"""Where packages ship the same file: what is reported, and what an image really holds.

Some of the cases were bug reports about pip, uv, pex and Pants: tests and docs at the top
level of wheels, scripts of one name, namespace packages, a file where another package has a
folder, data files over the environment's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

import docker
from tests.repository import Repository, new_repository

from .package_index import PackageIndex, package_index

LOOSE = """\
django-classy-tags==2.0.0
django-sekizai==2.0.0
backoff==1.9.1
shipalpha
shipzulu
"""
POINTS = "[console_scripts]\nshared-tool = {0}.tools:main\n{0}-tool = {0}.tools:main\n"
SITE = "lib/python3.11/site-packages"
SETUP = """\
from setuptools import setup
setup(
    name="aardvark", version="1.0", packages=["aardvark", "both", "Both"],
    package_data={"both": ["*.txt"]},
    data_files=[("", ["pyvenv.cfg"]), ("bin", ["python"]), ("lib64", ["aardvark.txt"])],
    entry_points={"console_scripts": ["shipzulu-tool = aardvark:main"]},
)
"""
CLASH = """\
from setuptools import setup
folder = "lib/python3.11/site-packages/shipalpha"
setup(name="clash", version="1.0", packages=[], data_files=[(folder, ["readme"])])
"""
OWN = {
    "setup.py": SETUP,
    "MANIFEST.in": "include pyvenv.cfg python aardvark.txt\n",
    "pyvenv.cfg": "home = /nowhere\n",
    "python": "#!/bin/false\n",
    "aardvark.txt": "aardvark",
    "clash/setup.py": CLASH,
    "clash/MANIFEST.in": "include readme\n",
    "clash/readme": "a file",
    "aardvark/__init__.py": "def main():\n    print('aardvark')\n",
    "both/__init__.py": "",
    "both/ours.py": "WHO = 'aardvark'\n",
    "both/words.txt": "aardvark",
    "Both/__init__.py": "WHO = 'aardvark'\n",
}
REPORT = """\
import json, os, subprocess, sys
import Both, aardvark, both, both.late, both.names, both.ours, common, tests.settings
def said(name):
    return subprocess.run([name], capture_output=True, text=True).stdout.strip()
try:
    import both.template
except SyntaxError:
    template = "as it is"
shared = os.path.dirname(both.__file__)
def text(*parts):
    return open(os.path.join(sys.prefix, *parts)).read()
print(json.dumps({
    "ours": both.ours.WHO, "names": both.names.WHO, "late": both.late.WHO, "Both": Both.WHO,
    "template": template, "words": text(shared, "words.txt"),
    **{name: said(name) for name in ("shared-tool", "shipzulu-tool", "shipalpha-tool")},
    "tests": "sekizai" in text(tests.settings.__file__), "home": "home =" in text("pyvenv.cfg"),
    "library": text("lib", "aardvark.txt"), "lib64": os.path.islink(sys.prefix + "/lib64"),
    "python": os.path.samefile(sys.prefix + "/bin/python", "/proc/self/exe"),
}))
"""
HELD = {
    "ours": "aardvark",
    "names": "shipzulu",
    "late": "shipzulu",
    "Both": "aardvark",
    "template": "as it is",
    "shared-tool": "shipzulu",
    "shipzulu-tool": "aardvark",
    "shipalpha-tool": "shipalpha",
    "words": "aardvark",
    "tests": True,
    "home": True,
    "library": "aardvark",
    "lib64": True,
    "python": True,
}
LINES = [
    "bin/python: the environment wins over aardvark 1.0",
    "bin/shared-tool: shipzulu 1.0 wins over shipalpha 1.0",
    "bin/shipzulu-tool: aardvark 1.0 wins over shipzulu 1.0",
    "site-packages/both/late.py: shipzulu 1.0 wins over shipalpha 1.0",
    "site-packages/both/names.py: shipzulu 1.0 wins over shipalpha 1.0",
    "site-packages/both/ours.py: aardvark 1.0 wins over shipalpha 1.0 and shipzulu 1.0",
    "site-packages/both/template.py: shipzulu 1.0 wins over shipalpha 1.0",
    "site-packages/both/words.txt: aardvark 1.0 wins over shipzulu 1.0",
    "site-packages/tests/settings.py: django-sekizai 2.0.0 wins over django-classy-tags 2.0.0",
    "site-packages/tests/test_core.py: django-sekizai 2.0.0 wins over django-classy-tags 2.0.0",
    "pyvenv.cfg: the environment wins over aardvark 1.0",
]
LINES.sort(key=lambda line: line.replace("site-packages/", f"{SITE}/"))
PACKAGES = ("--package", ".", "--package", "clash")
ROW = "django-classy-tags,django-sekizai,backoff"
APP = ("app.pex", f"aardvark,shipalpha,shipzulu,{ROW}")


def publish(index: PackageIndex) -> None:
    """Publish a small package, and a large one of a later name."""
    common = {"common/__init__.py": b"SAME = 1\n", "both/__init__.py": b""}
    tools = b"def main():\n    print(__name__.partition('.')[0])\n"
    index.add(
        "shipalpha",
        {
            **common,
            "shipalpha/tools.py": tools,
            "shipalpha/readme/index": b"",
            "both/names.py": b"WHO = 'shipalpha'\n",
            "both/ours.py": b"WHO = 'shipalpha'\n",
            "both/template.py": b"WHO = 'shipalpha'\n",
            "shipalpha-1.0.data/platlib/both/late.py": b"WHO = 'shipalpha'\n",
        },
        POINTS.format("shipalpha"),
    )
    index.add(
        "shipzulu",
        {
            **common,
            "shipzulu/tools.py": tools,
            "shipzulu/data.bin": bytes(300 * 1024),
            "both/names.py": b"WHO = 'shipzulu'\n",
            "both/ours.py": b"WHO = 'shipzulu'\n",
            "both/template.py": b"WHO = {{ name }\n",
            "both/late.py": b"WHO = 'shipzulu'\n",
            "both/words.txt": b"shipzulu",
        },
        POINTS.format("shipzulu"),
    )


@attrs.frozen
class Made:
    """A repository with wheels, and where it found some of them."""

    repository: Repository
    client: docker.DockerClient
    options: tuple[str, ...]

    def run(self, code: str, **options: Any) -> str:
        """Return what *code* says in the image of the pex."""
        loaded = self.repository.succeed("image", "app")["properties"]["ship_image_app"]
        said: bytes = self.client.containers.run(
            loaded["loaded_as"], ["-c", code], remove=True, **options
        )
        return said.decode()


@pytest.fixture(scope="module")
def made(
    bases: Any, client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("conflicts")
    repository = new_repository(folder, bases)
    repository.git("rm", "-q", "-r", "tiny")
    for path, text in OWN.items():
        (repository.folder / path).parent.mkdir(exist_ok=True)
        (repository.folder / path).write_text(text)
    (repository.folder / "requirements.loose.txt").write_text(LOOSE)
    text = f'FROM {bases.slim.reference}\nCOPY app.pex /\nENTRYPOINT ["/app.pex"]\n'
    (repository.folder / "app.docker").write_text(text)
    repository.commit()
    with package_index(client, folder / "index") as index:
        publish(index)
        repository.succeed("harden", *PACKAGES, *index.options)
        repository.commit()
        repository.succeed("wheels", *PACKAGES, *index.options)
        yield Made(repository, client, index.options)
    repository.succeed("gc")


def test_every_file_that_packages_ship_with_other_content_is_reported(made: Made) -> None:
    said = made.repository.ship("pex", *APP)
    assert said.status == 0, said.output
    assert said.result["warnings"] == LINES
    assert said.result["texts"]["conflicts.txt"].splitlines() == LINES
    assert all(f"warning: {line}" in said.output for line in LINES)


def test_an_image_holds_the_files_of_the_packages_that_win(made: Made) -> None:
    made.repository.succeed("pex", *APP)
    assert json.loads(made.run(REPORT)) == HELD


def test_an_option_makes_it_an_error_or_says_nothing(made: Made) -> None:
    said = made.repository.ship("pex", "row.pex", ROW, "--conflicts", "fail")
    assert said.status == 44
    name = "django-sekizai 2.0.0 wins over django-classy-tags 2.0.0"
    assert f"site-packages/tests/settings.py: {name} (and 1 more)" in said.output
    assert f"site-packages/tests/test_core.py: {name}" in said.output
    assert "backoff" not in said.output
    quiet = made.repository.succeed("pex", *APP, "--conflicts", "ignore")
    assert quiet["warnings"] == []


def test_a_file_where_another_package_has_a_folder_is_refused(made: Made) -> None:
    said = made.repository.ship("pex", "clash.pex", "shipalpha,clash", "--conflicts", "ignore")
    assert said.status == 44
    line = "site-packages/shipalpha/readme: a file in one and a folder in another of "
    assert f"{line}clash 1.0 and shipalpha 1.0" in said.output
    assert 'layout="zipapp"' in said.failure["remedy"]


@pytest.mark.long
def test_a_change_of_one_line_compares_nothing_anew(made: Made) -> None:
    made.repository.succeed("pex", *APP)
    module = made.repository.folder / "aardvark/__init__.py"
    module.write_text(module.read_text() + "# one line\n")
    made.repository.commit()
    made.repository.succeed("wheels", *PACKAGES)
    for path in made.repository.work.joinpath("wheelhouse").glob("*"):
        if not path.name.startswith("aardvark"):
            path.unlink()
    said = made.repository.ship("pex", *APP)
    assert said.result["warnings"] == LINES
    assert said.output.count("installing") == 1
    assert "fetching" not in said.output
    wheels = made.repository.work.joinpath("wheelhouse").glob("*")
    assert [path.name.partition("-")[0] for path in wheels] == ["aardvark"]


@pytest.mark.long
def test_a_zipapp_takes_the_first_package_on_its_path(made: Made) -> None:
    said = made.repository.succeed(
        "pex", "app.pex", "shipzulu,shipalpha,aardvark", "--layout=zipapp"
    )
    assert said["warnings"] == [
        "site-packages/both/late.py: shipalpha 1.0 wins over shipzulu 1.0",
        "site-packages/both/names.py: shipalpha 1.0 wins over shipzulu 1.0",
        "site-packages/both/ours.py: aardvark 1.0 wins over shipalpha 1.0 and shipzulu 1.0",
        "site-packages/both/template.py: shipalpha 1.0 wins over shipzulu 1.0",
    ]
    code = "import both; print(both.__file__)"
    assert "/aardvark-1.0" in made.run(code, environment={"HOME": "/tmp"})
