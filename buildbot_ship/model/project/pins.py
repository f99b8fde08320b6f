"""Where the requirements of a repository come from: its lock file, or its loose file."""

from __future__ import annotations

import attrs
from packaging.utils import canonicalize_name

from ..toml_file import TomlFile
from .files import ProjectFiles
from .units import Unit

LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
LOOSE, STRICT = "requirements.loose.txt", "requirements.strict.txt"
_ADD = {"uv.lock": "uv add {}", "poetry.lock": "poetry add {}"}


@attrs.frozen
class Pins:
    """The options of the verbs that read requirements.

    *packages* are folders of own packages.  *text* is the loose file to write, if any.  *has*
    are the packages that the repository requires or pins.
    """

    packages: tuple[str, ...]
    loose: str = LOOSE
    strict: str = STRICT
    text: str = ""
    has: frozenset[str] = frozenset()

    @property
    def is_lock(self) -> bool:
        """Return whether another tool wrote the strict file."""
        return self.strict != STRICT

    @property
    def source(self) -> str:
        """Return the file that people or tools write the requirements to."""
        return self.strict if self.is_lock else self.loose

    def add_command(self, package: str) -> str:
        """Return the command that adds a *package* to the lock."""
        return _ADD.get(self.strict, f"# add {{}} to {self.strict} with your tool").format(
            package
        )

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Return the options of ``build`` and of the like, without dashes."""
        strict = (("strict", self.strict),) if self.is_lock else ()
        return (*strict, *(("package", folder) for folder in self.packages))

    @property
    def loose_options(self) -> tuple[tuple[str, str], ...]:
        """Return the options of ``harden`` and ``check``."""
        usual = self.is_lock or self.loose == LOOSE
        return (*self.options, *(() if usual else (("loose", self.loose),)))


def find_pins(files: ProjectFiles, units: tuple[Unit, ...]) -> Pins:
    """Return where the requirements of *units* come from.  Raises InvalidFile."""
    packages = tuple(unit.folder or "." for unit in units if unit.is_built)
    names: set[str] = {canonicalize_name(r.name) for unit in units for r in unit.requirements}
    # An extra that brings a server: fastapi[standard], for example.
    if any(name in ("fastapi[standard]", "fastapi[all]") for u in units for name in u.names()):
        names.add("uvicorn")
    for lock in LOCKS:
        if lock in files.paths:
            return Pins(packages, strict=lock, has=frozenset(_locked(files, lock)))
    has = frozenset(names)
    if LOOSE in files.paths:
        return Pins(packages, has=has | _written(files.text(LOOSE)))
    if len(units) == 1 and not units[0].folder:
        (unit,) = units
        if unit.listing:
            return Pins(packages, loose=unit.listing, has=has)
        if "pyproject.toml" in files.paths:
            return Pins(packages, loose="pyproject.toml", has=has)
    return Pins(packages, text=_loose_text(units, ()), has=has)


def with_servers(pins: Pins, units: tuple[Unit, ...], servers: tuple[str, ...]) -> Pins:
    """Return *pins* with a loose file that has *servers*, which nothing else requires."""
    if not servers or pins.is_lock:
        return pins
    if pins.loose == LOOSE and not pins.text:
        return pins
    return attrs.evolve(pins, loose=LOOSE, text=_loose_text(units, servers))


def _loose_text(units: tuple[Unit, ...], servers: tuple[str, ...]) -> str:
    lines = [f"-r {unit.listing}" for unit in units if unit.listing]
    # A project that no backend builds has its requirements in pyproject.toml.
    lines += [
        str(each)
        for unit in units
        if not (unit.is_built or unit.listing)
        for each in unit.requirements
    ]
    about = "# What the images need beside the requirements of your own packages.\n"
    return about + "".join(f"{line}\n" for line in (*lines, *servers))


def _locked(files: ProjectFiles, lock: str) -> set[str]:
    data = TomlFile.parse(files.text(lock), lock).data
    found = data.get("package", data.get("packages", []))
    tables = found if isinstance(found, list) else []
    return {
        canonicalize_name(str(t["name"])) for t in tables if isinstance(t, dict) and "name" in t
    }


def _written(text: str) -> frozenset[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    found = {line.partition("[")[0].partition("=")[0].partition(">")[0] for line in lines}
    return frozenset(canonicalize_name(name.strip()) for name in found if name)
