"""pip-compile that believes the sha256 of each file in the listing of its index.

Arguments: those of pip-compile.

pip-compile asks PyPI's JSON API for hashes.  An index without that API, or whose API does not
know the release yet, costs a download of every file of every pinned release, for all platforms.
The listing itself has the hashes: https://packaging.python.org/en/latest/specifications/
simple-repository-api/.  A file that is listed without sha256 is still downloaded.
"""

from __future__ import annotations

import os
from typing import Any

import piptools.scripts.compile
from pip._internal.index import package_finder
from pip._internal.index.package_finder import LinkEvaluator
from piptools.repositories import PyPIRepository

EXEMPT = frozenset(filter(None, os.environ.get("SHIP_COOLDOWN_EXCEPT", "").split(",")))
"""The packages that have no cooldown.  pip has one time for all, and no exception."""


class ListedHashes(PyPIRepository):  # type: ignore[misc]  # pip-tools is not installed here
    """A package index whose listings have hashes."""

    def _get_hashes_from_pypi(self, ireq: object) -> dict[str, str]:
        """Return the hashes of the release's files by URL, as far as they are listed."""
        links = [candidate.link for candidate in self._get_matching_candidates(ireq)]
        # pip has no public name for all hashes of a link; an index may list md5 first.
        listed = {link.url: link._hashes.get("sha256") for link in links}
        return {url: f"sha256:{digest}" for url, digest in listed.items() if digest}


class _Evaluator(LinkEvaluator):
    """Evaluates the links of a project; those of an exempt one have no cooldown."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        if self._canonical_name in EXEMPT:
            self._uploaded_prior_to = None


if __name__ == "__main__":
    if EXEMPT:
        package_finder.LinkEvaluator = _Evaluator  # type: ignore[misc]
    piptools.scripts.compile.PyPIRepository = ListedHashes
    piptools.scripts.compile.cli(prog_name="pip-compile")
