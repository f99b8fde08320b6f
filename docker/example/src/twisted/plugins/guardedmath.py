"""The command `twisted guardedmath`, with the options of `twisted remotemath`."""

from twisted.application.service import ServiceMaker

serviceMaker = ServiceMaker(
    "Guarded math service",
    "guardedmath",
    "The remote math service, for requests with the right token",
    "guardedmath",
)
