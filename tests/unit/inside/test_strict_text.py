"""The strict file of uv, written as pip-compile writes it; values seen with both programs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from tests.scripts import scripts_folder

SCRIPT = """\
import json, sys
sys.path.insert(0, sys.argv[1])
from strict_text import as_pip_compile
try:
    print(json.dumps(as_pip_compile(*json.loads(sys.argv[2]))))
except ValueError as error:
    print(json.dumps(f"refused: {error}"))
"""
A, B = (f" \\\n    --hash=sha256:{letter * 64}" for letter in "ab")
TITLE = "\n# The following packages are considered to be unsafe in a requirements file:\n"


def write(text: str, **markers: str) -> str:
    command = [sys.executable, "-c", SCRIPT, str(scripts_folder())]
    command.append(json.dumps([text, markers]))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return str(json.loads(done.stdout))


def test_what_both_write_alike_stays() -> None:
    text = f"attrs==26.1.0{A}{B}\n    # via\n    #   klein\n    #   twisted\n"
    text += f"idna==3.20{A}\n    # via -r loose.txt\nsix==1.17.0{B}\n"
    assert write(text) == text


def test_the_entries_of_a_package_with_extras_are_one() -> None:
    text = f"pydantic==2.14.4{A}{B}\n    # via\n    #   fastapi\n    #   settings\n"
    text += f"pydantic[email, tz]==2.14.4{A}{B}\n    # via cloud-cli\n"
    via = "    # via\n    #   cloud-cli\n    #   fastapi\n    #   settings\n"
    assert write(text) == f"pydantic[email,tz]==2.14.4{A}{B}\n{via}"


def test_a_direct_requirement_keeps_its_marker() -> None:
    text = f"tomli==2.5.0{A}\n    # via -r loose.txt\n"
    marked = write(text, tomli='python_version < "3.13"', absent='os_name == "nt"')
    assert marked == f'tomli==2.5.0 ; python_version < "3.13"{A}\n    # via -r loose.txt\n'


def test_setuptools_and_pip_come_last() -> None:
    pip, setuptools = f"pip==26.3{A}\n", f"setuptools==84.2.1{A}{B}\n    # via pyramid\n"
    assert write(f"{setuptools}six==1{A}\n{pip}") == f"six==1{A}\n{TITLE}{pip}{setuptools}"
    assert write(setuptools) == TITLE + setuptools


def test_an_empty_answer_is_an_empty_file() -> None:
    assert write("") == ""


@pytest.mark.parametrize(
    "line",
    [
        "tool @ git+https://example.com/tool",
        "-e ./tool",
        "six==1.17.0",
        f"six==1.17.0 \\\n    --hash=md5:{'a' * 32}",
        f"six==1.17.0{A} \\\n    --hash=sha512:{'a' * 128}",
    ],
)
def test_what_is_no_pin_with_sha256_is_never_dropped(line: str) -> None:
    assert write(f"attrs==26.1.0{A}\n{line}\n    # via x\n").startswith("refused: uv wrote ")


def test_of_several_markers_the_last_that_applies_is_written() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from strict_text import markers_of; "
    code += "from packaging.requirements import Requirement; "
    code += "print(markers_of(map(Requirement, sys.argv[2:])))"
    needs = ["Cython; python_version < '4'", "cython>=3; python_version >= '4'", "six"]
    needs += ["attrs; os_name != ''", "attrs<30; python_version > '3'", "attrs>1"]
    command = [sys.executable, "-c", code, str(scripts_folder()), *needs]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ast.literal_eval(done.stdout) == {
        "cython": 'python_version < "4"',
        "attrs": 'python_version > "3"',
    }
