"""What an engine tells about itself: version, storage, data root and clock, for `doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
from docker.errors import ImageNotFound

from ..model.diagnosis.engine import OLDEST_API, EngineFacts, unlimited_of
from .shared.connection import connect
from .shared.engine_address import find_address
from .shared.platform import check_limits, refuse_podman
from .shared.sdk_errors import translated_errors

_TIMEOUT = 10
"""Seconds to wait for an answer."""


def query_facts(environment: Mapping[str, str]) -> EngineFacts:
    """Return the facts of the engine that *environment* names, see `find_address`.

    An engine that is too old is asked for its version only.  Raises EngineUnavailable,
    EngineForbidden, EngineUnfit, EngineError.
    Source: https://docs.docker.com/reference/api/engine/ (``GET /version``, ``GET /info``).
    """
    address = find_address(environment).url
    with translated_errors(address, "report its version"):
        client = connect(environment, OLDEST_API, _TIMEOUT)
        try:
            version = client.version(api_version=False)
            refuse_podman(address, version)
            facts = EngineFacts(
                address,
                str(version["Version"]),
                str(version["ApiVersion"]),
                platform=f"{version['Os']}/{version['Arch']}",
            )
            return facts if facts.is_old else _with_info(facts, environment)
        finally:
            client.close()


def has_image(environment: Mapping[str, str], reference: str) -> bool:
    """Return whether the engine has the image.  Raises as `query_facts` does."""
    address = find_address(environment).url
    with translated_errors(address, f"inspect {reference}"):
        client = connect(environment, OLDEST_API, _TIMEOUT)
        try:
            client.inspect_image(reference)
        except ImageNotFound:
            return False
        finally:
            client.close()
    return True


def _with_info(facts: EngineFacts, environment: Mapping[str, str]) -> EngineFacts:
    """Return *facts* with what the engine tells of its machine."""
    client = connect(environment, facts.api, _TIMEOUT)
    try:
        info: dict[str, Any] = client.info()
    finally:
        client.close()
    check_limits(facts.address, info)
    return attrs.evolve(
        facts,
        storage=str(info.get("Driver") or ""),
        root=str(info.get("DockerRootDir") or ""),
        time=_seconds(str(info.get("SystemTime") or "")),
        unlimited=unlimited_of(info),
    )


def _seconds(text: str) -> float | None:
    """Return a time of the engine (RFC 3339) in seconds since 1970; None if it is none."""
    try:
        # Before Python 3.14, a fraction may have at most six digits here.
        head, dot, tail = text.partition(".")
        zone = tail.lstrip("0123456789") if dot else ""
        return datetime.fromisoformat(head + zone).timestamp()
    except ValueError:
        return None
