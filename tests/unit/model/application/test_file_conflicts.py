from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Mapping

import pytest

from buildbot_ship.model.application.file_conflicts import (
    ENVIRONMENT,
    Conflict,
    bounded,
    decide,
    describe,
    imported,
    left_out,
    share,
    shared_tops,
)
from buildbot_ship.model.application.installed_files import (
    digest_of_installed,
    installed,
    read_listing,
    top_of,
)
from buildbot_ship.model.artefact import Listing, Wheel

SITE = "lib/python3.11/site-packages"
MINOR = "3.11"
FILE = "app-1-py3-none-any.whl"


def archive(files: Mapping[str, str], points: str = "") -> zipfile.ZipFile:
    """Return a wheel of *files*."""
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w") as made:
        info = {"app-1.dist-info/METADATA": "", "app-1.dist-info/entry_points.txt": points}
        for name, text in {**files, **info}.items():
            made.writestr(name, text)
    return zipfile.ZipFile(spool)


def paths(*members: str) -> set[str]:
    return set(installed(archive(dict.fromkeys(members, "")), FILE, MINOR))


@pytest.mark.parametrize(
    ("member", "path"),
    [
        ("app/__init__.py", f"{SITE}/app/__init__.py"),
        ("README.md", f"{SITE}/README.md"),
        ("app-1.data/purelib/x.py", f"{SITE}/x.py"),
        ("app-1.data/platlib/x.so", f"{SITE}/x.so"),
        ("app-1.data/scripts/run", "bin/run"),
        ("app-1.data/headers/a/b.h", "include/site/python3.11/app/a/b.h"),
        ("app-1.data/data/share/doc", "share/doc"),
        ("app-1.data/data/lib64/x", "lib/x"),
        ("app-1.data/data/./pyvenv.cfg", "pyvenv.cfg"),
        ("app-1.data/data/lib/python3.11/site-packages/x.py", f"{SITE}/x.py"),
    ],
)
def test_a_member_lies_where_an_installer_puts_it(member: str, path: str) -> None:
    assert paths(member) == {path}


@pytest.mark.parametrize(
    "member",
    [
        "app-1.dist-info/LICENSE",
        "app/__pycache__/x.cpython-311.pyc",
        "app-1.data/data/../../etc/passwd",
        "app-1.data/unknown/x",
        "app/",
    ],
)
def test_what_no_installer_writes_or_no_other_has_does_not_count(member: str) -> None:
    assert paths(member) == set()


def test_scripts_of_entry_points_count_by_what_they_call() -> None:
    points = (
        "[console_scripts]\na = m:f\nb= m : f [extra]\n[gui_scripts]\nc = n:g\n[x]\nd = e:f\n"
    )
    found = installed(archive({}, points), FILE, MINOR)
    assert found.keys() == {"bin/a", "bin/b", "bin/c"}
    digests = {path: digest_of_installed(archive({}), found[path]) for path in found}
    assert digests["bin/a"] == digests["bin/b"] != digests["bin/c"]


def test_the_same_bytes_are_the_same_content() -> None:
    wheel = archive({"a": "x", "b": "x", "c": "y"})
    first, same, other = (digest_of_installed(wheel, name) for name in "abc")
    assert first == same != other


def test_a_listing_says_where_paths_begin_and_changes_with_them_alone() -> None:
    files = {"app/a.py": "1", "app/b.py": "", "app-1.data/data/share/x": ""}
    listing = read_listing(archive(files), FILE, MINOR)
    assert listing["tops"] == [f"{SITE}/app", "share"]
    assert read_listing(archive({**files, "app/a.py": "2"}), FILE, MINOR) == listing
    more = read_listing(archive({**files, "app/c.py": ""}), FILE, MINOR)
    assert more["tops"] == listing["tops"]
    assert more["digest"] != listing["digest"]


@pytest.mark.parametrize(
    ("path", "top"),
    [
        (f"{SITE}/tests/a/b.py", f"{SITE}/tests"),
        (f"{SITE}/README", f"{SITE}/README"),
        ("bin/run", "bin/run"),
        ("lib/x/y", "lib/x"),
        ("share/doc/x", "share"),
        ("lib", "lib"),
        (SITE, SITE),
        ("bin/python/x", "bin/python"),
    ],
)
def test_a_top_is_the_first_part_that_not_every_environment_has(path: str, top: str) -> None:
    assert top_of(path, MINOR) == top


def tops(**packages: str) -> frozenset[str]:
    return shared_tops({n: Listing((top,), "") for n, top in packages.items()}, MINOR)


def test_only_shared_tops_count_and_those_of_the_environment() -> None:
    assert tops(a="x", b="x", c="y") == {"x"}
    assert tops(a="x", b="X") == frozenset()
    for own in ("pyvenv.cfg", "bin/python", "bin/python3.11", "lib64", "lib", "bin", SITE):
        assert tops(a=own) == {own}


def test_files_are_shared_by_path() -> None:
    found = share({"a": ["t/x", "t/y"], "b": ["t/x", "T/y"], "c": ["pyvenv.cfg"]}, MINOR)
    assert found.files == {"t/x": ("a", "b"), "pyvenv.cfg": ("c", ENVIRONMENT)}
    assert found.clashes == {}


@pytest.mark.parametrize(
    ("first", "second", "path", "who"),
    [
        ("t/x", "t/x/y", "t/x", ("a", "b")),
        ("t/x/y/z", "t/x", "t/x", ("a", "b")),
        ("bin", "s", "bin", ("a", ENVIRONMENT)),
        ("lib", "s", "lib", ("a", ENVIRONMENT)),
        (SITE, "s", SITE, ("a", ENVIRONMENT)),
        ("bin/python/x", "s", "bin/python", ("a", ENVIRONMENT)),
    ],
)
def test_a_file_in_one_and_a_folder_in_another_clash(
    first: str, second: str, path: str, who: tuple[str, str]
) -> None:
    assert share({"a": [first], "b": [second]}, MINOR).clashes == {path: who}


def wheel(name: str, own: bool = False, size: int = 1) -> Wheel:
    return Wheel(f"{name}-1-py3-none-any.whl", "sha256:0", size, own=own)


def test_own_packages_win_and_then_the_last_name_whatever_the_size() -> None:
    wheels = [wheel("Zulu"), wheel("yard", size=10**9), wheel("alpha", own=True)]
    ranks = {each.name: each.rank for each in wheels}
    contents = {each.name: each.name for each in wheels}

    def winner(*names: str) -> str:
        (found,) = decide({"x": {name: contents[name] for name in names}}, ranks)
        return found.winner

    assert winner("zulu", "yard") == "zulu"
    assert winner("zulu", "yard", "alpha") == "alpha"


def test_the_environment_always_wins() -> None:
    digests = {"pyvenv.cfg": {"own": "1", ENVIRONMENT: ENVIRONMENT}}
    ranks = {"own": wheel("own", own=True).rank}
    assert decide(digests, ranks) == (Conflict("pyvenv.cfg", ENVIRONMENT, ("own",)),)


def test_who_has_the_content_of_the_winner_loses_nothing() -> None:
    ranks = dict(zip("abc", range(3), strict=True))
    assert decide({"x": dict.fromkeys("abc", "1")}, ranks) == ()
    found = decide({"x": {"a": "1", "b": "2", "c": "1"}, "w": {"a": "1", "b": "2"}}, ranks)
    assert found == (Conflict("w", "b", ("a",)), Conflict("x", "c", ("b",)))
    assert left_out(found) == {"a": ("w",), "b": ("x",)}


def test_every_path_is_one_line_with_all_packages() -> None:
    found = (
        Conflict(f"{SITE}/t/x.py", "c", ("a", "b")),
        Conflict("bin/y", ENVIRONMENT, ("a",)),
    )
    assert describe(found, {"a": "a 1", "b": "b 2", "c": "c 3"}, MINOR) == (
        "site-packages/t/x.py: c 3 wins over a 1 and b 2",
        "bin/y: the environment wins over a 1",
    )


def test_warnings_have_an_end() -> None:
    lines = [str(number) for number in range(30)]
    assert bounded(lines[:20]) == tuple(lines[:20])
    assert bounded(lines) == (
        *lines[:20],
        "10 more files that packages ship with different content",
    )


def test_of_a_zipapp_only_what_is_imported_counts() -> None:
    names = [f"{SITE}/t/x.py", f"{SITE}/t/y.so", f"{SITE}/README", "bin/x.py"]
    found = share({"a": names, "b": names}, MINOR)
    assert list(imported(found, MINOR)) == names[:2]


def test_an_entry_point_without_an_object_is_told_where_python_refuses_it() -> None:
    """Python 3.15 does, in any group; older ones do not look."""
    wheel = archive({}, "[plugins]\na = no object\n")
    if sys.version_info >= (3, 15):
        with pytest.raises(ValueError, match=r"^entry_points.txt names no object: no object$"):
            installed(wheel, FILE, MINOR)
    else:
        installed(wheel, FILE, MINOR)
