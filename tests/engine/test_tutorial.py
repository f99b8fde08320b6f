"""What docs/tutorial.md shows is run, to the letter."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_the_tutorial_ends_with_the_page(
    engine: object, example_bases: Any, own_registry: Any, tmp_path: Path
) -> None:
    text = (TOP / "docs" / "tutorial.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.S | re.M)
    assert len(blocks) >= 7
    scripts = tmp_path / "bin"
    scripts.mkdir()
    (scripts / "buildbot-ship").symlink_to(Path(sys.executable).parent / "buildbot-ship")
    identity = {f"GIT_{who}_NAME": "dev" for who in ("AUTHOR", "COMMITTER")}
    identity |= {f"GIT_{who}_EMAIL": "dev@example.com" for who in ("AUTHOR", "COMMITTER")}
    environment = {
        **os.environ,
        **identity,
        "PATH": f"{scripts}:{os.environ['PATH']}",
        "SHIP_SOURCE": str(TOP),
        "UPSTREAM": example_bases.prefix,
        "REGISTRY": f"{own_registry.address}/tutorial",
        "BUILDBOT_SHIP_STATE": str(tmp_path / "state"),
    }
    cleaning = "trap 'docker rm -f remotemath fancycalculator >/dev/null 2>&1 || :; "
    cleaning += "docker network rm calculator >/dev/null 2>&1 || :' EXIT\n"
    done = subprocess.run(
        ["sh", "-eu", "-c", cleaning + "\n".join(blocks)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Result:12" in done.stdout
    assert "The token is missing or wrong." in done.stdout
