"""What docs/build makes: every page, links that lead somewhere, nothing of the machine."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from tests.site.conftest import TOP, Site


class _Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = {"", "top"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            if name == "id" and value:
                self.anchors.add(value)


@cache
def parsed(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_every_page_of_the_repository_is_on_the_site(site: Site) -> None:
    pages = sorted((TOP / "docs").rglob("*.md"))
    made = [
        (site.folder / path.relative_to(TOP / "docs")).with_suffix(".html") for path in pages
    ]
    assert len(made) > 70
    assert [path for path in made if not path.exists()] == []


def test_every_link_and_anchor_leads_somewhere(site: Site) -> None:
    broken = []
    for name in site.pages():
        for link in parsed(site.folder / name).links:
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = normpath(join(dirname(name), unquote(path.partition("?")[0])))
            file = site.folder / (target if path else name)
            anchored = anchor and file.suffix == ".html"
            if not file.is_file() or (anchored and unquote(anchor) not in parsed(file).anchors):
                broken.append(f"{name}: {link}")
    assert broken == []


def test_a_link_to_a_file_of_the_repository_shows_it(site: Site) -> None:
    lines = (TOP / "master.cfg.example").read_text(encoding="utf-8").splitlines()
    text = shown(site.folder / "files" / "master.cfg.example.html")
    assert [line for line in lines if line not in text] == []


def test_no_page_names_this_machine(site: Site) -> None:
    named = [
        path.name
        for path in site.folder.rglob("*")
        if path.suffix in (".html", ".js", ".txt", ".inv")
        and str(TOP).encode() in path.read_bytes()
    ]
    assert named == []


def test_the_changelog_has_every_fragment(site: Site) -> None:
    words = letters(shown(site.folder / "changelog.html"))
    for path in (TOP / "news").glob("*.md"):
        text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", path.read_text(encoding="utf-8"))
        assert letters(text)[:60] in words, path.name


def shown(page: Path) -> str:
    """Return the text of a page, without markup."""
    return unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def letters(text: str) -> str:
    return re.sub(r"\W+", "", text)


def test_the_site_is_made_again_byte_for_byte(site: Site, tmp_path: Path) -> None:
    argv = [str(TOP / "docs" / "build"), "--output", str(tmp_path)]
    subprocess.run(argv, check=True, capture_output=True, timeout=600)
    for name in site.pages():
        assert (tmp_path / name).read_bytes() == (site.folder / name).read_bytes(), name
    search = "searchindex.js"
    assert (tmp_path / search).read_bytes() == (site.folder / search).read_bytes()


def test_a_warning_fails_the_build(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", "--shared", str(TOP), str(copy)], check=True)
    page = copy / "docs" / "tutorial.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[nowhere](nowhere.md)\n")
    argv = [str(copy / "docs" / "build"), "--output", str(tmp_path / "html")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode != 0
    assert "nowhere.md" in done.stdout + done.stderr
