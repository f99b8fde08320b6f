"""The logins that docs/login.md shows, each at the end of the example."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from buildbot.config.master import FileLoader

TOP = Path(__file__).resolve().parents[3]
PAGE = (TOP / "docs" / "login.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.S | re.M)
(PASSWORDS,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, flags=re.S | re.M)
EXAMPLE = (TOP / "master.cfg.example").read_text(encoding="utf-8")


def test_there_are_the_logins() -> None:
    assert len(SNIPPETS) == 4


@pytest.mark.parametrize("snippet", ["", *SNIPPETS])
def test_the_example_loads_with_a_login(snippet: str, tmp_path: Path) -> None:
    subprocess.run(["sh", "-eu", "-c", PASSWORDS], cwd=tmp_path, check=True)
    for name in ("github", "gitlab"):
        (tmp_path / "secrets" / name).touch(mode=0o600)
    (tmp_path / "master.cfg").write_text(EXAMPLE + snippet)
    www = FileLoader(str(tmp_path), "master.cfg").loadConfig().www
    wanted = re.search(r"util\.(\w+Auth)\(", snippet)
    assert type(www["auth"]).__name__ == (wanted[1] if wanted else "UserPasswordAuth")
    assert www["authz"].allowRules
