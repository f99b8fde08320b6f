"""Convert requests and results to JSON and back; unknown and missing fields are errors."""

from __future__ import annotations

from typing import Any, TypeVar

from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError

from ...errors import InvalidRequest, SchemaMismatch, ShipError
from ..result import Result
from . import REQUESTS, SCHEMA, Envelope, Request

T = TypeVar("T")
CONVERTER = Converter(forbid_extra_keys=True)


def _text(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _request_to_json(request: Request) -> dict[str, Any]:
    return {"verb": request.verb, **CONVERTER.unstructure(request, type(request))}


def _request_from_json(data: Any, _: object) -> Request:
    rest = dict(data)
    verb = rest.pop("verb", None)
    if verb not in REQUESTS:
        raise InvalidRequest("verb", f"{verb!r} is not one of {', '.join(REQUESTS)}")
    return CONVERTER.structure(rest, REQUESTS[verb])


CONVERTER.register_structure_hook(str, _text)
CONVERTER.register_unstructure_hook_func(lambda kind: kind is Request, _request_to_json)
CONVERTER.register_structure_hook_func(lambda kind: kind is Request, _request_from_json)


def _first_ship_error(group: BaseException) -> ShipError | None:
    while isinstance(group, BaseValidationError):
        ours = group.subgroup(lambda error: isinstance(error, ShipError))
        group = ours.exceptions[0] if ours else ValueError()
    return group if isinstance(group, ShipError) else None


def structure(data: Any, kind: type[T], what: str) -> T:
    """Convert *data* to a *kind*; raise InvalidRequest that names the field of *what*."""
    try:
        return CONVERTER.structure(data, kind)
    except BaseValidationError as group:
        ours = _first_ship_error(group)
        raise ours or InvalidRequest(what, "; ".join(transform_error(group))) from None
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError):
        # A tuple, for example, is read item by item, and a number has none.
        raise InvalidRequest(what, "it does not have the form of this value") from None


def envelope_to_json(envelope: Envelope) -> dict[str, Any]:
    """Return *envelope* as JSON values; its request includes the verb."""
    plain: dict[str, Any] = CONVERTER.unstructure(envelope)
    return plain


def envelope_from_json(data: Any) -> Envelope:
    """Convert *data* to an envelope; raise SchemaMismatch or InvalidRequest."""
    if not isinstance(data, dict) or not isinstance(data.get("schema"), int):
        raise InvalidRequest("request", "it is not a JSON object with a schema number")
    theirs = data["schema"]
    if theirs != SCHEMA:
        raise SchemaMismatch(theirs, SCHEMA, "worker" if theirs > SCHEMA else "master")
    return structure(data, Envelope, "request")


def result_to_json(result: Result) -> dict[str, Any]:
    """Return *result* as JSON values."""
    plain: dict[str, Any] = CONVERTER.unstructure(result)
    return plain


def result_from_json(data: Any) -> Result:
    """Convert *data* to a result; raise InvalidRequest if it is not one."""
    return structure(data, Result, "result")
