"""The Docker Engine as verbs see it: its protocols, and the values that they pass."""

from .protocols import RESULT, Daemon, Owned, RunningServices
from .values import Build, EngineImage, Job, JobFile, Service, ServiceState

__all__ = [
    "RESULT",
    "Build",
    "Daemon",
    "EngineImage",
    "Job",
    "JobFile",
    "Owned",
    "RunningServices",
    "Service",
    "ServiceState",
]
