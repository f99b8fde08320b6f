"""Whether a build base has settings of pip that uv would not know."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts import scripts_folder

SCRIPT = """\
import json, sys
sys.path.insert(0, sys.argv[1])
import pip_settings
pip_settings.FILES = [sys.argv[2]]
pip_settings.sys.prefix = pip_settings.sys.base_prefix = "/nowhere"
print(json.dumps(pip_settings.pip_is_configured(json.loads(sys.argv[3]))))
"""


def is_configured(file: Path, **environment: str) -> bool:
    command = [sys.executable, "-c", SCRIPT, str(scripts_folder()), str(file)]
    command.append(json.dumps(environment))
    return bool(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


@pytest.mark.parametrize(
    ("environment", "configured"),
    [
        ({}, False),
        ({"PATH": "/bin", "PIP_NO_CACHE_DIR": "1", "PIP_ROOT_USER_ACTION": "ignore"}, False),
        ({"PIP_CONFIG_FILE": "/dev/null"}, False),
        ({"PIP_CONFIG_FILE": "/etc/company/pip.conf"}, True),
        ({"PIP_INDEX_URL": "https://index.example.com/simple"}, True),
        ({"PIP_CONSTRAINT": "/limits.txt", "PIP_CONFIG_FILE": "/dev/null"}, True),
        ({"PIP_PRE": "1"}, True),
        ({"PIP_SOMETHING_NEW": "1"}, True),
    ],
)
def test_variables(tmp_path: Path, environment: dict[str, str], configured: bool) -> None:
    assert is_configured(tmp_path / "pip.conf", **environment) == configured


def test_a_file_counts_unless_pip_reads_none(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://index.example.com/simple\n")
    assert is_configured(file)
    assert not is_configured(file, PIP_CONFIG_FILE="/dev/null")
