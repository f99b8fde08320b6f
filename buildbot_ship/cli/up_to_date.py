"""Answer a repeated ``build`` call without importing the other modules.

If the same arguments published the same commit before, the result cannot differ, because tags
never move.  So this module only reads the note of the last such call in the work folder, and
checks each tag once.  In any doubt, for example if a registry needs a login, the call runs as
usual.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

EXCLUDED_OPTIONS = {
    "--checkout",
    "--work",
    "--revision",
    "--no-cache",
    "--json",
    "--result",
    "--request",
    "--registry-ca-bundle",
    "--insecure-registry",
}
"""Options with which a call always runs, such as another folder, commit or connection."""
TIMEOUT_SECONDS = 5


def work_folder(checkout: str) -> str:
    """Return the default work folder of *checkout*, an absolute path."""
    return f"{checkout}.ship"


def repeated_summary(arguments: Sequence[str]) -> str | None:
    """Return the summary if the call repeats the last one; None if it must run."""
    if not _is_plain(arguments):
        return None
    try:
        with open(_note_path(), encoding="utf-8") as file:
            note = json.load(file)
        if note["call"] != list(arguments) or note["commit"] != _head():
            return None
        from ..source.uncommitted import Uncommitted  # noqa: PLC0415

        uncommitted = Uncommitted(os.getcwd())
        published, warning = all(map(_is_unchanged, note["tags"])), uncommitted.warning()
        summary = str(note["summary"])
        text = f"warning: {warning}\n{summary}" if warning else summary
        return text if published else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_note(
    arguments: Sequence[str], commit: str, summary: str, tags: Sequence[Mapping[str, str]]
) -> None:
    """Write the note about a call that published; ignore a folder that is not writable.

    Each of *tags* has a ``url``, a header ``accept`` and a ``digest``.
    """
    if not _is_plain(arguments):
        return
    note = {"call": list(arguments), "commit": commit, "summary": summary, "tags": list(tags)}
    new = f"{_note_path()}.{os.getpid()}"
    try:
        with open(new, "w", encoding="utf-8") as file:
            json.dump(note, file)
        os.replace(new, _note_path())
    except OSError:
        return


def _is_plain(arguments: Sequence[str]) -> bool:
    options = {word.partition("=")[0] for word in arguments}
    return list(arguments[:1]) == ["build"] and options.isdisjoint(EXCLUDED_OPTIONS)


def _note_path() -> str:
    return os.path.join(work_folder(os.getcwd()), "published.json")


def _head() -> str:
    import subprocess  # noqa: PLC0415

    command = ["git", "-c", "safe.directory=*", "rev-parse", "--verify", "HEAD^{commit}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _is_unchanged(tag: Mapping[str, str]) -> bool:
    """Return whether a tag still has the digest that was pushed."""
    import http.client  # noqa: PLC0415

    scheme, _, rest = tag["url"].partition("://")
    host, slash, path = rest.partition("/")
    secure = http.client.HTTPSConnection
    connect = secure if scheme == "https" else http.client.HTTPConnection
    connection = connect(host, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("HEAD", slash + path, headers={"Accept": tag["accept"]})
        answer = connection.getresponse()
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
    return answer.status == 200 and answer.headers["Docker-Content-Digest"] == tag["digest"]
