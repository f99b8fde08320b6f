"""What every request has."""

from __future__ import annotations

from typing import ClassVar

import attrs


@attrs.frozen
class Request:
    """The part that every verb's request has."""

    verb: ClassVar[str]
