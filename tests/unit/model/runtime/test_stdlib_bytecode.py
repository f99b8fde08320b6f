"""What a base's library lacks: modules without bytecode, and the folders over them."""

from __future__ import annotations

from buildbot_ship.model.filesystem.filesystem import FILE, FOLDER, Filesystem, Node
from buildbot_ship.model.runtime.stdlib_bytecode import Folder, Library, find_library

PYTHON = "/usr/local/bin/python3.12"
TOP = "usr/local/lib/python3.12"


def base(*paths: str, **nodes: Node) -> Filesystem:
    """Return a base with a Python, and these files in its library."""
    there = {
        "usr": FOLDER,
        "usr/local": Node(0o042775, 0, 50),
        "usr/local/bin": FOLDER,
        PYTHON.lstrip("/"): FILE,
        "usr/local/lib": FOLDER,
        TOP: FOLDER,
        f"{TOP}/os.py": FILE,
    }
    return Filesystem({**there, **{f"{TOP}/{path}": FILE for path in paths}, **nodes})


def missing(files: Filesystem, python: str = PYTHON) -> tuple[str, ...]:
    return find_library(python, "3.12", files).modules


def test_modules_without_bytecode_are_missing_it() -> None:
    files = base(
        "json/__init__.py",
        "json/tool.py",
        "abc.py",
        "__pycache__/abc.cpython-312.pyc",
        "json/__pycache__/tool.cpython-312.opt-1.pyc",
        "LICENSE.txt",
    )
    assert missing(files) == ("json/__init__.py", "os.py")


def test_what_no_start_imports_is_left_out() -> None:
    files = base("test/support.py", "json/tests/x.py", "site-packages/pip/a.py", "idlelib/x.py")
    assert missing(files) == ("os.py",)


def test_a_link_to_a_module_is_one() -> None:
    links = {
        f"{TOP}/sitecustomize.py": Node(0o120777, target="/etc/python3/site.py"),
        f"{TOP}/gone.py": Node(0o120777, target="/etc/python3/gone.py"),
        f"{TOP}/folder.py": Node(0o120777, target="/usr"),
    }
    files = base(**links, **{"etc/python3/site.py": FILE})
    assert missing(files) == ("os.py", "sitecustomize.py")


def test_every_folder_over_bytecode_is_told_as_it_is_in_the_base() -> None:
    cache = Node(0o040700, 7, 8)
    found = find_library(PYTHON, "3.12", base("json/tool.py", **{f"{TOP}/__pycache__": cache}))
    assert found.path == TOP
    assert found.folders == (
        Folder("usr", 0o755, 0, 0),
        Folder("usr/local", 0o2775, 0, 50),
        Folder("usr/local/lib", 0o755, 0, 0),
        Folder(TOP, 0o755, 0, 0),
        Folder(f"{TOP}/__pycache__", 0o700, 7, 8),
        Folder(f"{TOP}/json", 0o755, 0, 0),
    )


def test_links_on_the_way_are_followed() -> None:
    away = base(**{
        "usr/bin/python3.12": Node(0o120777, target="../local/bin/python3.12"),
    })  # fmt: skip
    assert find_library("/usr/bin/python3.12", "3.12", away) == find_library(
        PYTHON, "3.12", away
    )
    moved = Filesystem({
        "bin/python3.12": FILE,
        "lib64": Node(0o120777, target="usr/lib64"),
        "usr/lib64/python3.12/os.py": FILE,
    })  # fmt: skip
    assert find_library("/bin/python3.12", "3.12", moved).path == "usr/lib64/python3.12"


def test_a_library_that_lacks_nothing_has_no_identity() -> None:
    whole = base("__pycache__/os.cpython-312.pyc")
    assert find_library(PYTHON, "3.12", whole).identity == ""
    assert find_library(PYTHON, "3.11", base()) == Library()


def test_the_identity_tells_apart_modules_and_folders() -> None:
    plain = find_library(PYTHON, "3.12", base())
    assert plain.identity == find_library(PYTHON, "3.12", base("README")).identity
    others = (base("abc.py"), base(**{TOP: Node(0o040700)}))
    identities = {find_library(PYTHON, "3.12", files).identity for files in others}
    assert len({plain.identity, *identities}) == 3
