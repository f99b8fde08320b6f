"""How messages travel to a worker."""

from __future__ import annotations

from types import SimpleNamespace as Parts
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.trial import unittest

from buildbot_ship.steps.base.connection import send_without_delay


def build_over(**mind: Any) -> Parts:
    """Return the parts of a build whose connection has this *mind*."""
    return Parts(workerforbuilder=Parts(worker=Parts(conn=Parts(**mind))))


class TestSendAtOnce(unittest.TestCase):
    """With a real connection."""

    async def test_a_connection_of_tcp_holds_nothing_back(self) -> None:
        any_reactor: Any = reactor
        factory: Any = Factory.forProtocol(Protocol)
        port = any_reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        endpoint = TCP4ClientEndpoint(any_reactor, "127.0.0.1", port.getHost().port)
        protocol: Any = await endpoint.connect(factory)
        transport = protocol.transport
        self.addCleanup(transport.abortConnection)
        assert not transport.getTcpNoDelay()
        send_without_delay(build_over(mind=Parts(broker=Parts(transport=transport))))
        assert transport.getTcpNoDelay()

    def test_a_connection_of_another_kind_stays_as_it_is(self) -> None:
        for conn in (build_over(), build_over(mind=None), build_over(mind=Parts(broker=1))):
            send_without_delay(conn)
        send_without_delay(Parts())
