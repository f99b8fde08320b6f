"""Calls of ``build`` that have nothing to do, told before anything else is imported.

What the same arguments published for the same commit cannot have changed, for its tags do not
move.  So a note of the last such call, in the work folder, is all that is read, and each tag is
looked at once.  Whatever is in doubt, as a registry that asks for a login, goes the long way,
which asks the caches and knows all that this one does not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

LONG = {"--checkout", "--work", "--revision", "--no-cache", "--json", "--result", "--request"}
"""Options that ask for another place or commit, another answer, or for everything anew."""
SECONDS = 5


def work_folder(checkout: str) -> str:
    """Return the work folder of *checkout*, an absolute path, where nobody names another."""
    return f"{checkout}.ship"


def look(arguments: Sequence[str]) -> str | None:
    """Return what to say of a call that has nothing to do; None where that is not known."""
    if not _is_plain(arguments):
        return None
    try:
        with open(_note(), encoding="utf-8") as file:
            known = json.load(file)
        if known["call"] != list(arguments) or known["commit"] != _head():
            return None
        from ..source.uncommitted import Uncommitted  # noqa: PLC0415

        looking = Uncommitted(os.getcwd())
        published, warning = all(map(_holds, known["tags"])), looking.warning()
        said = f"warning: {warning}\n{known['said']}" if warning else str(known["said"])
        return said if published else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(
    arguments: Sequence[str], commit: str, said: str, tags: Sequence[Mapping[str, str]]
) -> None:
    """Note that a call is done; *tags* are the ``url``, ``accept`` and ``digest`` of each.

    It is a note for later: a folder that is not there, or cannot be written, is no fault.
    """
    if not _is_plain(arguments):
        return
    note = {"call": list(arguments), "commit": commit, "said": said, "tags": list(tags)}
    new = f"{_note()}.{os.getpid()}"
    try:
        with open(new, "w", encoding="utf-8") as file:
            json.dump(note, file)
        os.replace(new, _note())
    except OSError:
        return


def _is_plain(arguments: Sequence[str]) -> bool:
    options = {word.partition("=")[0] for word in arguments}
    return list(arguments[:1]) == ["build"] and options.isdisjoint(LONG)


def _note() -> str:
    return os.path.join(work_folder(os.getcwd()), "published.json")


def _head() -> str:
    import subprocess  # noqa: PLC0415

    asked = ["git", "-c", "safe.directory=*", "rev-parse", "--verify", "HEAD^{commit}"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _holds(tag: Mapping[str, str]) -> bool:
    """Tell whether a tag holds what was pushed."""
    import http.client  # noqa: PLC0415

    scheme, _, rest = tag["url"].partition("://")
    host, slash, path = rest.partition("/")
    secure = http.client.HTTPSConnection
    kind = secure if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, timeout=SECONDS)
    try:
        connection.request("HEAD", slash + path, headers={"Accept": tag["accept"]})
        answer = connection.getresponse()
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
    return answer.status == 200 and answer.headers["Docker-Content-Digest"] == tag["digest"]
