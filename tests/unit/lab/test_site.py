"""From the pages in docs/ to those of the site."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.site.files import all_files
from lab.site.options import DEFAULT, parse_site
from lab.site.pages import (
    START,
    changelog_page,
    links,
    listed,
    start_page,
    with_contents,
    with_site_links,
)


@pytest.mark.parametrize(
    ("folder", "page", "link", "changed"),
    [
        ("docs", "docs/image.md", "secrets.md#keys", "secrets.md#keys"),
        ("docs/run", "docs/run/state.md", "../image.md", "../image.md"),
        ("", START, "docs/image.md", "image.md"),
        ("", START, "docs/decisions", "decisions/README.md"),
        ("", "docs/run/state.md", "docs/image.md", "../image.md"),
        ("docs", "docs/image.md", "../README.md#why", "index.md#why"),
        ("docs", "docs/changelog.md", "../news", "changelog.md"),
        ("docs/run", "docs/run/state.md", "../../docker/x.yaml", "repository:docker/x.yaml"),
        ("docs", "docs/image.md", "#anchor", "#anchor"),
        ("docs", "docs/image.md", "https://example.com/a", "https://example.com/a"),
    ],
)
def test_a_link_leads_to_the_page_of_the_site(
    folder: str, page: str, link: str, changed: str
) -> None:
    assert with_site_links(f"see [it]({link}).", folder, page) == f"see [it]({changed})."


def test_code_in_a_fence_keeps_its_text() -> None:
    text = "[a](../x.py)\n\n```python\nf[0](../y.py)\n```\n"
    changed = with_site_links(text, "docs", "docs/image.md")
    assert changed == text.replace("../x.py", "repository:x.py")
    assert links(text) == ["../x.py"]


def test_a_page_that_lists_others_gets_their_order() -> None:
    text = "# Run\n\n[b](b.md), [a](a.md#x), [b](b.md), [up](../c.md), [s](sub/d.md)\n"
    assert listed(text) == ["b.md", "a.md", "sub/d.md"]
    made = with_contents(text, "docs/run/README.md")
    assert made.startswith(text)
    assert made.endswith("```{toctree}\n:hidden:\n\nb\na\n```\n")


def test_the_start_page_has_a_part_for_each_section() -> None:
    index = "# Docs\n\nAll.\n\n## Tutorial\n\n- [a](a.md)\n\n## Project\n\n- [b](b/README.md)\n"
    made = with_contents(index, START)
    assert ":caption: Tutorial\n\na\n" in made
    assert ":caption: Project\n\nb/README\n" in made
    readme = "# Name\n\n[a](docs/a.md)\n\n## Learn more\n\n- everything\n"
    assert start_page(readme, index) == (
        "# Name\n\n[a](a.md)\n\n" + index.partition("All.\n\n")[2]
    )


def test_the_changelog_begins_with_what_is_not_released() -> None:
    made = changelog_page("# Changelog\n\nfiles\n", "## Next\n\n[a](docs/a.md)\n", "## 0.1\n")
    assert made == "# Changelog\n\n## Next\n\n[a](a.md)\n## 0.1\n"


def test_a_linked_folder_has_a_page_for_each_file() -> None:
    found = {file.name: file for file in all_files(["docker/example/run", "setup.py"])}
    assert found["docker/example/run"].members == tuple(
        f"docker/example/run/{name}"
        for name in (
            "compose.yaml",
            "kubernetes/fancycalculator.yaml",
            "kubernetes/remotemath.yaml",
            "stack.yaml",
        )
    )
    assert set(found) == {
        "docker/example/run",
        *found["docker/example/run"].members,
        "setup.py",
    }
    assert "buildbot-ship" in found["setup.py"].text


def test_a_link_to_a_file_that_git_does_not_have_is_an_error() -> None:
    with pytest.raises(LookupError, match="docker/nothing"):
        list(all_files(["docker/nothing"]))


def test_the_options_of_the_build(tmp_path: Path) -> None:
    assert parse_site([]).output == DEFAULT
    assert parse_site(["--output", str(tmp_path), "--links"]).links
    with pytest.raises(SystemExit):
        parse_site(["--links", "--commands"])
