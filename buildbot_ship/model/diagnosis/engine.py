"""Judge what an engine tells about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from .finding import Finding, ok, problem, warning

OLDEST_API, OLDEST = "1.41", "20.10"
"""The oldest version that is tested, of the API and of the engine."""
_SLOW_STORES = ("vfs", "devicemapper", "aufs")
_LIMITS = {"MemoryLimit": "memory", "PidsLimit": "processes", "CpuCfsQuota": "CPU time"}
_UPGRADE = f"upgrade to Docker Engine {OLDEST} or later; docs/engines.md lists what is tested"


@attrs.frozen
class EngineFacts:
    """What the engine at *address* tells of itself.

    *api* is the version of its API, *storage* its storage driver, *root* the folder of its data
    on its machine, and *time* its clock in seconds since 1970, None if it does not tell.
    *unlimited* are the resources of containers that it cannot limit.
    """

    address: str
    version: str
    api: str
    storage: str = ""
    root: str = ""
    time: float | None = None
    unlimited: tuple[str, ...] = ()
    platform: str = "linux/amd64"

    @property
    def is_old(self) -> bool:
        """Return whether the engine is older than all that are tested."""
        return _numbers(self.api) < _numbers(OLDEST_API)

    @property
    def is_local(self) -> bool:
        """Return whether it listens on a socket of this machine."""
        return self.address.startswith("unix://")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def unlimited_of(info: Mapping[str, object]) -> tuple[str, ...]:
    """Return which resources the answer of ``GET /info`` says that it cannot limit."""
    return tuple(name for key, name in _LIMITS.items() if info.get(key) is False)


def judge_engine(facts: EngineFacts) -> Iterator[Finding]:
    """Yield the findings about the engine."""
    name = f"Docker Engine {facts.version} (API {facts.api})"
    if facts.is_old:
        cause = f"it speaks API {facts.api}, and builds need {OLDEST_API} or later"
        yield problem(f"{name} is too old", cause, _UPGRADE)
        return
    yield ok(f"{name} at {facts.address}, storage driver {facts.storage}")
    if facts.storage in _SLOW_STORES:
        yield warning(
            f"the storage driver {facts.storage} is slow",
            "it copies every file of a base for each container, or is out of support",
            'set {"storage-driver": "overlay2"} in daemon.json; images have to be pulled again',
        )
    if facts.unlimited:
        yield warning(
            f"containers have no limit on {' and '.join(facts.unlimited)}",
            "the kernel of the engine's machine lacks these control groups",
            "enable them in the kernel, for example with cgroup_enable=memory; see "
            "docs/limits.md",
        )
