"""The rounds of the soak `secrets`, and their judge.

In each round, the master ships a commit whose build backend and whose service print each secret
that they find, proposes newer requirements, checks out from a git server that fails, and copies
a base that the registry refuses.  The servers show the logins in their errors.  Then every
planted secret is searched in every form, in every place.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.errors import LabError
from lab.rest import Json, result_name
from lab.runs import Run
from lab.settings import PROPOSE_REQUIREMENTS, RETAG, SHIP
from lab.soak.options import SoakOptions
from lab.soak.secrets.places import PAGES, PLACES, everything
from lab.soak.secrets.planted import (
    FORMS,
    GIT,
    INDEX,
    KEY,
    NAMES,
    REGISTRY,
    Planted,
    unpacked,
)
from lab.soak.secrets.scene import PACKAGE, Scene, scene
from lab.soak.secrets.watch import PLACES as SEEN_PLACES
from lab.soak.secrets.watch import Seen, watching
from lab.soak.tally import Tally

LOOSE = "requirements.loose.txt"
_SECONDS = 120.0
PRINTED = (REGISTRY, GIT, KEY)
"""What the log of a round shows, hidden.  A backend that hardening asks is never quoted."""
Found = dict[tuple[str, str, str], str]
"""Where exactly a secret was found, by place, secret and form."""


def soak_secrets(run: Run, options: SoakOptions) -> Tally:
    """Run all rounds on a master, a worker and servers of their own."""
    run.start_engine()
    tally = Tally()
    folder = Path(tempfile.mkdtemp(prefix="ship-secrets-"))
    try:
        with scene(run, folder) as ours:
            for number in range(1, options.rounds + 1):
                _round(ours, number, options, tally)
                run.say(f"secrets: {number} of {options.rounds} rounds")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally


def _round(ours: Scene, number: int, options: SoakOptions, tally: Tally) -> None:
    since, before = time.time(), ours.servers.facts.index_logins
    with watching() as seen:
        commit = _ship(ours, number)
        if not options.quick:
            _propose(ours, number)
        _fail_to_check_out(ours)
        _expect(ours, RETAG, ours.master.rest.force(RETAG), "FAILURE")
    log = bytearray()
    found: Found = {}
    for place, (where, data) in everything(ours, commit, since):
        if place == PAGES:
            log += data
        _search(ours.planted, place, where, data, found)
    _search_seen(ours.planted, seen, found)
    text = log.decode("utf-8", "replace")
    silent = [name for name in PRINTED if not ours.planted.printed(name, text)]
    if ours.servers.facts.index_logins == before:
        silent.append(INDEX)
    judge(number, found, silent, tally)


def judge(
    number: int, found: Mapping[tuple[str, str, str], str], silent: Iterable[str], tally: Tally
) -> None:
    """Count a round: no form of a secret may be in a place.

    *silent* are the secrets that nothing printed or used, so that nothing is proved.
    """
    for place in (*PLACES, *SEEN_PLACES):
        for name in NAMES:
            for form in FORMS:
                tally.attempts += 1
                where = found.get((place, name, form))
                tally.outcomes["found" if where else "not found"] += 1
                if where:
                    tally.broken.append(f"round {number}: {name} as {form} in {place}: {where}")
    for name in silent:
        tally.broken.append(f"round {number}: {name} was not tried")


def _search(planted: Planted, place: str, where: str, data: bytes, found: Found) -> None:
    for part in unpacked(data):
        for name, form in planted.found(part):
            found.setdefault((place, name, form), where)


def _search_seen(planted: Planted, seen: Seen, found: Found) -> None:
    for place, texts in seen.items():
        for text in texts:
            first = text[:80].decode("utf-8", "replace")
            _search(planted, place, first, text, found)


def _ship(ours: Scene, number: int) -> str:
    """Ship a new commit; return its hash."""
    ours.servers.echoes.again()
    # A strict file that nothing hardened is up to date as long as there is no loose file.
    (ours.developer.tree / LOOSE).unlink(missing_ok=True)
    ours.developer.write({"message.txt": f"round {number}\n"})
    commit = ours.developer.commit(f"Round {number}")
    ours.developer.push()
    ours.master.poll()
    _expect(ours, SHIP, ours.master.rest.build_of_commit(SHIP, commit), "SUCCESS")
    return commit


def _propose(ours: Scene, number: int) -> None:
    """Propose a change of the requirements, which the git server refuses."""
    ours.developer.write({LOOSE: f"{PACKAGE}\niniconfig\n"})
    commit = ours.developer.commit(f"Another requirement in round {number}")
    ours.developer.push()
    ours.master.poll()
    rest = ours.master.rest
    stale = rest.build_of_commit(SHIP, commit)
    proposal = rest.force(PROPOSE_REQUIREMENTS)
    _expect(ours, SHIP, stale, "FAILURE")
    _expect(ours, PROPOSE_REQUIREMENTS, proposal, "FAILURE")


def _fail_to_check_out(ours: Scene) -> None:
    ours.servers.facts.fails = True
    try:
        _expect(ours, SHIP, ours.master.rest.force(SHIP, branch="main"), "FAILURE")
    finally:
        ours.servers.facts.fails = False


def _expect(ours: Scene, builder: str, build: int, result: str) -> None:
    rest = ours.master.rest
    ended: Json = rest.wait(build, _SECONDS)
    if result_name(ended["results"]) != result:
        logs = "\n".join(rest.failing_logs(build))
        said = f"{result_name(ended['results'])}: {ended['state_string']}"
        raise LabError(f"{builder} was to end as {result}, not as {said}\n{logs}")
