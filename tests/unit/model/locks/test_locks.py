"""Lock files of other tools, as the real tools write them, and with faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from buildbot_ship.errors import InvalidFile, InvalidRequest
from buildbot_ship.model.locks.formats import read_lock
from buildbot_ship.model.locks.lock import Lock, Scope
from buildbot_ship.model.requirements.header import Interpreter
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.staleness import environment_of

SAMPLES = Path(__file__).parents[3] / "locks"
PATHS = {"uv": "uv.lock", "poetry": "poetry.lock", "pylock": "pylock.toml"}
PACKAGES = {"uv": (".", "packages/core"), "poetry": (".",), "pylock": (".",)}


def scope(
    version: str = "3.11.2",
    packages: tuple[str, ...] = (".",),
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
) -> Scope:
    python = Interpreter(version, "cpython-311-x86_64-linux-gnu", "linux-x86_64")
    return Scope(environment_of(python), packages, extras, groups)


def sample(name: str) -> bytes:
    return (SAMPLES / name / PATHS[name]).read_bytes()


def read(name: str, data: bytes | None = None, **options: Any) -> Lock:
    chosen = {"packages": PACKAGES[name], **options}
    data = sample(name) if data is None else data
    return read_lock(data, PATHS[name], scope(**chosen))


def versions(lock: Lock) -> dict[str, str]:
    return {pin.key: pin.version for pin in lock.pins}


def problems(name: str, edit: Callable[[str], str], **options: Any) -> list[str]:
    text = sample(name).decode()
    edited = edit(text)
    assert edited != text, "the edit changed nothing"
    with pytest.raises(InvalidFile) as caught:
        read(name, edited.encode(), **options)
    return [str(problem) for problem in caught.value.problems]


def line_of(name: str, package: str, version: str = "") -> int:
    """Return the line of the header of a package."""
    lines = sample(name).decode().splitlines()
    wanted = f'name = "{package}"'
    found = [n for n, line in enumerate(lines) if line == wanted]
    return next(n for n in found if version in lines[n + 1])


@pytest.mark.parametrize("name", PATHS)
def test_the_pins_of_a_lock_are_those_of_a_strict_file(name: str) -> None:
    lock = read(name)
    text = "".join(pin.text for pin in lock.pins)
    again = parse_strict(text, "requirements.strict.txt")
    assert [(p.key, p.version, p.hashes, p.extras) for p in again] == [
        (p.key, p.version, p.hashes, p.extras) for p in lock.pins
    ]
    assert lock.sdists == {"docopt"}


@pytest.mark.parametrize(("python", "version"), [("3.11.2", "24.2"), ("3.13.5", "26.4")])
def test_a_fork_of_uv_is_chosen_by_the_interpreter(python: str, version: str) -> None:
    (pin,) = (pin for pin in read("uv", version=python).pins if pin.key == "packaging")
    assert pin.version == version
    assert pin.line == line_of("uv", "packaging", f'"{version}"')


def test_own_packages_are_no_pins_and_their_requirements_are() -> None:
    lock = read("uv")
    assert lock.own == {"shelf", "shelf-core"}
    assert set(versions(lock)) == {"docopt", "packaging", "six"}


def test_markers_of_other_systems_do_not_apply() -> None:
    assert "colorama" not in versions(read("uv"))


@pytest.mark.parametrize(
    ("name", "options", "added"),
    [
        ("uv", {"extras": ("Tables",)}, {"tabulate", "wcwidth"}),
        ("uv", {"groups": ("metrics",)}, {"prometheus-client"}),
        ("poetry", {"extras": ("fancy",)}, {"tabulate"}),
        ("poetry", {"groups": ("metrics",)}, {"prometheus-client"}),
    ],
)
def test_extras_and_groups_are_taken_if_named(
    name: str, options: dict[str, Any], added: set[str]
) -> None:
    more = versions(read(name, **options))
    assert set(more) - set(versions(read(name))) == added


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("option", ["extras", "groups"])
def test_an_extra_or_a_group_that_a_lock_lacks_is_refused(name: str, option: str) -> None:
    options: dict[str, Any] = {option: ("absent",)}
    with pytest.raises(InvalidRequest, match=rf"has no {option[:-1]} absent"):
        read(name, **options)


def test_extras_of_a_dependency_are_pinned() -> None:
    (tabulate,) = (p for p in read("uv", extras=("tables",)).pins if p.key == "tabulate")
    assert tabulate.extras == ("widechars",)


def test_extras_come_from_the_project_if_the_lock_has_none() -> None:
    needs = (Requirement("requests[socks]"),)
    lock = read_lock(sample("poetry"), "poetry.lock", scope(), needs)
    (requests,) = (pin for pin in lock.pins if pin.key == "requests")
    assert requests.extras == ("socks",)


@pytest.mark.parametrize("name", PATHS)
def test_a_file_without_a_sha256_is_refused_with_its_line(name: str) -> None:
    def weaken(text: str) -> str:
        start = text.index('name = "docopt"')
        return text[:start] + text[start:].replace("sha256", "md5", 1)

    (problem,) = problems(name, weaken)
    line = line_of(name, "docopt")
    assert problem == f"{PATHS[name]}:{line}: docopt: one of its files has no sha256"


@pytest.mark.parametrize(
    ("name", "old", "new", "source"),
    [
        (
            "uv",
            'registry = "https://pypi.org/simple" }\nsdist',
            'git = "https://example.com/docopt?rev=1#0a" }\nsdist',
            "git",
        ),
        ("uv", 'registry = "https://pypi.org/simple" }\nsdist', 'url = "x" }\nsdist', "url"),
        ("uv", 'registry = "https://pypi.org/simple" }\nsdist', 'path = "x" }\nsdist', "path"),
    ],
)
def test_a_source_that_is_no_index_is_refused_with_its_line(
    name: str, old: str, new: str, source: str
) -> None:
    def edit(text: str) -> str:
        start = text.index('name = "docopt"')
        return text[:start] + text[start:].replace(old, new, 1)

    (problem,) = problems(name, edit)
    assert f"{PATHS[name]}:{line_of(name, 'docopt')}: docopt: it comes from {source}" in problem


@pytest.mark.parametrize("kind", ["git", "url", "file"])
def test_a_source_of_poetry_that_is_no_index_is_refused(kind: str) -> None:
    def edit(text: str) -> str:
        start = text.index('name = "docopt"')
        return text[:start] + text[start:].replace('"legacy"', f'"{kind}"', 1)

    (problem,) = problems("poetry", edit)
    assert f"docopt: it comes from {kind}: only releases of a package index" in problem


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ('[packages.vcs]\ntype = "git"\nurl = "u"\ncommit-id = "0a"\n', "git"),
        ('[packages.archive]\nurl = "u"\n[packages.archive.hashes]\nsha256 = "0a"\n', "a URL"),
    ],
)
def test_a_source_of_a_pylock_that_is_no_index_is_refused(table: str, kind: str) -> None:
    text = f'lock-version = "1.0"\ncreated-by = "x"\n\n[[packages]]\nname = "six"\n{table}'
    with pytest.raises(InvalidFile) as caught:
        read("pylock", text.encode())
    assert f"pylock.toml:4: six: it comes from {kind}" in str(caught.value)


def test_an_own_package_that_is_not_built_is_refused_with_its_folder() -> None:
    with pytest.raises(InvalidFile) as caught:
        read("uv", packages=(".",))
    assert "name its folder packages/core in the option packages" in str(caught.value)


@pytest.mark.parametrize("name", PATHS)
def test_a_lock_for_another_python_is_refused(name: str) -> None:
    with pytest.raises(InvalidFile, match=r"(has Python 3\.9\.1)"):
        read(name, version="3.9.1")


@pytest.mark.parametrize("declared", ["^3.11", "~3.11", "^2.7 || ^3.11", "*"])
def test_a_range_that_only_poetry_knows_is_read(declared: str) -> None:
    old = 'python-versions = ">=3.11,<4"\ncontent-hash'
    data = sample("poetry").replace(old.encode(), old.replace(">=3.11,<4", declared).encode())
    assert data != sample("poetry")
    assert versions(read("poetry", data)) == versions(read("poetry"))
    if declared != "*":
        with pytest.raises(InvalidFile, match="python-versions of the lock excludes"):
            read("poetry", data, version="3.10.1")


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("uv", "version = 1\n", "version = 2\n", "format 1 of uv.lock can be read"),
        ("poetry", '"2.1"', '"2.0"', "only format 2.1 of poetry.lock can be read"),
        ("pylock", '"1.0"', '"2.0"', "newer than what can be read"),
    ],
)
def test_another_format_is_refused(name: str, old: str, new: str, why: str) -> None:
    (problem,) = problems(name, lambda text: text.replace(old, new, 1))
    assert why in problem


def test_two_versions_that_apply_are_refused_with_both_lines() -> None:
    found = problems(
        "uv", lambda text: text.replace(", marker = \"python_full_version >= '3.12'\"", "")
    )
    first, second = line_of("uv", "packaging", "24.2"), line_of("uv", "packaging", "26.4")
    text = f"packaging applies here in two versions, 24.2 (line {first}) and 26.4"
    assert found == [f"uv.lock:{second}: {text}"]


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    "text",
    ["", "[[package]\n", "a = " + "[" * 5000, "package = 1\npackages = 1\nversion = 1\n"],
)
def test_what_is_no_lock_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidFile):
        read(name, text.encode())


def test_a_conflict_of_uv_is_refused() -> None:
    marker = "marker = \"python_full_version < '3.12'\""
    conflict = "marker = \"extra == 'extra-5-shelf-cpu'\""
    (problem,) = problems("uv", lambda text: text.replace(marker, conflict))
    assert problem.endswith("shelf: it depends on conflicting extras or groups of uv")
