"""Layered pexes in images: they run anywhere, and their layers stay what they are."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import docker
from tests.repository import Repository, new_repository

SETUP = """\
from setuptools import setup
setup(
    name="tiny", version="1.0", packages=["tiny", "space.tiny", "twisted.plugins"],
    install_requires=["six"],
    package_data={"tiny": ["words.txt"]}, data_files=[("share/tiny", ["shared.txt"])],
    scripts=["tiny-script"],
    entry_points={
        "console_scripts": ["tiny = tiny:main"],
        "tiny.plugins": ["one = space.tiny:plugin"],
    },
)
"""
TINY = """\
import json, os, signal, sys, time
from importlib.metadata import entry_points, version
from importlib.resources import files

def report():
    import six, twisted.plugins
    from pathlib import Path
    from twisted.plugin import getPlugins
    from twisted.application.service import IServiceMaker
    print(json.dumps({
        "argv": sys.argv[1:], "uid": os.getuid(), "pid": os.getpid(), "parent": os.getppid(),
        "six": six.__file__, "cached": os.path.exists(six.__cached__),
        "version": version("tiny"), "words": (files("tiny") / "words.txt").read_text(),
        "plugins": [point.load()() for point in entry_points(group="tiny.plugins")],
        "services": "tiny-tap" in [p.tapname for p in getPlugins(IServiceMaker)],
        "shared": (Path(sys.prefix) / "share/tiny/shared.txt").read_text(),
        "foreign": [p for p in sys.path if "-packages" in p and "/opt/ship/" not in p],
        "prefix": sys.prefix, "unbuffered": sys.stdout.write_through, "helper": callable(exit),
    }))

def wait():
    print("waiting", flush=True)
    time.sleep(60)

def handle():
    def end(number, frame):
        print("handled", flush=True)
        sys.exit(7)
    signal.signal(signal.SIGTERM, end)
    wait()

def orphan():
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.2)
        os._exit(0)
    os.wait()
    time.sleep(0.7)
    stats = [open(f"/proc/{p}/stat").read() for p in os.listdir("/proc") if p.isdigit()]
    print(sum(stat.rpartition(")")[2].split()[0] == "Z" for stat in stats), "zombies")

def crash():
    os.kill(os.getpid(), signal.SIGKILL)

def main():
    globals()[sys.argv[1]]()
"""
PLUGIN = """\
from twisted.application.service import ServiceMaker
tap = ServiceMaker("tiny", "tiny.tap", "A service", "tiny-tap")
"""
FILES = {
    "requirements.loose.txt": "six\ntwisted\n",
    "setup.py": SETUP,
    "shared.txt": "shared",
    "tiny-script": "#!python\nimport sys, six\nprint('script', sys.argv[1:], six.__name__)\n",
    "tiny/__init__.py": TINY,
    "tiny/__main__.py": "from . import main\nmain()\n",
    "tiny/words.txt": "words",
    "space/tiny/__init__.py": "def plugin():\n    return 'plugged'\n",
    "twisted/plugins/tiny_tap.py": PLUGIN,
    "MANIFEST.in": "include shared.txt tiny-script\n",
}
PEXES = {
    "tiny": ("tiny,twisted", "--script", "tiny"),
    "mod": ("tiny,twisted", "--module", "tiny"),
    "file": ("tiny", "--script", "tiny-script"),
    "bare": ("tiny",),
}
NOWHERE: dict[str, Any] = {
    "read_only": True,
    "user": "65534:65534",
    "cap_drop": ["ALL"],
    "network_mode": "none",
    "security_opt": ["no-new-privileges"],
}


class Made:
    """The images of one repository, by the names of their pexes."""

    def __init__(self, repository: Repository, client: docker.DockerClient, base: str) -> None:
        self.repository, self.client, self.base = repository, client, base
        self.images: dict[str, str] = {}

    def make(self, name: str, *options: str) -> dict[str, Any]:
        requirements, *entry = PEXES[name]
        self.repository.succeed("pex", f"{name}.pex", requirements, *entry, *options)
        return self.image(name)

    def image(self, name: str) -> dict[str, Any]:
        made = self.repository.succeed("image", name)["properties"][f"ship_image_{name}"]
        self.images[name] = made["loaded_as"]
        return dict(made)

    def layers(self, name: str) -> list[str]:
        record = self.repository.work / "records" / f"image-{name}.json"
        return [layer["digest"] for layer in json.loads(record.read_text())["layers"]]

    def run(self, name: str, *arguments: str, **options: Any) -> str:
        output: bytes = self.client.containers.run(
            self.images[name], list(arguments), remove=True, **{**NOWHERE, **options}
        )
        return output.decode()

    def end(self, name: str, *arguments: str, signal: str = "") -> tuple[int, str, float]:
        """Start the image, send a signal when it waits; return status, output, seconds."""
        container = self.client.containers.run(
            self.images[name], list(arguments), detach=True, **NOWHERE
        )
        try:
            while signal and b"waiting" not in container.logs():
                time.sleep(0.05)
            began = time.monotonic()
            if signal:
                container.kill(signal)
            status = container.wait(timeout=30)["StatusCode"]
            return status, container.logs().decode(), time.monotonic() - began
        finally:
            container.remove(force=True)


@pytest.fixture(scope="module")
def made(
    warm_cache: Path,
    bases: Any,
    client: docker.DockerClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Made]:
    repository = new_repository(tmp_path_factory.mktemp("layered"), bases, warm_cache)
    for path, text in FILES.items():
        file = repository.folder / path
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)
    for name in PEXES:
        text = f'FROM {bases.slim.reference}\nCOPY {name}.pex /\nENTRYPOINT ["/{name}.pex"]\n'
        (repository.folder / f"{name}.docker").write_text(text)
    repository.commit()
    repository.succeed("harden", "--package", ".")
    repository.commit()
    repository.succeed("wheels", "--package", ".")
    made = Made(repository, client, bases.slim.reference)
    for name in PEXES:
        made.make(name)
    yield made
    repository.succeed("gc")


def test_it_runs_read_only_as_nobody_without_any_capability(made: Made) -> None:
    told = json.loads(made.run("tiny", "report", "a b"))
    assert told.pop("parent") == 1
    assert told.pop("pid") > 1
    assert told.pop("six") == "/opt/ship/lib/python3.11/site-packages/six.py"
    assert told == {
        "argv": ["report", "a b"],
        "uid": 65534,
        "cached": True,
        "version": "1.0",
        "words": "words",
        "plugins": ["plugged"],
        "services": True,
        "shared": "shared",
        "foreign": [],
        "prefix": "/opt/ship",
        "unbuffered": False,
        "helper": True,
    }
    other = json.loads(made.run("mod", "report", environment={"PYTHONUNBUFFERED": "1"}))
    assert (other["argv"], other["unbuffered"]) == (["report"], True)


def test_a_script_that_a_wheel_holds_and_an_interpreter_run(made: Made) -> None:
    assert made.run("file", "x") == "script ['x'] six\n"
    assert made.run("bare", "-c", "import six, sys; print(sys.argv)", "y") == "['-c', 'y']\n"
    assert "bare" in made.run("bare", "-c", "import sys; print('bare', sys.path)")


def test_the_launcher_is_started_once_by_the_python_of_the_environment(made: Made) -> None:
    code = "import sys; print(open('/proc/1/cmdline').read().split('\\0'), sys.orig_argv)"
    said = made.run("bare", "-c", code)
    assert said.startswith("['/opt/ship/bin/python', '/bare.pex', '-c', "), said
    assert "['/opt/ship/bin/python', '-c', " in said


def test_what_a_variable_adds_to_the_path_counts(made: Made) -> None:
    prepared = "import pathlib, os, subprocess; os.environ['PYTHONPATH'] = '/more'; "
    prepared += "pathlib.Path('/more/plugin.py').write_text('print(\"plugged\")'); "
    prepared += "subprocess.run(['/bare.pex', '-c', 'import plugin, six'])"
    assert made.run("bare", "-c", prepared, tmpfs={"/more": ""}) == "plugged\n"


def test_process_1_is_a_good_init(made: Made) -> None:
    status, said, seconds = made.end("tiny", "handle", signal="SIGTERM")
    assert (status, said) == (7, "waiting\nhandled\n")
    assert seconds < 2
    status, _, seconds = made.end("tiny", "wait", signal="SIGTERM")
    assert status == 128 + 15
    assert seconds < 2
    assert made.end("tiny", "crash")[0] == 128 + 9
    assert made.run("tiny", "orphan") == "0 zombies\n"
    foreground = "import os; print(os.tcgetpgrp(0) == os.getpgrp() == os.getpid())"
    assert made.run("bare", "-c", foreground, tty=True) == "True\r\n"


def test_pexes_of_one_commit_share_layers_and_an_image_knows_each_once(made: Made) -> None:
    tiny, mod = made.layers("tiny"), made.layers("mod")
    assert tiny[:-1] == mod[:-1]
    assert tiny[-1] != mod[-1]
    history = [h["CreatedBy"] for h in made.client.images.get(made.images["tiny"]).history()]
    assert history[0] == "buildbot-ship image: COPY tiny.pex /"
    assert history[1] == "buildbot-ship pex: tiny 1.0"
    assert any(line.startswith("buildbot-ship pex: twisted ") for line in history)


def test_a_commit_of_one_line_leaves_all_layers_but_the_code(made: Made) -> None:
    before = made.layers("tiny")
    path = made.repository.folder / "tiny/__init__.py"
    path.write_text(path.read_text() + "# one line\n")
    made.repository.commit()
    made.repository.succeed("wheels", "--package", ".")
    made.make("tiny")
    assert "installing" not in made.repository.ship("pex", "tiny.pex", *PEXES["tiny"]).output
    after = made.layers("tiny")
    assert [a == b for a, b in zip(after, before, strict=True)] == [
        *([True] * (len(before) - 2)), False, True,
    ]  # fmt: skip


def test_two_builds_give_the_same_bytes(made: Made) -> None:
    made.repository.succeed("wheels", "--package", ".")
    requirements, *entry = PEXES["tiny"]
    made.make("tiny")
    pex = [f"--pex=tiny.pex={requirements}", *entry]
    said = made.repository.ship("verify", "--package", ".", *pex, "--image", "tiny")
    assert said.status == 0, said.output
    assert "tiny 1.0 in tiny.pex" in said.result["texts"]["digests.txt"]


def test_a_zipapp_is_one_file_as_ever(made: Made) -> None:
    made.make("bare", "--layout", "zipapp")
    assert len(made.layers("bare")) == 1
    code = "import six; print(six.__file__)"
    said = made.run("bare", "-c", code, read_only=False, environment={"HOME": "/tmp"})
    assert "/site-packages/" not in said
    assert "six" in said


def test_an_image_that_the_engine_builds_has_the_trees_as_well(made: Made) -> None:
    text = (made.repository.folder / "tiny.docker").read_text()
    file = made.repository.folder / "ran.docker"
    file.write_text(text.replace("COPY", "RUN echo made > /made\nCOPY"))
    made.repository.commit()
    made.repository.succeed("wheels", "--package", ".")
    made.repository.succeed("pex", "tiny.pex", *PEXES["tiny"])
    made.image("ran")
    made.image("tiny")
    library, *trees = made.layers("tiny")[:-1]
    assert library not in made.layers("ran")
    assert made.layers("ran")[: len(trees)] == trees
    assert len(made.layers("ran")) == len(trees) + 3
    history = [h["CreatedBy"] for h in made.client.images.get(made.images["ran"]).history()]
    assert history[0] == "buildbot-ship image: virtual environment"
    assert json.loads(made.run("ran", "report"))["argv"] == ["report"]
    script = made.run("ran", "report", entrypoint="tiny")
    assert json.loads(script)["prefix"] == "/opt/ship"


@contextmanager
def derived(made: Made, command: str, name: str = "tiny") -> Iterator[None]:
    """Have the image *name*, while this lasts, on a base of which *command* made another."""
    registry = made.base.partition("/")[0]
    base = f"{registry}/tests/derived:{uuid.uuid4().hex}"
    dockerfile = BytesIO(f"FROM {made.base}\nRUN {command}\n".encode())
    made.client.images.build(fileobj=dockerfile, tag=base, rm=True, forcerm=True)
    made.client.images.push(base)
    made.client.images.remove(base, force=True)
    file = made.repository.folder / f"{name}.docker"
    before = file.read_text()
    try:
        file.write_text(before.replace(made.base, base))
        made.repository.commit()
        made.repository.succeed("wheels", "--package", ".")
        yield
    finally:
        file.write_text(before)
        made.repository.commit()


def test_another_runtime_base_takes_the_same_layers(made: Made) -> None:
    made.repository.succeed("wheels", "--package", ".")
    made.make("tiny")
    before = made.layers("tiny"), made.client.images.get(made.images["tiny"]).id
    with derived(made, "echo new > /new"):
        said = made.repository.ship("pex", "tiny.pex", *PEXES["tiny"])
        assert "installing" not in said.output
        made.image("tiny")
    assert made.layers("tiny") == before[0]
    assert made.client.images.get(made.images["tiny"]).id != before[1]
    assert json.loads(made.run("tiny", "report"))["plugins"] == ["plugged"]


COMPILED = """\
import argparse, asyncio, os, sys
files = [getattr(module, "__cached__", None) for module in [*sys.modules.values()]]
compiled = [file for file in files if file and not os.path.exists(file)]
print(getattr(argparse, "MARK", None), compiled)
"""


def test_nothing_is_compiled_at_a_start(made: Made) -> None:
    made.repository.succeed("wheels", "--package", ".")
    made.make("bare")
    history = made.client.images.get(made.images["bare"]).history()
    title = "buildbot-ship image: bytecode of the library of Python 3.11"
    assert title in [entry["CreatedBy"] for entry in history]
    assert made.run("bare", "-c", COMPILED) == "None []\n"
    folders = "import os; print([oct(os.stat(p).st_mode) for p in ('/usr', '/usr/lib')])"
    plain = made.client.containers.run(made.base, ["python3", "-c", folders], remove=True)
    assert made.run("bare", "-c", folders) == plain.decode()


def test_bytecode_of_the_library_counts_for_its_own_source_only(made: Made) -> None:
    made.repository.succeed("wheels", "--package", ".")
    made.make("bare")
    library = made.layers("bare")[0]
    with derived(made, "echo 'MARK = 1' >> /usr/lib/python3.11/argparse.py", "bare"):
        made.make("bare")
        assert made.layers("bare")[0] == library
        assert made.run("bare", "-c", COMPILED) == "1 []\n"


def test_a_base_that_has_bytecode_gets_none(made: Made) -> None:
    made.repository.succeed("wheels", "--package", ".")
    made.make("bare")
    _, *others = made.layers("bare")
    with derived(made, "python3 -m compileall -q /usr/lib/python3.11", "bare"):
        made.make("bare")
        assert made.layers("bare") == others
        assert made.run("bare", "-c", COMPILED) == "None []\n"


def test_a_base_without_a_shell_and_env_will_do(made: Made) -> None:
    with derived(made, "rm /usr/bin/env /bin/sh /bin/dash"):
        made.make("tiny")
    assert json.loads(made.run("tiny", "report"))["argv"] == ["report"]


def test_a_base_with_another_python_is_refused(made: Made) -> None:
    with derived(made, 'mv "$(readlink -f "$(which python3)")" /usr/bin/python3.9'):
        made.repository.succeed("pex", "tiny.pex", *PEXES["tiny"])
        said = made.repository.ship("image", "tiny")
    assert said.status == 27
    assert "needs Python 3.11 on the PATH, the base has 3.9" in said.result["summary"]


def test_a_base_with_another_c_library_is_refused(made: Made) -> None:
    lacking = "find / -xdev -name libc.so.6 -exec rm {} +"
    with derived(made, lacking):
        made.repository.succeed("pex", "tiny.pex", *PEXES["tiny"])
        said = made.repository.ship("image", "tiny")
    assert said.status == 27
    assert "the base has none" in said.result["summary"]
