from __future__ import annotations

import pytest

from buildbot_ship.model.artefact import Needs
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.filesystem.filesystem import FILE, FOLDER, Filesystem, Node
from buildbot_ship.model.image.base import Base
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.runtime.interpreter import find_interpreter, search_path

PATH = "/usr/local/bin:/bin"
GNU, MUSL = "cpython-311-x86_64-linux-gnu", "cpython-311-x86_64-linux-musl"
DYNLOAD = "usr/local/lib/python3.11/lib-dynload"


def link(target: str) -> Node:
    return Node(0o120777, target=target)


def files(**changed: Node | None) -> Filesystem:
    nodes: dict[str, Node | None] = {
        "bin": link("usr/bin"),
        "usr/bin": FOLDER,
        "usr/bin/sh": FILE,
        "usr/local/bin/python3": link("python3.11"),
        "usr/local/bin/python3.11": FILE,
        f"{DYNLOAD}/_bz2.{GNU}.so": FILE,
        "lib": link("usr/lib"),
        "usr/lib/x/libc.so.6": link("libc-2.31.so"),
        "usr/lib/x/libc-2.31.so": Node(FILE.mode, content="31"),
        **changed,
    }
    return Filesystem({path: node for path, node in nodes.items() if node is not None})


def misfit(needs: Needs, path: str, held: Filesystem) -> str:
    """Return why there is no interpreter, or nothing."""
    try:
        return "" if find_interpreter(needs, path, held) else "nothing was found"
    except ValueError as why:
        return str(why)


COMPILED = Needs("3.11", GNU, 31)


def test_a_base_like_the_build_base_fits() -> None:
    assert misfit(COMPILED, PATH, files()) == ""
    assert misfit(Needs("3.11"), PATH, files()) == ""


def test_python_is_found_where_the_path_leads() -> None:
    away = files(**{"usr/local/bin/python3.11": None, "usr/bin/python3.11": FILE})
    assert misfit(Needs("3.11"), PATH, away) == ""
    assert misfit(Needs("3.11"), "/usr/local/bin", away).startswith("it needs Python 3.11 on")
    linked = {"usr/local/bin/python3.11": link("/opt/py/bin/python3.11")}
    assert misfit(Needs("3.11"), PATH, files(**linked)) != ""
    there = {**linked, "opt/py/bin/python3.11": FILE}
    assert misfit(Needs("3.11"), PATH, files(**there)) == ""


def test_the_interpreter_is_the_first_on_the_path() -> None:
    needs = Needs("3.11")
    assert find_interpreter(needs, PATH, files()) == "/usr/local/bin/python3.11"
    both = files(**{"usr/bin/python3.11": FILE})
    assert find_interpreter(needs, "/bin:/usr/local/bin", both) == "/usr/bin/python3.11"
    broken = files(**{"usr/bin/python3.11": link("gone")})
    found = find_interpreter(needs, "bin:/bin:/usr/local/bin", broken)
    assert found == "/usr/local/bin/python3.11"


def test_the_abi_is_that_of_the_interpreter_that_runs() -> None:
    other = files(**{
        "usr/bin/python3.11": FILE,
        f"usr/lib/python3.11/lib-dynload/_bz2.{MUSL}.so": FILE,
    })  # fmt: skip
    assert misfit(COMPILED, "/usr/local/bin:/bin", other) == ""
    assert misfit(COMPILED, "/bin:/usr/local/bin", other).endswith(f"the base has {MUSL}")


@pytest.mark.parametrize(
    ("needs", "changed", "why"),
    [
        (Needs("3.12"), {}, "it needs Python 3.12 on the PATH, the base has 3.11"),
        (
            Needs("3.11"),
            {"usr/local/bin/python3.11": None},
            "it needs Python 3.11 on the PATH, the base has none",
        ),
        (
            COMPILED,
            {f"{DYNLOAD}/_bz2.{GNU}.so": None, f"{DYNLOAD}/_bz2.{MUSL}.so": FILE},
            f"its wheels are compiled for {GNU}, the base has {MUSL}",
        ),
        (
            Needs("3.11", GNU, 34),
            {},
            "its wheels need glibc 2.34, the base has 2.31",
        ),
        (
            COMPILED,
            {"usr/lib/x/libc.so.6": None},
            "its wheels need glibc 2.31, the base has none",
        ),
        (
            Needs("3.11"),
            {"opt": link("/var/opt")},
            "in the base /opt/ship is a link to /var/opt/ship",
        ),
    ],
)
def test_a_base_that_does_not_fit_is_told_why(
    needs: Needs, changed: dict[str, Node | None], why: str
) -> None:
    assert misfit(needs, PATH, files(**changed)) == why


def test_an_interpreter_without_modules_to_load_says_nothing_of_its_abi() -> None:
    assert misfit(COMPILED, PATH, files(**{f"{DYNLOAD}/_bz2.{GNU}.so": None})) == ""


def test_the_path_is_that_of_the_image() -> None:
    reference = Reference.parse("example.com/base:1")
    base = Base(reference, "", {}, {"config": {"Env": ["A=b", "PATH=/x"]}})
    plain = read(b"FROM example.com/base:1\n", "f", base.environment)
    longer = read(b"FROM example.com/base:1\nENV PATH=/y:$PATH\n", "f", base.environment)
    assert search_path(base, plain) == "/x"
    assert search_path(base, longer) == "/y:/x"
    assert "/usr/bin" in search_path(Base(reference, "", {}, {}), plain)
