"""The rules of docs/architecture.md: which package may import which."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TOP = "buildbot_ship"
PACKAGE = Path(__file__).resolve().parents[2] / TOP
MOST_MODULES = 15
CORE = {"errors", "model"}
OUTSIDE = {"daemon", "registry", "source", "store"}
PACKAGES = {
    "__init__": set(),
    "__main__": {"cli"},
    "sealed": set(),
    "errors": set(),
    "model": {"errors"},
    "daemon": CORE | {"inside"},
    "registry": CORE,
    "source": CORE,
    "store": CORE,
    "inside": set(),
    "verbs": CORE | OUTSIDE | {"inside", "sealed"},
    "cli": CORE | OUTSIDE | {"verbs"},
    "steps": CORE,
    "www": CORE | {"steps"},
}
"""What a package may import, beside itself."""
SUBPACKAGES = {
    "model": {
        "": set(),
        "request": {""},
        "secrets": {""},
        "dockerfile": {""},
        "requirements": {"", "request"},
        "locks": {"", "request", "requirements"},
        "application": {"", "request", "requirements"},
        "image": {"", "dockerfile", "application"},
        "filesystem": {"", "dockerfile", "image"},
        "runtime": {"", "dockerfile", "application", "image", "filesystem"},
        "decision": {"", "request", "image"},
        "journal": {""},
        "adoption": set(),
        "project": {"", "request", "requirements", "locks"},
        "diagnosis": {""},
    },
    "verbs": {
        "": set(),
        "shared": set(),
        "requirements": {"shared"},
        "secrets": set(),
        "wheels": {"shared"},
        "application": {"shared"},
        "image": {"shared"},
        "bases": {"shared", "image"},
        "publishing": {"shared"},
        "smoke": {"shared", "image"},
        "review": {"shared"},
        "maintenance": {"shared", "image"},
        "pipeline": {"shared", "wheels", "publishing", "image", "maintenance"},
        "doctor": {"shared", "requirements"},
    },
    "daemon": {
        "": {"interface", "shared", "containers", "images"},
        "interface": set(),
        "shared": {"interface"},
        "containers": {"interface", "shared"},
        "images": {"interface", "shared"},
    },
    "registry": {"": {"http"}, "http": set()},
    "steps": {
        "": {"base"},
        "base": set(),
        "forge": {"base"},
        "messages": set(),
        "factories": {"", "base", "forge"},
    },
}
"""What a subpackage may import of its package; "" is the package's own modules."""
SCRIPTS = {
    "protocol": {"protocol"},
    "indexes": {"protocol", "indexes"},
    "resolving": {"protocol", "resolving", "indexes"},
    "installing": {"protocol", "installing"},
    "building": {"protocol", "building", "installing"},
    "jobs": {"protocol", "resolving", "indexes", "building", "installing"},
    "launcher": set(),
}
"""What a script of ``inside/`` may import of the others, which lie beside it in a container."""
LIBRARIES = {
    "sealed": {"nacl"},
    "errors": {"attrs"},
    "model": {
        "attrs",
        "backports",
        "cattrs",
        "compression",
        "elftools",
        "packaging",
        "tomli_w",
    },
    "daemon": {"attrs", "docker", "requests", "urllib3"},
    "registry": {"attrs", "requests", "urllib3"},
    "source": {"attrs"},
    "store": {"attrs"},
    "verbs": {"attrs"},
    "cli": {"attrs", "shtab"},
    "steps": {"attrs", "buildbot", "sqlalchemy", "twisted", "zope"},
    "www": {"attrs", "buildbot", "twisted"},
    "inside": {
        "certifi",
        "packaging",
        "requests",
        "urllib3",
        "build",
        "installer",
        "pip",
        "piptools",
        "elftools",
        "pyproject_hooks",
    },
}
LIBRARIES_OF_SCRIPTS = {"cli/adopt/script.py": {"buildbot"}}
"""What a script may import that the interpreter of a master runs."""
TOUCHES_THE_WORLD = {
    "time", "os", "subprocess", "socket", "random", "uuid", "tempfile", "shutil",
}  # fmt: skip
INTERFACES = {
    "daemon": {"interface"},
    "registry": {"interface", "copy", "layer_files", "immutable_tag"},
}
"""What verbs may import of these rooms: protocols, and what works on protocols alone."""


def modules(package: str = "") -> list[Path]:
    return sorted((PACKAGE / package).rglob("*.py"))


def below(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def name_of(path: Path) -> str:
    """Return the dotted name of a module, or of a package."""
    parts = (TOP, *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in modules()}


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """Return the dotted name that a ``from`` names, relative ones made absolute."""
    if not node.level:
        return node.module or ""
    package = (TOP, *path.relative_to(PACKAGE).parts[:-1])
    base = package[: len(package) - node.level + 1]
    return ".".join((*base, node.module or "")).rstrip(".")


def imports_in(nodes: Iterable[ast.AST], path: Path) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, path)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if full in NAMES else base


def imports(path: Path) -> set[str]:
    return set(imports_in(ast.walk(ast.parse(path.read_text(encoding="utf-8"))), path))


def package_of(name: str) -> str:
    """Return the package of one of our modules, by its dotted name."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def subpackage_of(name: str) -> str:
    """Return the package of one of our modules below its package; "" at the package's top."""
    parts = name.split(".")
    known = SUBPACKAGES.get(package_of(name), {})
    return parts[2] if len(parts) > 2 and parts[2] in known else ""


def ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] == TOP}


def scripts(folder: str) -> set[str]:
    return {path.stem for path in (PACKAGE / "inside" / folder).glob("*.py")}


ALL_SCRIPTS = {name for folder in SCRIPTS for name in scripts(folder)}


@pytest.mark.parametrize("path", modules(), ids=below)
def test_a_package_imports_only_what_lies_beneath(path: Path) -> None:
    package = package_of(name_of(path))
    assert {package_of(name) for name in ours(path)} - {package} <= PACKAGES[package]


@pytest.mark.parametrize(
    "path", [path for package in SUBPACKAGES for path in modules(package)], ids=below
)
def test_a_subpackage_imports_only_what_lies_beneath(path: Path) -> None:
    name = name_of(path)
    package, subpackage = package_of(name), subpackage_of(name)
    used = {subpackage_of(other) for other in ours(path) if package_of(other) == package}
    assert used - {subpackage} <= SUBPACKAGES[package][subpackage]


@pytest.mark.parametrize(
    ("folder", "path"),
    [(folder, path) for folder in SCRIPTS for path in modules(f"inside/{folder}")],
    ids=lambda each: each if isinstance(each, str) else each.stem,
)
def test_a_script_imports_only_what_it_may(folder: str, path: Path) -> None:
    allowed = {name for other in SCRIPTS[folder] for name in scripts(other)}
    assert imports(path) & ALL_SCRIPTS <= allowed - {path.stem}


@pytest.mark.parametrize("path", modules(), ids=below)
def test_a_package_uses_only_its_own_libraries(path: Path) -> None:
    package = package_of(name_of(path))
    tops = {name.split(".")[0] for name in imports(path)}
    theirs = tops - set(sys.stdlib_module_names) - {TOP}
    scripts = ALL_SCRIPTS if package == "inside" else set()
    allowed = LIBRARIES.get(package, set()) | LIBRARIES_OF_SCRIPTS.get(below(path), set())
    assert theirs - scripts <= allowed


@pytest.mark.parametrize("path", modules("model"), ids=below)
def test_the_model_touches_nothing(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & TOUCHES_THE_WORLD


@pytest.mark.parametrize("path", modules("verbs"), ids=below)
def test_a_verb_knows_the_outside_by_its_interface(path: Path) -> None:
    for name in ours(path):
        allowed = INTERFACES.get(package_of(name))
        assert allowed is None or name.split(".")[2] in allowed, name


def test_no_package_has_too_many_modules() -> None:
    folders = {path.parent for path in modules()}
    counts = {below(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: n for name, n in counts.items() if n > MOST_MODULES} == {}


def test_there_are_no_import_cycles() -> None:
    graph = {}
    for path in modules():
        # What only the type checker, or one call of a function, imports makes no cycle.
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph[name_of(path)] = set(imports_in(tree.body, path)) - {name_of(path)}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_scripts_have_names_of_their_own() -> None:
    """They lie in one folder in a container, and shadow nothing of the standard library."""
    names = [name for folder in SCRIPTS for name in scripts(folder)]
    assert len(names) == len(set(names))
    assert not set(names) & set(sys.stdlib_module_names)


def test_the_rules_see_a_forbidden_import() -> None:
    bad = PACKAGE / "model" / "never_written.py"
    node = ast.parse("from ..daemon.engine import Engine").body[0]
    assert isinstance(node, ast.ImportFrom)
    assert absolute(node, bad) == "buildbot_ship.daemon.engine"
    assert "daemon" not in PACKAGES["model"]


def test_the_top_folder_of_dockerfiles_is_no_package() -> None:
    assert not (PACKAGE.parent / "docker" / "__init__.py").exists()
