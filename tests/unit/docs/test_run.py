"""The pages in docs/run quote the files of docker/example/run to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "run"
FILES = ROOT / "docker" / "example" / "run"


@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("compose.md", "compose.yaml"),
        ("swarm.md", "stack.yaml"),
        ("kubernetes.md", "kubernetes/remotemath.yaml"),
    ],
)
def test_a_page_quotes_its_file(page: str, file: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    assert re.findall(r"^```yaml\n(.*?)^```$", text, re.S | re.M) == [
        (FILES / file).read_text(encoding="utf-8")
    ]


def test_every_file_is_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES.glob("*.md"))
    files = [path for path in FILES.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert f"docker/example/run/{path.relative_to(FILES)}" in pages
