"""Run a worker in the foreground. Environment variables configure it; it logs to stdout."""

import os
import sys

from buildbot_worker.bot import Worker
from twisted.application import service
from twisted.python.log import FileLogObserver, ILogObserver

application = service.Application("buildbot-worker")
application.setComponent(ILogObserver, FileLogObserver(sys.stdout).emit)

# Remove the password from the environment, so that builds cannot read it.
password = os.environ.pop("WORKERPASS")

# A Twisted endpoint, for TLS: tls:buildbot.example.com:9989:trustRoots=/etc/buildbot
connection = os.environ.get("BUILDMASTER_CONNECTION")

worker = Worker(
    None if connection else os.environ.get("BUILDMASTER", "localhost"),
    None if connection else int(os.environ.get("BUILDMASTER_PORT", "9989")),
    os.environ.get("WORKERNAME", "ship-worker"),
    password,
    os.getcwd(),
    keepalive=60,
    umask=0o022,
    allow_shutdown=None,
    connection_string=connection,
)
connected = worker.bf.clientConnectionMade


def without_delay(broker):
    """Send every message at once. By default, TCP delays some by 40 ms in each command."""
    broker.transport.setTcpNoDelay(True)
    connected(broker)


worker.bf.clientConnectionMade = without_delay
worker.setServiceParent(application)
