"""A worker in the foreground, configured by its environment; its log is standard output."""

import os
import sys

from buildbot_worker.bot import Worker
from twisted.application import service
from twisted.python.log import FileLogObserver, ILogObserver

application = service.Application("buildbot-worker")
application.setComponent(ILogObserver, FileLogObserver(sys.stdout).emit)

# Taken out of the environment: what runs in a build must not find the password there.
password = os.environ.pop("WORKERPASS")

worker = Worker(
    os.environ.get("BUILDMASTER", "localhost"),
    int(os.environ.get("BUILDMASTER_PORT", "9989")),
    os.environ.get("WORKERNAME", "ship-worker"),
    password,
    os.getcwd(),
    keepalive=60,
    umask=0o022,
    allow_shutdown=None,
)
connected = worker.bf.clientConnectionMade


def without_delay(broker):
    """Have every message sent at once: TCP would hold some back for 40 ms, in each command."""
    broker.transport.setTcpNoDelay(True)
    connected(broker)


worker.bf.clientConnectionMade = without_delay
worker.setServiceParent(application)
