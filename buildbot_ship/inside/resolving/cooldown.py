"""The cooldown: no file that was uploaded to its index a short time ago.

pip and pip-compile choose older files by the option ``uploaded-prior-to`` (pip 26.1).  Files
from find-links escape it, so the result is checked against the listings of the index as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from index import Index
from index_listing import File
from job import Failed
from packaging.utils import canonicalize_name
from packaging.version import Version
from strict_lines import Pinned

VARIABLE = "PIP_UPLOADED_PRIOR_TO"
EXCEPT = "SHIP_COOLDOWN_EXCEPT"
"""The variable with the names, separated by commas, that `listed_hashes` exempts."""
MISSING = re.compile(
    r"does not provide upload-time|no upload-time|upload-time metadata|missing an upload date"
)
RESOLUTION = re.compile(r" do(es)? not resolve\b")
NO_TIME_HINT = (
    "use an index with upload times (PEP 700, in JSON), as PyPI and current mirrors have; or "
    "set cooldown to 0"
)


@dataclass(frozen=True)
class Cooldown:
    """No file younger than *days* at the time *now*, except those of *exempt* packages."""

    days: float
    exempt: frozenset[str]
    now: datetime

    @classmethod
    def of(cls, days: float, exempt: Iterable[str]) -> Cooldown:
        """Return the cooldown that begins now."""
        names = frozenset(map(canonicalize_name, exempt))
        return cls(days, names, datetime.now(UTC))

    @property
    def until(self) -> datetime:
        """Return the time before which a file must have been uploaded."""
        return self.now - timedelta(days=self.days)

    def environment(self) -> dict[str, str]:
        """Return the variables that make pip and pip-compile choose older files."""
        if not self.days:
            return {}
        return {VARIABLE: self.until.isoformat(), EXCEPT: ",".join(sorted(self.exempt))}

    def ages(self, index: Index, pins: Iterable[Pinned]) -> dict[str, float]:
        """Return the days since the first upload of each release, by ``name==version``."""
        found = {}
        for pin in pins:
            times = [file.uploaded for file in _files(index, pin) if file.uploaded]
            if times:
                age = self.now - min(times)
                found[f"{pin.name}=={pin.version}"] = age.total_seconds() / 86400
        return found

    def check(self, index: Index, pins: Iterable[Pinned]) -> None:
        """Raise Failed if one of the files that *pins* admit is too young, or has no time."""
        young = []
        for pin in pins if self.days else ():
            if canonicalize_name(pin.name) not in self.exempt:
                young += list(self._young(index, pin))
        if young:
            raise Failed(
                f"cooldown: {', '.join(sorted(set(young)))}",
                f"wait until they are {self.days:g} days old, require older releases, or name "
                "them in the option cooldown_except",
            )

    def _young(self, index: Index, pin: Pinned) -> Iterator[str]:
        times = {file.sha256: file.uploaded for file in _files(index, pin)}
        name = f"{pin.name}=={pin.version}"
        for digest in pin.hashes:
            uploaded = times.get(digest)
            if uploaded is None:
                raise no_upload_time(name)
            if uploaded >= self.until:
                age = (self.now - uploaded).total_seconds() / 86400
                yield f"a file of {name} is {age:.1f} days old"
        # uv passes over a file without a time in silence, and may take one of another index.
        if any(file.uploaded is None for file in index.files(pin.name)):
            raise no_upload_time(f"a file of {pin.name}")


def no_upload_time(what: str) -> Failed:
    """Return the error for an index that does not state when a file was uploaded."""
    why = f"cooldown: the package index does not state when {what} was uploaded"
    return Failed(why, NO_TIME_HINT)


def explain(failed: Failed, days: float) -> Failed:
    """Return *failed*, naming the cooldown of so many *days* where it may be the cause."""
    if MISSING.search(failed.output):
        explained = no_upload_time("a file that is needed")
        explained.output = failed.output
        return explained
    if days and RESOLUTION.search(failed.why):
        also = f"no file younger than {days:g} days counts (cooldown)"
        failed.hint = f"{failed.hint}; {also}" if failed.hint else also
    return failed


def _files(index: Index, pin: Pinned) -> Sequence[File]:
    version = Version(pin.version)
    return [file for file in index.files(pin.name) if file.version == version]
