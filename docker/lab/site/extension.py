"""The Sphinx extension of the site. The functions on text are in `pages`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from lab.site.files import all_files, file_page
from lab.site.options import CHECKOUT
from lab.site.pages import (
    CHANGELOG,
    OUTSIDE,
    START,
    changelog_page,
    is_contents,
    links,
    page_of,
    start_page,
    with_contents,
    with_site_links,
)

RELEASES = "<!-- towncrier release notes start -->\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("source-read", read_page)
    app.connect("doctree-resolved", link_files)
    app.connect("html-collect-pages", file_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def read_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Turn a page in docs/ into that of the site."""
    source[0] = site_page(page_of(docname), source[0])


def site_page(page: str, text: str) -> str:
    """Return the Markdown that Sphinx gets for a page."""
    if page == CHANGELOG:
        released = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
        return changelog_page(text, _news(), released.partition(RELEASES)[2])
    whole = text
    if page == START:
        whole = start_page((CHECKOUT / "README.md").read_text(encoding="utf-8"), text)
    if is_contents(page):
        whole = whole.rstrip() + with_contents(text, page).removeprefix(text.rstrip())
    return with_site_links(whole, str(Path(page).parent), page)


def _news() -> str:
    """Return the changes since the last release."""
    arguments = ["build", "--draft", "--version", "Next", "--date", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", *arguments, "--dir", str(CHECKOUT)],
        capture_output=True,
        check=True,
        text=True,
    )
    return re.sub(r"^## Next \(-\)$", "## The next release", done.stdout, flags=re.M)


def link_files(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Let the links to files of the repository lead to their pages."""
    for node in doctree.findall(nodes.reference):
        if (path := node.get("refuri", "")).startswith(OUTSIDE):
            page = file_page(path.removeprefix(OUTSIDE))
            node["refuri"] = (
                app.builder.get_relative_uri(docname, page)
                if app.builder.format == "html"
                else ""
            )
            node["internal"] = True


def file_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a page for each file of the repository that a page links to."""
    linked = set[str]()
    for docname in sorted(app.env.found_docs):
        text = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
        found = links(site_page(page_of(docname), text))
        linked |= {link.removeprefix(OUTSIDE) for link in found if link.startswith(OUTSIDE)}
    highlighter: Any = app.builder.highlighter
    for path in all_files(linked):
        yield file_page(path.name), path.context(highlighter), "page.html"
