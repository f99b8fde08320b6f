"""From the pages in docs/ to those of the site: links, tables of contents, the start page.

The pages are plain Markdown, which a forge shows as it is. Whatever only Sphinx needs is added
here. Paths are relative to the top of the repository, with slashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from os.path import relpath
from pathlib import PurePosixPath
from posixpath import basename, dirname, join, normpath

OUTSIDE = "repository:"
"""The start of a link to a file that is not a page; the rest is its path."""
START = "docs/index.md"
CHANGELOG = "docs/changelog.md"
SAME_PAGE = {
    ".": START,
    "README.md": START,
    "CHANGELOG.md": CHANGELOG,
    "news": CHANGELOG,
    "docs/decisions": "docs/decisions/README.md",
    "docs/run": "docs/run/README.md",
    "docs/steps": "docs/steps/README.md",
}
"""Files outside docs/ and folders, and the pages with the same content."""
LEARN_MORE = "## Learn more\n"
_FENCE = re.compile(r"(^```.*?^```[ ]*$)", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SECTION = re.compile(r"^## +(.+?)\n(.*?)(?=^## |\Z)", re.M | re.S)


def with_site_links(text: str, folder: str, page: str) -> str:
    """Return the Markdown of *page* with links for the site.

    The links in *text* start in *folder*. Links to other files begin with `OUTSIDE`.
    """

    def changed(match: re.Match[str]) -> str:
        link = match[1]
        if ":" in link or link.startswith("#"):
            return match[0]
        path, hash_mark, anchor = link.partition("#")
        target = normpath(join(folder, path))
        target = SAME_PAGE.get(target, target)
        if not target.startswith("docs/"):
            return f"]({OUTSIDE}{target})"
        return f"]({relpath(target, dirname(page))}{hash_mark}{anchor})"

    return _outside_fences(text, lambda part: _LINK.sub(changed, part))


def links(text: str) -> list[str]:
    """Return the links of a page in their order, without those in code."""
    return [link for part in _FENCE.split(text)[::2] for link in _LINK.findall(part)]


def _outside_fences(text: str, change: Callable[[str], str]) -> str:
    parts = _FENCE.split(text)
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def is_contents(page: str) -> bool:
    """Return whether a page lists the other pages of its folder."""
    return basename(page) in ("README.md", "index.md")


def with_contents(text: str, page: str) -> str:
    """Return a page that lists others, with the hidden directives that Sphinx needs."""
    directives = "".join(_directives(text, page))
    return f"{text.rstrip()}\n{directives}"


def _directives(text: str, page: str) -> Iterator[str]:
    if page != START:
        yield _toctree("", [name for name in listed(text) if "/" not in name])
        return
    for heading, body in _SECTION.findall(text):
        if names := listed(body):
            yield _toctree(f":caption: {heading}\n", names)


def _toctree(option: str, names: list[str]) -> str:
    entries = "\n".join(name.removesuffix(".md") for name in names)
    return f"\n```{{toctree}}\n:hidden:\n{option}\n{entries}\n```\n"


def listed(text: str) -> list[str]:
    """Return the pages that a text links to, each once, in the order of the first links."""
    paths = (link.partition("#")[0] for link in links(text) if ":" not in link)
    found = [path for path in paths if path.endswith(".md") and not path.startswith("..")]
    return list(dict.fromkeys(found))


def start_page(readme: str, index: str) -> str:
    """Return the start page: the README, and the list of all pages in the place of its own."""
    head, _, _ = readme.partition(LEARN_MORE)
    return with_site_links(head, "", START) + index[index.index("\n## ") + 1 :]


def changelog_page(page: str, news: str, released: str) -> str:
    """Return the changelog: the changes since the last release, and all releases."""
    title = page[: page.index("\n") + 1]
    return f"{title}\n{with_site_links(news + released, '', CHANGELOG)}"


def page_of(docname: str) -> str:
    """Return the path of the page that Sphinx calls *docname*."""
    return str(PurePosixPath("docs", f"{docname}.md"))
