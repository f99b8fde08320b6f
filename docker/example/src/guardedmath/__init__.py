"""The remote math service of the package remotemath, which answers only with the right token.

The token is the sealed secret `remotemath-token`.  A request has it in a header:
`Authorization: Bearer TOKEN`.
"""

import hmac

from remotemath.operations import Operations
from remotemath.service import Options
from sealed import open_secret
from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import MultiService
from twisted.internet.endpoints import serverFromString
from twisted.web.resource import Resource
from twisted.web.server import Site

__all__ = ["Guard", "Options", "makeService"]


class Guard(Resource):
    """Pass requests with the token on to another resource, and answer 401 to all others."""

    isLeaf = True

    def __init__(self, guarded, token):
        """Guard the resource *guarded* with *token*, in bytes."""
        super().__init__()
        self._guarded = guarded
        self._expected = b"Bearer " + token

    def render(self, request):
        """Answer a request."""
        given = request.getHeader(b"Authorization") or b""
        # The comparison takes the same time wherever the first wrong byte is.
        if hmac.compare_digest(given, self._expected):
            return self._guarded.render(request)
        request.setResponseCode(401)
        request.setHeader(b"WWW-Authenticate", b"Bearer")
        request.setHeader(b"Content-Type", b"text/plain")
        return b"The token is missing or wrong.\n"


def makeService(options):
    """Return the service on all ports of *options*.  It does not start without the token."""
    from twisted.internet import reactor  # noqa: PLC0415  # the import installs the reactor

    guard = Guard(Operations(reactor).app.resource(), open_secret("remotemath-token"))
    service, site = MultiService(), Site(guard)
    for port in options.ports:
        endpoint = serverFromString(reactor, port)
        StreamServerEndpointService(endpoint, site).setServiceParent(service)
    return service
