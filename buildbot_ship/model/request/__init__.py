"""Requests: the options of a verb as frozen values, sent as JSON with a schema number.

A step renders its options into a Request and writes it, in an Envelope, to the standard input
of ``buildbot-ship VERB``.  The command line builds the same Envelope from its arguments.
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
from .smoke import SmokeCheck, SmokeContainer, SmokeRequest, SystemTest
from .upkeep import (
    SECRETS_ACTIONS,
    BaseCopy,
    CheckSecretsRequest,
    DerivedBase,
    DeriveRequest,
    GarbageRequest,
    HardenRequest,
    LockRequest,
    PinRequest,
    PromoteRequest,
    ProposeRequest,
    RetagRequest,
    SecretsRequest,
)

__all__ = [
    "CONFLICTS",
    "CONFLICTS_TEXT",
    "LAYOUTS",
    "MISSING_LIBRARIES",
    "REQUESTS",
    "SCHEMA",
    "SECRETS_ACTIONS",
    "BaseCopy",
    "BuildRequest",
    "CheckRequest",
    "CheckSecretsRequest",
    "DeriveRequest",
    "DerivedBase",
    "Envelope",
    "FindRequest",
    "GarbageRequest",
    "HardenRequest",
    "ImageRequest",
    "LockRequest",
    "PexRequest",
    "PinRequest",
    "PromoteRequest",
    "ProposeRequest",
    "PushRequest",
    "Request",
    "RetagRequest",
    "SecretsRequest",
    "SmokeCheck",
    "SmokeContainer",
    "SmokeRequest",
    "SystemTest",
    "VerifyRequest",
    "WheelsRequest",
]
