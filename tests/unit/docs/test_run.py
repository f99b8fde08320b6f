"""The pages in docs/run quote the files of docker/example/run to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "run"
FILES = ROOT / "docker" / "example" / "run"
LINK = re.compile(r"\]\(([^)#]+)(?:#([^)]+))?\)")


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


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_links_lead_to_files_and_headings(page: str) -> None:
    for target, anchor in LINK.findall((PAGES / page).read_text(encoding="utf-8")):
        path = PAGES / target
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_every_file_is_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES.glob("*.md"))
    files = [path for path in FILES.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert f"docker/example/run/{path.relative_to(FILES)}" in pages
