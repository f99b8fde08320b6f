from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.scripts import scripts_folder

INSIDE = scripts_folder()
RUN = "import sys, json; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
RUN += "from wheel_metadata import metadata; print(json.dumps(metadata(Path(sys.argv[2]))))"
METADATA = "Metadata-Version: 2.1\nName: app\nVersion: 1\n"


def told(
    folder: Path, files: dict[str, bytes] | None = None, tags: str = "py3-none-any"
) -> dict[str, Any]:
    wheel = folder / f"app-1-{tags}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        plain = {"app-1.dist-info/METADATA": METADATA.encode()}
        for path, data in (plain | (files or {})).items():
            archive.writestr(path, data)
    command = [sys.executable, "-c", RUN, str(INSIDE), str(wheel)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    assert len(found["listing"].pop("digest")) == 64
    return found


def test_a_wheel_that_says_little_needs_nothing(tmp_path: Path) -> None:
    nothing = {"requires": [], "provides": [], "scripts": {}, "glibc": 0}
    assert told(tmp_path) == {**nothing, "listing": {"tops": []}}


def test_requirements_and_scripts_of_both_kinds_are_found(tmp_path: Path) -> None:
    points = b"[console_scripts]\napp = app.cli:main [x]\nb= b:c\n[other]\nd = e:f\n"
    requires = METADATA + "Requires-Dist: six>=1; python_version > '3'\nRequires-Dist: x\n"
    requires += "Provides-Extra: A_b\nProvides-Extra: c\n"
    files = {
        "app-1.dist-info/entry_points.txt": points,
        "app-1.data/scripts/raw": b"#!python",
        "app-1.dist-info/METADATA": requires.encode(),
    }
    assert told(tmp_path, files) == {
        "requires": ["six>=1; python_version > '3'", "x"],
        "provides": ["A_b", "c"],
        "scripts": {"app": "app.cli:main", "b": "b:c", "raw": ""},
        "glibc": 0,
        "listing": {"tops": ["bin/app", "bin/b", "bin/raw"]},
    }


@pytest.mark.parametrize(
    ("tags", "needed"),
    [
        ("cp311-cp311-manylinux_2_28_x86_64", 28),
        ("cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64", 17),
        ("cp311-cp311-manylinux1_x86_64", 5),
        ("cp311-cp311-musllinux_1_2_x86_64", 0),
        ("cp311-cp311-linux_x86_64", 34),
    ],
)
def test_the_tags_say_what_glibc_it_needs_and_the_symbols_of_what_we_built(
    tmp_path: Path, tags: str, needed: int
) -> None:
    library = b"\x7fELF\0GLIBC_2.4\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0"
    files = {"app/x.cpython-311-x86_64-linux-gnu.so": library, "app/note": b"GLIBC_2.99\0"}
    assert told(tmp_path, files, tags)["glibc"] == needed
