"""The base class of all requests."""

from __future__ import annotations

from typing import ClassVar

import attrs


@attrs.frozen
class Request:
    """The request of one *verb*."""

    verb: ClassVar[str]
