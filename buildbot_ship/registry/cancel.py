"""End an upload that was begun, so that nothing of it stays in the registry."""

from __future__ import annotations

from urllib.parse import urlencode

from ..errors import RegistryForbidden, RegistryRefused
from ..model.reference import Repository, digest_of
from .http.authentication import cancel_scope, push_scope
from .http.response import Answer, Call
from .http.retry import RetryableFault
from .http.transport import Transport
from .http.upload import upload_address

_FAULTS = (RetryableFault, RegistryForbidden, RegistryRefused)
_UNLIKE = digest_of(b"not the content of this upload")


def cancel_upload(transport: Transport, repository: Repository, begun: Answer) -> bool:
    """Cancel the upload that the answer *begun* names; return whether the registry did.

    Some registries let a user push but not cancel.
    """
    action = f"cancel an upload to {repository.path}"
    scopes = (cancel_scope(repository),)
    try:
        url = upload_address(transport, repository, begun).url
        call = Call(repository.registry, "DELETE", url, action, scopes)
        return 200 <= transport.send_once(call).status < 300
    except _FAULTS:
        return False


def spoil_upload(transport: Transport, repository: Repository, begun: Answer) -> bool:
    """Finish the upload with a digest that it does not have; return whether it was dropped.

    A registry drops such an upload, and who may push may do so.
    """
    action = f"drop an upload to {repository.path}"
    try:
        url = upload_address(transport, repository, begun).url
        target = f"{url}{'&' if '?' in url else '?'}{urlencode({'digest': _UNLIKE})}"
        scopes = (push_scope(repository),)
        call = Call(repository.registry, "PUT", target, action, scopes, body=b"")
        return 400 <= transport.send_once(call).status < 500
    except _FAULTS:
        return False
