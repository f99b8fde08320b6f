"""What this worker may do at a registry, tried without leaving anything there: for `doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import attrs

from ..errors import RegistryRefused
from ..model.image.manifest import OCI_MANIFEST
from ..model.reference import Repository, digest_of
from ..model.request.settings import Credential, RegistryOptions
from .connection import new_transport
from .http.authentication import push_scope
from .http.response import Answer, Call, answered, refusal
from .http.retry import RetryPolicy
from .http.transport import Transport
from .interface import FoundLogin

_NOTHING, _UNLIKE = b"{}", digest_of(b"something else")
_REFUSED = (400, 415, 422)
"""The statuses for a manifest that is none, from whoever may push."""
QUICK = RetryPolicy(patience=1.0, least_attempts=2)
"""Somebody waits for the answer, and a second fault in a row is a finding."""


@attrs.frozen
class RegistryAccess:
    """The `interface.Access` that talks HTTP; *notes* get what is odd about the logins."""

    transport: Transport
    notes: list[str]

    @classmethod
    def of(
        cls,
        credentials: tuple[Credential, ...],
        options: RegistryOptions,
        environment: Mapping[str, str],
        policy: RetryPolicy = QUICK,
    ) -> RegistryAccess:
        """Return the access of a client with these settings."""
        notes: list[str] = []

        def note(line: str) -> None:
            # Retries write lines as well, of which the finding has the last.
            if "retry in" not in line:
                notes.append(line)

        transport = new_transport(credentials, options, environment, policy=policy, log=note)
        return cls(transport, notes)

    def reach(self, registry: str) -> float | None:
        """Return the registry's clock, see `interface.Access.reach`."""
        action = "answer as a registry"
        answer = self.transport.ask(Call(registry, "GET", "/v2/", action, ()))
        if answer.status not in (200, 401, 403):
            hint = "check the name and the port: another server answers here"
            raise RegistryRefused(registry, action, answered(answer.status), hint)
        return date_of(answer)

    def find_login(self, registry: str) -> FoundLogin | None:
        """Return the login that would be used, without its secret."""
        login = self.transport.keychain.find(registry)
        return FoundLogin(login.username, login.source) if login else None

    def log_in(self, registry: str) -> None:
        """Log in, or read anonymously.  Raises RegistryForbidden."""
        call = Call(registry, "GET", "/v2/", "accept the login", ())
        answer = self.transport.send(call)
        if answer.status != 200:
            raise refusal(answer, call)

    def try_push(self, repository: Repository) -> None:
        """Try to store what cannot be stored, see `interface.Access.try_push`.

        It is no manifest, and does not have the digest that it is sent under.  An upload of a
        blob that is cancelled would leave a file in Distribution 2.8.
        """
        registry, action = repository.registry, f"let this worker push to {repository.path}"
        url = f"/v2/{repository.path}/manifests/{_UNLIKE}"
        kind = {"Content-Type": OCI_MANIFEST}
        call = Call(registry, "PUT", url, action, (push_scope(repository),), kind, _NOTHING)
        answer = self.transport.send(call)
        if answer.status not in _REFUSED:
            raise refusal(answer, call)


def date_of(answer: Answer) -> float | None:
    """Return the Date header of *answer* in seconds since 1970, or None."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
