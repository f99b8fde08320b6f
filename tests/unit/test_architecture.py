"""The plan of the house: which room may import which (docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "buildbot_ship"
CORE = {"errors", "model"}
ROOMS = CORE | {"daemon", "registry", "source", "store"}
ALLOWED = {
    "errors": set(),
    "model": {"errors"},
    "daemon": CORE,
    "registry": CORE,
    "source": CORE,
    "store": CORE,
    "inside": set(),
    "verbs": ROOMS,
    "cli": ROOMS | {"verbs"},
    "steps": CORE,
    "__main__": {"cli"},
    "__init__": set(),
}
LIBRARIES = {
    "errors": {"attrs"},
    "model": {"attrs", "cattrs", "elftools", "packaging"},
    "daemon": {"attrs", "docker", "requests", "urllib3"},
    "registry": {"attrs", "requests", "urllib3"},
    "source": {"attrs"},
    "store": {"attrs"},
    "verbs": {"attrs"},
    "cli": {"attrs"},
    "steps": {"attrs", "buildbot", "twisted", "zope"},
    "inside": {"packaging", "requests", "urllib3", "build", "installer", "pip", "elftools"},
}
VOCABULARY: set[str] = set()
MODEL = {
    "": VOCABULARY,
    "request": VOCABULARY,
    "dockerfile": VOCABULARY,
    "requirements": {"request"},
    "application": {"request", "requirements"},
    "image": {"dockerfile", "application"},
    "decision": {"request", "image"},
}
"""Which rooms of the model a room of it may import; the vocabulary ("") lies below all."""
TOUCHES_THE_WORLD = {
    "time",
    "os",
    "subprocess",
    "socket",
    "random",
    "uuid",
    "tempfile",
    "shutil",
}
INTERFACES = {
    "daemon": {"interface"},
    "registry": {"interface", "copy", "layers", "publication"},
}
"""What the verbs may import of the rooms that speak to the world: protocols, and what
works on protocols alone."""


def modules(room: str = "") -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """Return the dotted name that a ``from`` names, relative ones made absolute."""
    if not node.level:
        return node.module or ""
    package = ("buildbot_ship", *path.relative_to(PACKAGE).parts[:-1])
    base = package[: len(package) - node.level + 1]
    return ".".join((*base, node.module or "")).rstrip(".")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = absolute(node, path)
            if name.count(".") < 2 and name.startswith("buildbot_ship"):
                yield from (f"{name}.{alias.name}" for alias in node.names)
            else:
                yield name


def ours(path: Path) -> set[str]:
    found = (name.split(".") for name in imports(path))
    return {parts[1] for parts in found if parts[0] == "buildbot_ship" and len(parts) > 1}


def model_room(parts: tuple[str, ...]) -> str:
    """Return the room of a module of the model, by its parts below it; "" for the words."""
    return parts[0] if parts and parts[0] in MODEL else ""


def theirs(path: Path) -> set[str]:
    tops = {name.split(".")[0] for name in imports(path)}
    siblings = (
        {file.stem for file in path.parent.glob("*.py")} if room_of(path) == "inside" else set()
    )
    return tops - set(sys.stdlib_module_names) - {"buildbot_ship"} - siblings


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_room_imports_only_what_lies_beneath(path: Path) -> None:
    room = room_of(path)
    assert ours(path) - {room} <= ALLOWED[room]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_room_uses_only_its_own_libraries(path: Path) -> None:
    assert theirs(path) <= LIBRARIES.get(room_of(path), set())


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "model").rglob("*.py")), ids=lambda p: p.name
)
def test_model_touches_nothing(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & TOUCHES_THE_WORLD


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "model").rglob("*.py")), ids=lambda p: p.name
)
def test_a_room_of_the_model_imports_only_what_lies_beneath(path: Path) -> None:
    room = model_room(path.relative_to(PACKAGE / "model").parts)
    names = (tuple(name.split(".")) for name in imports(path))
    used = {model_room(name[2:]) for name in names if name[:2] == ("buildbot_ship", "model")}
    assert used - {room, ""} <= MODEL[room]


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "verbs").rglob("*.py")), ids=lambda p: p.name
)
def test_a_verb_knows_the_outside_by_its_interface(path: Path) -> None:
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "buildbot_ship" and parts[1] in INTERFACES:
            assert parts[2] in INTERFACES[parts[1]], name


def test_the_rules_see_a_forbidden_import(tmp_path: Path) -> None:
    bad = PACKAGE / "model" / "never_written.py"
    node = ast.parse("from ..daemon.engine import Engine").body[0]
    assert isinstance(node, ast.ImportFrom)
    assert absolute(node, bad) == "buildbot_ship.daemon.engine"


def test_the_top_folder_of_dockerfiles_is_no_package() -> None:
    assert not (PACKAGE.parent / "docker" / "__init__.py").exists()
