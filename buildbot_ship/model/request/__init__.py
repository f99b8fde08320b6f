"""What a user configured, on its way to a verb: frozen, JSON, with a schema number.

A step renders its options into a Request and sends it in an Envelope on the standard
input of ``buildbot-ship VERB``; the command line makes the same from its arguments.
Paths in a request are relative to the top of the repository, with ``/``.
"""

from .base import Request
from .envelope import REQUESTS, SCHEMA, Envelope
from .ship import (
    CONFLICTS,
    CONFLICTS_TEXT,
    LAYOUTS,
    MISSING_LIBRARIES,
    BuildRequest,
    CheckRequest,
    FindRequest,
    ImageRequest,
    PexRequest,
    PushRequest,
    VerifyRequest,
    WheelsRequest,
)
from .upkeep import (
    BaseCopy,
    DerivedBase,
    DeriveRequest,
    GarbageRequest,
    HardenRequest,
    PinRequest,
    ProposeRequest,
    RetagRequest,
)

__all__ = [
    "CONFLICTS",
    "CONFLICTS_TEXT",
    "LAYOUTS",
    "MISSING_LIBRARIES",
    "REQUESTS",
    "SCHEMA",
    "BaseCopy",
    "BuildRequest",
    "CheckRequest",
    "DeriveRequest",
    "DerivedBase",
    "Envelope",
    "FindRequest",
    "GarbageRequest",
    "HardenRequest",
    "ImageRequest",
    "PexRequest",
    "PinRequest",
    "ProposeRequest",
    "PushRequest",
    "Request",
    "RetagRequest",
    "VerifyRequest",
    "WheelsRequest",
]
