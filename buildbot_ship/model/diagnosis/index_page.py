"""Judge the answer of a package index to the question for the files of a project.

Format: https://packaging.python.org/specifications/simple-repository-api/.
"""

from __future__ import annotations

import re

import attrs

from ..json_text import read_json
from .finding import Finding, ok, problem, warning

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html")
_LINK = re.compile(rb"<a\s[^>]*href=", re.I)
_NO_INDEX = (
    "give the URL of its simple API in --index-url, which usually ends in /simple, and no page "
    "for people"
)
_NO_TIMES = (
    "harden --cooldown needs the time of each upload, which only an index with JSON has "
    "(PEP 700)",
    "if you use a cooldown, take an index with upload times, as PyPI and current mirrors have",
)


@attrs.frozen
class IndexPage:
    """The answer of the index at *url* to the question for *project*."""

    url: str
    project: str
    status: int
    kind: str
    body: bytes = attrs.field(repr=False)
    is_whole: bool = True


def judge_page(page: IndexPage) -> Finding:
    """Return the finding about an answer."""
    kind = page.kind.partition(";")[0].strip().lower()
    if page.status == 404:
        return warning(
            f"{page.url} answers, and does not have {page.project}",
            "it was asked for a package that the repository needs: HTTP status 404",
            "check that the URL in --index-url names the index with your packages; name a "
            "second one in --extra-index-url",
        )
    if page.status != 200:
        cause = f"it answered with HTTP status {page.status}"
        return problem(f"{page.url} is no package index", cause, _NO_INDEX)
    if kind == JSON:
        return _judge_json(page)
    if kind in _HTML and (_LINK.search(page.body) or not page.is_whole):
        return warning(f"{page.url} answers in HTML, without upload times", *_NO_TIMES)
    cause = f"its answer is neither JSON nor a list of links, but {kind or 'without a type'}"
    return problem(f"{page.url} is no package index", cause, _NO_INDEX)


def _judge_json(page: IndexPage) -> Finding:
    if not page.is_whole:
        return ok(f"{page.url} answers in JSON ({page.project})")
    try:
        files = read_json(page.body)["files"]
        timed = [file for file in files if file.get("upload-time")]
    except (ValueError, KeyError, TypeError, AttributeError):
        cause = "its answer says that it is JSON of the simple API, and is not"
        return problem(f"{page.url} is no package index", cause, _NO_INDEX)
    if files and not timed:
        return warning(f"{page.url} answers in JSON, without upload times", *_NO_TIMES)
    return ok(f"{page.url} answers in JSON, with upload times ({page.project})")
