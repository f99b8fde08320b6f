"""The environment of a job, which must not affect its output: folders, variables, clock."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen
class JobEnvironment:
    """The environment of a job; the default is that of every build.

    ``inside/protocol/variation.py`` sets *umask*, and a clock that is *days* ahead, but the
    clock only if the image has a C compiler.
    """

    folder: str = "/ship/job"
    out: str = "/ship/out"
    variables: Mapping[str, str] = attrs.field(factory=dict)
    umask: int | None = None
    days: int = 0

    def command(self, script: str) -> list[str]:
        """Return the interpreter's arguments that run ``inside/<script>.py``."""
        run = [f"{self.folder}/{script}.py", self.folder, self.out]
        if self.umask is None:
            return run
        return [f"{self.folder}/variation.py", f"{self.umask:o}", str(self.days), *run]

    def online(self) -> JobEnvironment:
        """Return this environment with the real time, which certificates need."""
        return attrs.evolve(self, days=0)


VARIED = JobEnvironment(
    folder="/elsewhere/of/another/length",
    out="/elsewhere/made",
    variables={
        "HOME": "/elsewhere",
        "USER": "somebody",
        "LOGNAME": "somebody",
        "LANG": "tr_TR.ISO-8859-9",
        "LANGUAGE": "tr",
        "LC_ALL": "tr_TR.ISO-8859-9",
        "TZ": "ELSE-13:45",
        "PYTHONHASHSEED": "4711",
        "TMPDIR": "/var/tmp",  # noqa: S108  # in the container
        "COLUMNS": "41",
    },
    umask=0o077,
    days=401,
)
"""The environment of `VerifyReproducible`, in which everything differs from the default."""
