"""The example application: its copy of `sealed.py`, its Dockerfiles, and its README."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "docker" / "example"


def test_the_example_has_an_exact_copy_of_sealed() -> None:
    original = TOP / "buildbot_ship" / "sealed.py"
    assert (EXAMPLE / "src" / "sealed.py").read_bytes() == original.read_bytes()


def test_the_readme_seals_the_token_as_the_tutorial_does() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", (EXAMPLE / "README.md").read_text(), re.S | re.M)
    sealing = next(block for block in blocks if "secrets seal" in block)
    assert sealing in (TOP / "docs" / "tutorial.md").read_text()


def test_both_images_get_the_sealed_secrets() -> None:
    for name in ("remotemath", "fancycalculator"):
        assert "\nCOPY secrets/ /secrets/\n" in (EXAMPLE / f"{name}.docker").read_text()
