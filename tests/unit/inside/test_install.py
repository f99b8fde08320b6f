"""Wheels made here, installed to layers as in a container."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.model.image.binaries import read_binaries
from buildbot_ship.model.reference import digest_of
from tests.fakes.elf import LOADER, elf
from tests.scripts import scripts_folder

INSIDE = scripts_folder()
MINOR = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"opt/ship/lib/{MINOR}/site-packages"
TAG = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
RUN = """\
import sys
from pathlib import Path
sys.path.insert(0, sys.argv.pop(1))
import install
import layer_packing
layer_packing.STAGE = Path(sys.argv[2]).parent / "stage"
install.main(install.work)
"""
METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: 1\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@attrs.define
class Job:
    """A job folder with wheels, and what becomes of it."""

    folder: Path
    result: dict[str, Any] = attrs.field(factory=dict)

    def wheel(self, name: str, files: Mapping[str, str | bytes], **more: str) -> dict[str, Any]:
        """Make a wheel; what begins with ``!`` is executable."""
        info = f"{name}-1.dist-info"
        own = {f"{info}/METADATA": METADATA.format(name), f"{info}/WHEEL": WHEEL}
        own |= {f"{info}/{file}": text for file, text in more.items()}
        path = self.folder / "job" / "wheelhouse" / f"{name}-1-py3-none-any.whl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in {**files, **own, f"{info}/RECORD": ""}.items():
                item = zipfile.ZipInfo(file.lstrip("!"))
                item.external_attr = (0o100755 if file.startswith("!") else 0o100600) << 16
                archive.writestr(item, text)
        return {"file": path.name, "digest": digest_of(path.read_bytes()), "left_out": []}

    def run(self, **layers: list[dict[str, Any]]) -> dict[str, Any]:
        job, out = self.folder / "job", self.folder / "out"
        (job / "bytecode.py").write_bytes((INSIDE / "bytecode.py").read_bytes())
        (job / "job.json").write_text(json.dumps({"prefix": "/opt/ship", "layers": layers}))
        command = [sys.executable, "-c", RUN, str(INSIDE), str(job), str(out)]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)
        self.result = json.loads((out / "result.json").read_text())
        return self.result

    def layer(self, name: str) -> dict[str, tuple[int, bytes]]:
        """Return mode and content of every file."""
        found = {}
        with tarfile.open(self.folder / "out" / f"{name}.tar.gz") as tar:
            for member in tar:
                if content := tar.extractfile(member):
                    found[member.name] = (member.mode, content.read())
        return found


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_every_file_goes_where_an_installer_puts_it(job: Job) -> None:
    wheel = job.wheel(
        "app",
        {
            "app/__init__.py": "x = 1\n",
            "!app/tool": "#!/bin/sh\n",
            "app/__pycache__/old.pyc": "stale",
            "app-1.data/purelib/more.py": "",
            "app-1.data/scripts/run": "#!python\nprint()\n",
            "app-1.data/data/share/app/file": "shared",
            "app-1.data/headers/app.h": "int x;",
        },
        **{"entry_points.txt": "[console_scripts]\napp = app:main\n", "INSTALLER": ""},
    )
    assert job.run(layer=[wheel])["ok"] is True
    found = job.layer("layer")
    cached = f"__pycache__/{{}}.{TAG}.pyc"
    assert sorted(found) == sorted([
        f"{SITE}/app/__init__.py", f"{SITE}/app/{cached.format('__init__')}",
        f"{SITE}/app/tool", f"{SITE}/more.py", f"{SITE}/{cached.format('more')}",
        *(f"{SITE}/app-1.dist-info/{n}" for n in (
            "METADATA", "WHEEL", "RECORD", "entry_points.txt", "INSTALLER")),
        "opt/ship/bin/app", "opt/ship/bin/run", "opt/ship/share/app/file",
        f"opt/ship/include/site/{MINOR}/app/app.h",
    ])  # fmt: skip
    assert found[f"{SITE}/app/tool"][0] == 0o755
    assert found[f"{SITE}/app/__init__.py"] == (0o644, b"x = 1\n")
    assert found["opt/ship/bin/run"] == (0o755, b"#!/opt/ship/bin/python\nprint()\n")
    record = found[f"{SITE}/app-1.dist-info/RECORD"][1].decode()
    assert "../../../bin/run," in record


POINTS = """\
[console_scripts]
app = app.cli:main
app-tool=app.cli : Tool.run [extra]
[gui_scripts]
app-window = app:window
[app.plugins]
other = app:plugin
"""


@pytest.mark.parametrize("more", [{}, {"app-1.data/scripts/run": "#!python\n"}])
def test_console_scripts_start_the_interpreter_of_the_environment(
    job: Job, more: dict[str, str]
) -> None:
    wheel = job.wheel("app", {"app/cli.py": "", **more}, **{"entry_points.txt": POINTS})
    assert job.run(layer=[wheel])["ok"] is True
    found = job.layer("layer")
    scripts = {path for path in found if path.startswith("opt/ship/bin/")}
    names = {"app", "app-tool", "app-window", *(["run"] if more else [])}
    assert scripts == {f"opt/ship/bin/{name}" for name in names}
    mode, text = found["opt/ship/bin/app-tool"]
    assert mode == 0o755
    assert text.startswith(b"#!/opt/ship/bin/python\n")
    assert b"from app.cli import Tool\n" in text
    assert b"sys.exit(Tool.run())\n" in text


NO_OBJECT = (
    "one of its entry points names no object: no function"
    if sys.version_info >= (3, 15)
    else "its entry point app names no function: no function"
)


@pytest.mark.parametrize(
    ("point", "why"),
    [
        ("app = app.cli", "its entry point app names no function: app.cli"),
        ("../app = app:main", "its entry point '../app' is not a valid file name"),
        ("app = no function", NO_OBJECT),
    ],
)
def test_an_entry_point_that_no_script_can_be_made_of_is_refused(
    job: Job, point: str, why: str
) -> None:
    points = {"entry_points.txt": f"[console_scripts]\n{point}\n"}
    said = job.run(layer=[job.wheel("app", {"app.py": ""}, **points)])
    assert said["why"] == f"app-1-py3-none-any.whl cannot be installed: {why}"


def test_bytecode_is_bound_to_nothing_but_its_place(job: Job) -> None:
    broken = {"app/template.py": "{{ no python }}\n", "app/ok.py": "def f(): return 1\n"}
    assert job.run(layer=[job.wheel("app", broken)])["ok"] is True
    found = job.layer("layer")
    assert f"{SITE}/app/template.py" in found
    assert f"{SITE}/app/__pycache__/template.{TAG}.pyc" not in found
    data = found[f"{SITE}/app/__pycache__/ok.{TAG}.pyc"][1]
    assert int.from_bytes(data[4:8], "little") == 0b01
    assert f"/{SITE}/app/ok.py".encode() in data


def test_a_wheel_alone_has_the_same_layer_whatever_is_made_beside_it(tmp_path: Path) -> None:
    code = "".join(f"def name{n}(other): return {{'name{n}', 'x', other}}\n" for n in range(50))
    results = []
    for number, others in enumerate((0, 5)):
        job = Job(tmp_path / str(number))
        wheel = job.wheel("app", {"app/a.py": code, "app/b.py": code + "y = 'name1'\n"})
        more = [job.wheel(f"o{n}", {f"o{n}/a.py": code}) for n in range(others)]
        made = job.run(**({"more": more} if more else {}), app=[wheel])
        results.append(made["layers"]["app"])
    assert results[0] == results[1]


def test_of_two_files_at_one_place_the_last_wheel_has_it(job: Job) -> None:
    first = job.wheel("a", {"shared/__init__.py": "first = 1\n"})
    last = job.wheel("b", {"shared/__init__.py": "last = 1\n"})
    assert job.run(layer=[first, last])["ok"] is True
    found = job.layer("layer")
    assert found[f"{SITE}/shared/__init__.py"][1] == b"last = 1\n"
    assert b"last" in found[f"{SITE}/shared/__pycache__/__init__.{TAG}.pyc"][1]


def test_a_wheel_that_is_not_what_was_recorded_is_refused(job: Job) -> None:
    wheel = job.wheel("app", {"app.py": ""})
    said = job.run(layer=[{**wheel, "digest": "sha256:other"}])
    assert said["ok"] is False
    assert "but BuildWheels recorded sha256:other" in said["why"]


@pytest.mark.parametrize("path", ["../../../../../../etc/evil", "/etc/evil"])
def test_a_wheel_that_leaves_its_tree_is_refused(job: Job, path: str) -> None:
    said = job.run(layer=[job.wheel("app", {path: "evil"})])
    assert said["ok"] is False
    assert said["why"].startswith("app-1-py3-none-any.whl cannot be installed: ")
    assert not Path("/etc/evil").exists()


def test_of_two_files_at_one_place_the_last_has_its_own_mode(job: Job) -> None:
    first = job.wheel("first", {"!shared/tool": "first"})
    second = job.wheel("second", {"shared/tool": "second"})
    assert job.run(layer=[first, second])["ok"] is True
    assert job.layer("layer")[f"{SITE}/shared/tool"] == (0o644, b"second")


def test_the_elf_files_of_a_layer_are_told_with_their_packages(job: Job) -> None:
    module = elf("libown.so.1", "libc.so.6", runpath="$ORIGIN/../app.libs")
    app = job.wheel(
        "app",
        {
            "app/_module.so": module,
            "app/text": "text",
            "app/broken": b"\x7fELF",
            "!app-1.data/scripts/run": elf("libc.so.6", interpreter=LOADER),
        },
    )
    libs = job.wheel("own_libs", {"app.libs/libown.so.1": elf(soname="libown.so.1")})
    other = job.wheel("other", {"other/__init__.py": ""})
    layers = job.run(layer=[app, libs], other=[other])["layers"]
    found = {path: read_binaries({path: said}) for path, said in layers["layer"]["elf"].items()}
    rows = {path: part.dependents[0] for path, part in found.items() if part.dependents}
    assert sorted(found) == [
        "opt/ship/bin/run",
        f"{SITE}/app.libs/libown.so.1",
        f"{SITE}/app/_module.so",
    ]
    assert rows[f"{SITE}/app/_module.so"].needed == ("libown.so.1", "libc.so.6")
    assert rows["opt/ship/bin/run"].needed == (LOADER, "libc.so.6")
    assert {path: row.package for path, row in rows.items()} == {
        "opt/ship/bin/run": "app 1",
        f"{SITE}/app/_module.so": "app 1",
    }
    whole = read_binaries(layers["layer"]["elf"])
    assert ["libown.so.1"] not in [list(row.needed) for row in whole.dependents]
    assert layers["other"]["elf"] == {}
    assert job.layer("layer")[f"{SITE}/app/_module.so"][1] == module


@pytest.mark.parametrize("more", [{}, {"app-1.data/purelib/late.py": ""}])
def test_what_another_package_has_is_left_out_with_its_bytecode(
    job: Job, more: dict[str, str]
) -> None:
    files = {"tests/a.py": "", "tests/b.py": "", "README": "", **more}
    wheel = job.wheel("app", files, **{"entry_points.txt": POINTS})
    folder = f"lib/{MINOR}/site-packages"
    paths = [f"{folder}/tests/a.py", f"{folder}/README", f"{folder}/late.py", "bin/app-tool"]
    assert job.run(layer=[{**wheel, "left_out": paths}])["ok"] is True
    found = {path for path in job.layer("layer") if ".dist-info" not in path}
    assert found == {
        f"{SITE}/tests/b.py",
        f"{SITE}/tests/__pycache__/b.{TAG}.pyc",
        "opt/ship/bin/app",
        "opt/ship/bin/app-window",
    }


def test_files_of_every_scheme_can_be_left_out(job: Job) -> None:
    members = {
        "scripts/run": "bin/run",
        "data/share/x": "share/x",
        "headers/app.h": f"include/site/{MINOR}/app/app.h",
        "platlib/late.py": f"lib/{MINOR}/site-packages/late.py",
        "data/lib64/y": "lib/y",
    }
    files = {f"app-1.data/{member}": "#!python\n" for member in members}
    wheel = job.wheel("app", files)
    assert job.run(layer=[wheel])["ok"] is True
    assert {f"opt/ship/{path}" for path in members.values()} <= job.layer("layer").keys()
    assert job.run(less=[{**wheel, "left_out": list(members.values())}])["ok"] is True
    assert all(".dist-info" in path for path in job.layer("less"))


def test_lib64_is_lib_in_an_environment_and_bytecode_of_others_is_not_taken(job: Job) -> None:
    stale = {"app-1.data/purelib/__pycache__/x.pyc": "stale", "app-1.data/data/lib64/x": ""}
    assert job.run(layer=[job.wheel("app", stale)])["ok"] is True
    found = {path for path in job.layer("layer") if ".dist-info" not in path}
    assert found == {"opt/ship/lib/x"}
