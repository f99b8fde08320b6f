"""The result of a verb, which the worker sends to the master as JSON.

The master makes no decisions: it shows the summary, sets the properties, and adds the texts as
logs and build data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

SCHEMA = 4
SUCCESS, FAILURE, RETRY = "success", "failure", "retry"
BUG = 70
"""The exit status after a bug in buildbot-ship (sysexits.h: EX_SOFTWARE)."""
MAX_BYTES = 16 * 1024**2


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number with a noun: ``1 wheel``, ``2 wheels``, ``2 pexes``."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"


def size_text(size: int) -> str:
    """Return a number of bytes as text, in MB or KB: ``11.8 MB``."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} KB"


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON *value* with *change* applied to all its texts, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {changed(key, change): changed(each, change) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(changed(each, change) for each in value)
    return value


@attrs.frozen
class Failure:
    """An error: its class, message, remedy and details.

    *unpublished* is true if the verb certainly stored nothing under the tag.
    """

    kind: str
    message: str
    remedy: str
    details: str = ""
    unpublished: bool = False


@attrs.frozen
class Result:
    """The result of a verb.

    *status* is ``success``, ``failure`` or ``retry``.  *properties* become build properties.
    *texts* are whole texts by file name (the strict file, a diff), which become logs and build
    data.  *warnings* have one line each, and do not make the verb fail.  *records* are facts
    for the master's journal, and are not shown on the build page.
    """

    verb: str
    status: str
    summary: str
    properties: dict[str, Any] = attrs.field(factory=dict)
    texts: dict[str, str] = attrs.field(factory=dict)
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    records: dict[str, Any] = attrs.field(factory=dict)
    schema: int = SCHEMA

    def changed(self, change: Callable[[str], str]) -> Result:
        """Return a copy with *change* applied to all texts, such as to remove secrets."""
        texts = ("summary", "properties", "texts", "warnings", "records")
        changes = {name: changed(getattr(self, name), change) for name in texts}
        if self.failure is not None:
            changes["failure"] = Failure(**changed(attrs.asdict(self.failure), change))
        return attrs.evolve(self, **changes)


PUSHED = "ship_pushed_"
"""The name of the property of a published image begins with this; the image follows."""


def published_lines(result: Result) -> list[str]:
    """Return a line with name, tag and digest of each image that *result* says is published."""
    return [
        f"{name.removeprefix(PUSHED)}: {pushed['reference']}@{pushed['digest']}"
        for name, pushed in result.properties.items()
        if name.startswith(PUSHED)
    ]
