"""Connect each action of ``secrets`` to its function; only keys and boxes import PyNaCl."""

# ruff: noqa: PLC0415

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ..errors import ExtraMissing
from ..model.request import CheckSecretsRequest, SecretsRequest
from ..model.result import Result
from ..model.secrets.sealed_file import MAX_SECRET
from ..store.private_files import read_limited
from ..verbs.secrets.folder import SecretsFolder
from .collaborators import Collaborators


def perform_secrets(
    collaborators: Collaborators, request: SecretsRequest | CheckSecretsRequest
) -> Result:
    """Run one action.  Raises ExtraMissing if it needs PyNaCl and PyNaCl is not installed."""
    if isinstance(request, CheckSecretsRequest):
        return _check(collaborators, request)
    checkout = collaborators.checkout_files
    paths = dict(checkout.files(request.folder))
    folder = SecretsFolder(request.folder, {name: file.data for name, file in paths.items()})
    if request.action == "list":
        return _list(collaborators, request, folder)
    actions = _actions()
    given: dict[str, Any] = {"checkout": checkout, "folder": folder}
    if request.action == "seal":
        given["secret"] = _read_secret(request)
    if request.action == "unseal":
        given["write_output"] = _write_to_standard_output
    result: Result = getattr(actions, request.action)(request, **given)
    return result


def _check(collaborators: Collaborators, request: CheckSecretsRequest) -> Result:
    """Check the secrets of a commit.  Raises ExtraMissing, as above, for a key file."""
    from ..verbs.secrets.check import check

    tree = collaborators.tree(request.revision)
    if request.key_file is None:
        return check(request, tree=tree)
    opener = _actions().Opener.read(request.key_file, collaborators.checkout)
    return check(request, tree=tree, verify=opener.fault)


def _list(
    collaborators: Collaborators, request: SecretsRequest, folder: SecretsFolder
) -> Result:
    from ..source.history import is_shallow, versions
    from ..verbs.secrets.listing import MAX_COMMITS, list_secrets

    history = versions(collaborators.checkout, request.folder, MAX_COMMITS)
    shallow = is_shallow(collaborators.checkout)
    return list_secrets(request, folder=folder, history=history, is_shallow=shallow)


def _actions() -> Any:
    """Return the module that needs PyNaCl."""
    try:
        from ..verbs.secrets import actions
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "nacl":
            raise
        raise ExtraMissing("PyNaCl", "secrets") from None
    return actions


def _read_secret(request: SecretsRequest) -> bytes:
    if request.input is None:
        return sys.stdin.buffer.read(MAX_SECRET + 1)
    return read_limited(Path(request.input).expanduser(), MAX_SECRET)


def _write_to_standard_output(secret: bytes) -> None:
    sys.stdout.buffer.write(secret)
    sys.stdout.buffer.flush()
