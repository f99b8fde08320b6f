"""What every script in a container does first and last: read the job, leave a result.

``result.json`` is ``{"ok": true, ...}``, or ``{"ok": false, "why": ..., "hint": ...,
"output": ...}`` when the script raised `Failed`.  Standard output is for people.
Only the standard library is used: this also runs before any tool is installed.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

EPOCH = "315532800"
"""1980-01-01, the first moment that a zip file can hold, in seconds since 1970."""


VARYING = {"HOSTNAME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TMPDIR", "TEMP", "TMP"}
VARYING |= {"PWD", "OLDPWD", "TERM", "COLUMNS", "LINES"}
"""Variables that say where, and for whom, a build runs."""


MAX_LINE = 400
"""Characters of a tool's line that people are shown."""


class Failed(Exception):
    """The job cannot be done, for a reason that the user can mend."""

    def __init__(self, why: str, hint: str | None = None, output: str = "") -> None:
        """Say *why*, what to do about it, and the end of a tool's *output*."""
        super().__init__(why)
        self.why, self.hint, self.output = why, hint, output


def main(work: Callable[[dict[str, Any], Path, Path], dict[str, Any]]) -> None:
    """Run ``work(arguments, job_folder, out_folder)`` and leave its result."""
    os.umask(0o022)
    job, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    arguments = json.loads((job / "job.json").read_text(encoding="utf-8"))
    try:
        result = {"ok": True, **work(arguments, job, out)}
    except Failed as failed:
        result = {"ok": False, "why": failed.why, "hint": failed.hint, "output": failed.output}
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")


def say(line: str) -> None:
    """Tell people what happens, at once."""
    print(line, flush=True)


def call(
    command: Sequence[str | Path],
    why: str,
    *,
    hint: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    mark: str | None = "  ",
) -> str:
    """Run *command*; return its output.  Raises Failed.

    Every line is shown as it comes, with *mark* before it; none where there is no mark.
    """
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        text=True,
        errors="replace",
    )
    lines = []
    assert process.stdout is not None  # noqa: S101  # a pipe was asked for
    for line in process.stdout:
        if mark is not None:
            say(mark + line.rstrip()[:MAX_LINE])
        lines.append(line)
    if process.wait() != 0:
        raise Failed(why, hint, "".join(lines[-40:]))
    return "".join(lines)


def index_environment(index: Mapping[str, Any], job: Path) -> dict[str, str]:
    """Return the environment by which pip and requests reach the index."""
    environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    if index.get("url"):
        environment["PIP_INDEX_URL"] = index["url"]
    if index.get("extra_urls"):
        environment["PIP_EXTRA_INDEX_URL"] = " ".join(index["extra_urls"])
    if index.get("proxy"):
        environment |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), index["proxy"])
        environment |= dict.fromkeys(("http_proxy", "https_proxy"), index["proxy"])
    if index.get("netrc"):
        environment["NETRC"] = str(job / index["netrc"])
    if index.get("ca"):
        names = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        environment |= dict.fromkeys(names, str(job / index["ca"]))
    return environment


def seal() -> None:
    """Make the environment one that makes builds repeatable and keeps pip off the network.

    What the base sets stays in it; what differs between machines and people does not.
    """
    for name in list(os.environ):
        if name in VARYING or name.startswith("LC_"):
            del os.environ[name]
    os.environ |= {
        "HOME": pwd.getpwuid(os.getuid()).pw_dir,
        "SOURCE_DATE_EPOCH": EPOCH,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "CFLAGS": "-g0",
        "CXXFLAGS": "-g0",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }
