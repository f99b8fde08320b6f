"""Find the units of a repository: folders with a package, or with requirements of their own."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ...errors import InvalidFile
from ..locks.poetry_range import specifiers
from ..requirements.loose import read_loose
from ..toml_file import TomlFile
from .files import ProjectFiles, joined, plain_name

LISTS = ("requirements.in", "requirements.txt")
"""Files with requirements, the one that people edit first."""


@attrs.frozen
class Unit:
    """A *folder*, empty for the top, with what a service of it needs.

    With *is_built* it is a package that a build backend builds; else its code is copied.
    *requirements* are those that its files declare.  *scripts* are console scripts.
    *requires_python* is the declared range.  *listing* is its requirement file.
    *problems* are the lines of it that are refused.
    """

    folder: str
    name: str
    is_built: bool = False
    requirements: tuple[Requirement, ...] = ()
    scripts: tuple[str, ...] = ()
    requires_python: str = ""
    listing: str = ""
    problems: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the names of its requirements with their extras, sorted."""
        return tuple(sorted({_with_extras(each) for each in self.requirements}))


def find_units(files: ProjectFiles, name: str) -> tuple[Unit, ...]:
    """Return the units, the top first; *name* is the repository's.  Raises InvalidFile."""
    names = ("pyproject.toml", "setup.py", "setup.cfg", *LISTS)
    folders = sorted({folder for each in names for folder in files.named(each)})
    found = (_unit(files, folder, name) for folder in folders)
    return tuple(unit for unit in found if unit is not None)


def _unit(files: ProjectFiles, folder: str, repository: str) -> Unit | None:
    default = plain_name(folder.rpartition("/")[2] or repository)
    path = joined(folder, "pyproject.toml")
    data = TomlFile.parse(files.text(path), path).data if path in files.paths else {}
    unit = _of_pyproject(data, folder, default)
    has_setup = {joined(folder, "setup.py"), joined(folder, "setup.cfg")} & files.paths
    if has_setup and (unit is None or not unit.is_built):
        setup = _of_setup(files, folder, default)
        unit = _merged(unit, setup) if setup else unit
    if unit is not None and unit.is_built:
        return unit
    for name in LISTS:
        if (listing := joined(folder, name)) in files.paths:
            return _of_listing(files, unit or Unit(folder, default), listing)
    return unit


def _of_pyproject(data: Mapping[str, Any], folder: str, default: str) -> Unit | None:
    project, poetry = _table(data, "project"), _table(data, "tool", "poetry")
    if not (project or poetry):
        return None
    dependencies = [text for text in _list(project, "dependencies") if isinstance(text, str)]
    old = _table(poetry, "dependencies")
    dependencies += [
        _poetry_line(name, value) for name, value in old.items() if name != "python"
    ]
    is_built = "build-system" in data
    is_built &= poetry.get("package-mode", True) is not False
    is_built &= _table(data, "tool", "uv").get("package", True) is not False
    scripts = {**_table(project, "scripts"), **_table(poetry, "scripts")}
    return Unit(
        folder,
        canonicalize_name(str(project.get("name") or poetry.get("name") or default)),
        is_built,
        tuple(_parsed(dependencies)),
        tuple(scripts),
        str(project.get("requires-python") or _poetry_python(old.get("python"))),
    )


def _poetry_line(name: str, value: Any) -> str:
    extras = value.get("extras", []) if isinstance(value, Mapping) else []
    return f"{name}[{','.join(map(str, extras))}]" if extras else name


def _poetry_python(value: Any) -> str:
    """Return the first alternative of Poetry's range, such as ``^3.11``, as a specifier."""
    return specifiers(str(value or ""))[0]


def _of_setup(files: ProjectFiles, folder: str, default: str) -> Unit | None:
    """Read ``setup.cfg``, and the literals in the call of ``setup`` in ``setup.py``."""
    given = _setup_arguments(files.text(joined(folder, "setup.py")))
    config = configparser.RawConfigParser(strict=False)
    try:
        config.read_string(files.text(joined(folder, "setup.cfg")))
    except configparser.Error:
        config = configparser.RawConfigParser()
    name = given.get("name") or config.get("metadata", "name", fallback="")
    if not (given or name):
        return None
    lines = _list(given, "install_requires")
    lines = lines or config.get("options", "install_requires", fallback="").splitlines()
    scripts = _list(_table(given, "entry_points"), "console_scripts")
    scripts = (
        scripts
        or config.get("options.entry_points", "console_scripts", fallback="").splitlines()
    )
    names = [str(line).partition("=")[0].strip() for line in scripts]
    return Unit(
        folder,
        canonicalize_name(str(name or default)),
        is_built=True,
        requirements=tuple(_parsed([str(line) for line in lines])),
        scripts=tuple(filter(None, names)),
        requires_python=str(
            given.get("python_requires")
            or config.get("options", "python_requires", fallback="")
        ),
    )


def _setup_arguments(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in ast.walk(_parse(text)):
        if isinstance(node, ast.Call) and _last_name(node.func) == "setup":
            found["name"] = ""
            for keyword in node.keywords:
                try:
                    found[str(keyword.arg)] = ast.literal_eval(keyword.value)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    continue
    return found


def _parse(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _merged(project: Unit | None, setup: Unit) -> Unit:
    if project is None:
        return setup
    return attrs.evolve(
        project,
        is_built=True,
        requirements=project.requirements or setup.requirements,
        scripts=project.scripts or setup.scripts,
        requires_python=project.requires_python or setup.requires_python,
    )


def _of_listing(files: ProjectFiles, unit: Unit, listing: str) -> Unit:
    try:
        loose = read_loose(listing, files.read, empty=True)
    except InvalidFile as error:
        text = files.text(listing).splitlines()
        found = list(_parsed(line.partition(" --hash")[0].partition("#")[0] for line in text))
        return attrs.evolve(
            unit,
            listing=listing,
            requirements=tuple(found),
            problems=tuple(map(str, error.problems)),
        )
    return attrs.evolve(
        unit,
        listing=listing,
        requirements=tuple(item.requirement for item in loose.requirements),
    )


def _parsed(lines: Any) -> Iterator[Requirement]:
    for line in lines:
        try:
            yield Requirement(line.strip().rstrip("\\"))
        except InvalidRequirement:
            continue


def _with_extras(requirement: Requirement) -> str:
    extras = ",".join(sorted(requirement.extras))
    name = canonicalize_name(requirement.name)
    return f"{name}[{extras}]" if extras else name


def _table(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    found: Any = data
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key)
    return list(found) if isinstance(found, (list, tuple)) else []
