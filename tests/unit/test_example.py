"""The example application: its copy of `sealed.py`, its Dockerfiles, and its README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab.debian import SHOWN

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "docker" / "example"
PAGES = [
    path
    for path in (TOP / "README.md", TOP / "master.cfg.example", *TOP.glob("docs/**/*.md"))
    if path.name not in ("article.md", "testing.md", "tools.md")
]
FILES = [
    *EXAMPLE.glob("*.*"),
    *TOP.glob("docker/example-state/*.*"),
    *TOP.glob("docker/worker.*"),
]
BASE = re.compile(r"\bpython(?::3\.(\d+)|3(\d\d))\b")


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


@pytest.mark.parametrize("path", [*PAGES, *FILES], ids=lambda path: str(path.relative_to(TOP)))
def test_a_newcomer_reads_and_copies_bases_with_one_python(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = {f"3.{a or b}" for a, b in BASE.findall(text)}
    assert found <= {SHOWN}


def test_the_strict_file_is_of_the_python_that_pages_show() -> None:
    for name in ("requirements.strict.txt", "requirements.build.txt"):
        text = (EXAMPLE / name).read_text(encoding="utf-8")
        assert f"\n# python: {SHOWN}." in text
    assert f"/python:{SHOWN}-slim" in (TOP / "master.cfg.example").read_text(encoding="utf-8")
