"""When a job asks a build backend, and which answers it reports for the next run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.scripts import scripts_folder

SCRIPT = """
import json, sys, tempfile
from pathlib import Path
import known_answers
from backend_answers import Answer, Asked
from build_locks import BuildLocks
from index_listing import File
from job import Failed
from listings import Listings
given = json.loads(sys.argv[1])
asked, names = [], []

class Resolver:
    def resolve(self, question, why, hint, mark="  "):
        lines = []
        for name in question.files[0].read_text().split():
            if name not in given["index"]:
                raise Failed(why, hint)
            version = given["index"][name]
            lines.append(f"{name}=={version} \\\\\\n    --hash=sha256:{digest(name)}\\n")
        names.append(question.files[0].read_text().split())
        return "".join(lines)

def digest(name):
    return (name.encode().hex() * 64)[:64]

class Index:
    def __init__(self):
        self.listings = Listings(self.ask)
        self.files = self.listings.files

    def ask(self, name):
        version = given["index"][name]
        file = f"{name}-{version}-py3-none-any.whl"
        return [File(file, file, digest(name), False)]

def ask(title, source, installer, *, metadata=False, traced=False):
    asked.append(title)
    declared, build = given["declared"], given["declared"] + given["more"]
    found = Answer(frozenset(declared), frozenset(build))
    installed = {**given["index"], **given["installed"]}
    environments = tuple({n: installed[n] for n in needs} for needs in (declared, build))
    return Asked(found, environments, frozenset())

known_answers.ask = ask
known_answers.declared_requirements = lambda source: frozenset(given["declared"])
scratch = Path(tempfile.mkdtemp())
(scratch / "setup.py").touch()
locks = BuildLocks(Resolver(), Index(), scratch / "locks")
backends = known_answers.Backends(given["installer"], locks, given["known"])
packages = [known_answers.Package(title, lambda: scratch) for title in given["titles"]]
answers = backends.answers(packages)
pins = {title: locks.pins(title, each.build_requirements) for title, each in answers.items()}
new = backends.new()
print(json.dumps({"asked": asked, "new": new, "pins": pins, "resolved": sorted(names)}))
"""
SDIST, OTHER = "sdist a==1 sha256:1", "sdist b==1 sha256:2"
GIVEN: dict[str, Any] = {
    "index": {"setuptools": "84.0", "incremental": "24.0"},
    "declared": ["setuptools"],
    "more": ["incremental"],
    "installed": {},
    "installer": "uv",
    "known": {},
    "titles": [SDIST],
}


def run(**given: Any) -> dict[str, Any]:
    """Return which backends were asked, new answers, and the pins of the sections."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps({**GIVEN, **given})],
        cwd=scripts_folder(),
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_a_known_answer_is_not_asked_for_and_gives_the_same_section() -> None:
    first = run()
    assert first["asked"] == [SDIST]
    assert first["new"][SDIST]["build"] == ["incremental", "setuptools"]
    again = run(known=first["new"])
    assert (again["asked"], again["new"]) == ([], {})
    assert again["pins"] == first["pins"]


def test_a_release_of_any_build_requirement_makes_the_job_ask() -> None:
    known = run()["new"]
    for name in ("setuptools", "incremental"):
        later = run(known=known, index={**GIVEN["index"], name: "99.0"})
        assert later["asked"] == [SDIST]
        assert later["new"][SDIST]["locks"] != known[SDIST]["locks"]


def test_a_backend_is_asked_if_its_old_requirements_do_not_resolve() -> None:
    known = run()["new"]
    later = run(known=known, index={"setuptools": "84.0"}, more=[])
    assert later["asked"] == [SDIST]
    assert later["new"][SDIST]["build"] == ["setuptools"]


def test_an_answer_counts_only_if_the_pins_were_installed() -> None:
    for name in ("setuptools", "incremental"):
        found = run(installed={name: "1.0"})
        assert (found["asked"], found["new"]) == ([SDIST], {})


def test_nothing_is_known_where_pip_installs() -> None:
    known = run()["new"]
    found = run(known=known, installer="pip")
    assert (found["asked"], found["new"]) == ([SDIST], {})
    assert found["resolved"] == [["incremental", "setuptools"]]


def test_packages_with_the_same_requirements_resolve_them_once() -> None:
    found = run(titles=[SDIST, OTHER], more=[])
    assert sorted(found["asked"]) == [SDIST, OTHER]
    assert found["resolved"] == [["setuptools"]]
    assert found["pins"][SDIST] == found["pins"][OTHER]


OPENED = """
import json, os, sys
from pathlib import Path
from backend_answers import Answer, Asked
from known_answers import Package, _opened
tree = Path(sys.argv[1])
opened, more = json.loads(sys.argv[2]), json.loads(sys.argv[3])
os.environ |= more
asked = Asked(Answer(frozenset(), frozenset()), ({}, {}), opened and frozenset(opened))
print(json.dumps(_opened(Package("package lib", lambda: tree, "lib", tree), asked)))
"""


def opened(tree: Path, paths: list[str] | None, **environment: str) -> Any:
    argv = [sys.executable, "-c", OPENED, str(tree), json.dumps(paths), json.dumps(environment)]
    ran = subprocess.run(argv, cwd=scripts_folder(), check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)


def test_opened_files_are_reported_by_their_path_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    cached = f"{tmp_path}/real/lib/__pycache__/version.{sys.implementation.cache_tag}.pyc"
    paths = [f"{tmp_path}/real/other/data.txt", cached, "/usr/lib/python3/os.py"]
    always = ["lib/pyproject.toml", "lib/setup.cfg", "lib/setup.py"]
    expected = sorted([*always, "lib/version.py", "other/data.txt"])
    assert opened(tmp_path / "link", paths) == expected


def test_files_that_may_be_unknown_are_reported_as_such(tmp_path: Path) -> None:
    assert opened(tmp_path, None) is None
    assert opened(tmp_path, ["/x"], PYTHONPYCACHEPREFIX="/elsewhere") is None
