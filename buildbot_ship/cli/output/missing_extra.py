"""Say which extra of buildbot-ship brings a library that is not installed."""

from __future__ import annotations

from ...errors import ExtraMissing

WORKER, CLI = "worker", "cli"
LIBRARIES = {
    "docker": "docker",
    "requests": "requests",
    "urllib3": "urllib3",
    "elftools": "pyelftools",
    "backports": "backports.zstd",
    "nacl": "PyNaCl",
    "tomli_w": "tomli-w",
    "shtab": "shtab",
}
"""The name of each optional library in a package index, by the name that is imported."""
_OWN_EXTRAS = {"shtab": "completion"}


def missing_extra(error: ModuleNotFoundError, extra: str = CLI) -> ExtraMissing:
    """Return what to install; *extra* has most libraries.  Raises *error* if it is a bug."""
    name = (error.name or "").partition(".")[0]
    if name not in LIBRARIES:
        raise error
    return ExtraMissing(LIBRARIES[name], _OWN_EXTRAS.get(name, extra))
