"""Calls of ``build`` that have nothing to do, told before anything else is imported.

What the same arguments published for the same commit cannot have changed, for its tags do not
move.  So a note of the last such call is all that is read, and each tag is looked at once.
Whatever is in doubt, as a registry that asks for a login, goes the long way, which asks the
caches and knows all that this one does not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256

LONG = ("--no", "--rev", "--che", "--res", "--req", "--j", "-h", "--h")
"""How options begin that ask for another commit, another answer, or for everything anew."""
SECONDS = 5


def state_folder(environment: Mapping[str, str]) -> str:
    """Return the folder of what a worker keeps from build to build."""
    home = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return environment.get("BUILDBOT_SHIP_STATE") or os.path.join(home, "buildbot-ship")


def look(arguments: Sequence[str]) -> str | None:
    """Return what to say of a call that has nothing to do; None where that is not known."""
    if not _is_plain(arguments):
        return None
    try:
        with open(_note(arguments), encoding="utf-8") as file:
            known = json.load(file)
        if known["commit"] != _head() or not all(map(_holds, known["tags"])):
            return None
        return str(known["said"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(
    arguments: Sequence[str], commit: str, said: str, tags: Sequence[Mapping[str, str]]
) -> None:
    """Note that a call is done; *tags* are the ``url``, ``accept`` and ``digest`` of each.

    It is a note for later: a folder that cannot be written is no fault.
    """
    if not _is_plain(arguments):
        return
    path = _note(arguments)
    new = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(new, "w", encoding="utf-8") as file:
            json.dump({"commit": commit, "said": said, "tags": list(tags)}, file)
        os.replace(new, path)
    except OSError:
        return


def _is_plain(arguments: Sequence[str]) -> bool:
    return list(arguments[:1]) == ["build"] and not any(
        word.startswith(LONG) for word in arguments
    )


def _note(arguments: Sequence[str]) -> str:
    call = json.dumps([os.getcwd(), *arguments])
    name = sha256(call.encode("utf-8", "surrogateescape")).hexdigest()
    return os.path.join(state_folder(os.environ), "calls", f"{name}.json")


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
