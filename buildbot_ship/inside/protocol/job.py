"""Read a job and write its result: what the scripts of all jobs share.

``result.json`` is ``{"ok": true, ...}``, or ``{"ok": false, "why": ..., "hint": ...,
"output": ..., "transient": ...}`` if the script raised `Failed`.
Standard output is the step's log.
Only the standard library is used: this also runs before any tool is installed.
"""

from __future__ import annotations

import io
import json
import os
import pwd
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

EPOCH = "315532800"
"""1980-01-01 in seconds since 1970: the earliest time that a zip file can store."""
VARYING = {"HOSTNAME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TMPDIR", "TEMP", "TMP"}
VARYING |= {"PWD", "OLDPWD", "TERM", "COLUMNS", "LINES"}
"""Environment variables that depend on the machine or the user."""
MAX_LINE = 400
"""Characters of a line of a tool's output in the log."""
TAIL = 40
"""Lines of a tool's output in an error."""
NO_INDEX = re.compile(
    "NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ReadTimeout"
    "|ConnectionResetError|RemoteDisconnected|ProtocolError|IncompleteRead"
    "|HTTP error (?:408|429|50[0234])|too many 50[0234] error"
)
"""What pip writes if an index does not answer; it then has tried a few times."""


class Failed(Exception):
    """The job failed for a reason that the user can correct.

    It is *transient* if the package index did not answer: a later run may succeed.
    """

    def __init__(
        self, why: str, hint: str | None = None, output: str = "", *, transient: bool = False
    ) -> None:
        """Take the reason, the remedy, and the last lines of a tool's *output*."""
        super().__init__(why)
        self.why, self.hint, self.output, self.transient = why, hint, output, transient


def main(work: Callable[[dict[str, Any], Path, Path], dict[str, Any]]) -> None:
    """Call ``work(arguments, job_folder, out_folder)`` and write its result."""
    os.umask(0o022)
    warnings.showwarning = say_warning
    job, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    arguments = json.loads((job / "job.json").read_text(encoding="utf-8"))
    try:
        result = {"ok": True, **work(arguments, job, out)}
    except Failed as failed:
        result = {"ok": False, "why": failed.why, "hint": failed.hint, "output": failed.output}
        result["transient"] = failed.transient
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")


def say(line: str) -> None:
    """Print a line of progress to the step's log, unbuffered."""
    print(line, flush=True)


def say_warning(  # noqa: PLR0917  # Python calls it
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # Python passes it
    line: str | None = None,
) -> None:
    """Print a warning of Python, indented like the output of a tool."""
    text = warnings.formatwarning(message, category, filename, lineno, line)
    say("\n".join(f"  {each}" for each in text.splitlines() if each.strip()))


def call(
    command: Sequence[str | Path],
    why: str,
    *,
    hint: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    mark: str | None = "  ",
    seconds: float | None = None,
) -> str:
    """Run *command*; return its output.  Raises Failed with *why* and *hint*.

    Each line of output goes to the log at once, after the prefix *mark*.  With *mark* None no
    line is logged.  The failure is transient if the output says that an index did not answer,
    or if the command did not end within *seconds*.
    """
    with _started(command, environment, folder) as process, _deadline(process, seconds) as late:
        lines = []
        assert process.stdout is not None  # noqa: S101  # stdout is a pipe
        # A carriage return ends no line: with it, a progress bar draws itself again.
        stream = io.TextIOWrapper(process.stdout, "utf-8", "replace", newline="\n")
        for line in stream:
            if mark is not None:
                text = line.rstrip()
                # The worker hides what the mark of the cut leaves of a secret.
                say(mark + (text if len(text) <= MAX_LINE else f"{text[:MAX_LINE]}..."))
            lines.append(line)
        status = process.wait()
    output = "".join(lines[-TAIL:])
    if late.is_set():
        raise Failed(f"{why}: no end after {seconds:g} seconds", hint, output, transient=True)
    if status != 0:
        raise Failed(why, hint, output, transient=NO_INDEX.search(output) is not None)
    return "".join(lines)


def _started(
    command: Sequence[str | Path], environment: Mapping[str, str] | None, folder: Path | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, **(environment or {})},
    )


@contextmanager
def _deadline(
    process: subprocess.Popen[bytes], seconds: float | None
) -> Iterator[threading.Event]:
    """Kill *process* after *seconds*, if given; give an event that is set before."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds or 0, kill)
    if seconds:
        timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def index_environment(index: Mapping[str, Any], job: Path) -> dict[str, str]:
    """Return the environment variables with which pip and requests reach the index."""
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


def home() -> str:
    """Return the home folder of this user, or ``/tmp`` if it has none that it can write to."""
    try:
        folder = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        folder = ""
    return folder if os.access(folder, os.W_OK) else "/tmp"  # noqa: S108  # in the container


def seal() -> None:
    """Change this process's environment so that builds are reproducible and pip stays offline.

    Variables of the base image stay; variables that depend on the machine or user go.
    """
    for name in list(os.environ):
        if name in VARYING or name.startswith("LC_"):
            del os.environ[name]
    os.environ |= {
        "HOME": home(),
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
