"""What is around a job and must not be in what it makes: folders, environment, clock."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen
class JobEnvironment:
    """What a job finds around it; the default is what every build has.

    *umask*, and a clock that is *days* ahead, are set by ``inside/protocol/variation.py``; the
    clock only where the image has a C compiler.
    """

    folder: str = "/ship/job"
    out: str = "/ship/out"
    variables: Mapping[str, str] = attrs.field(factory=dict)
    umask: int | None = None
    days: int = 0

    def command(self, script: str) -> list[str]:
        """Return the arguments of the interpreter that run ``inside/<script>.py``."""
        run = [f"{self.folder}/{script}.py", self.folder, self.out]
        if self.umask is None:
            return run
        return [f"{self.folder}/variation.py", f"{self.umask:o}", str(self.days), *run]

    def online(self) -> JobEnvironment:
        """Return this environment for a job with a network: certificates need the real time."""
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
"""What `VerifyReproducible` builds under: nothing of this is as usual."""
