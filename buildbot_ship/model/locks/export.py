"""Write a strict file as ``pylock.toml`` (PEP 751)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs
import tomli_w
from packaging.markers import Marker
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..requirements.header import Interpreter
from ..requirements.reader import Pin

CREATED_BY = "buildbot-ship"


@attrs.frozen
class ListedFile:
    """A file as the index lists it; *size* and *uploaded* (ISO) are None if it has none."""

    name: str
    url: str
    sha256: str
    size: int | None = None
    uploaded: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """Return the fields of a file in the lock."""
        moment = datetime.fromisoformat(self.uploaded) if self.uploaded else None
        return {
            "name": self.name,
            "upload_time": moment,
            "url": self.url,
            "size": self.size,
            "hashes": {"sha256": self.sha256},
        }


def pylock_text(
    pins: Iterable[Pin],
    files: Mapping[str, Iterable[ListedFile]],
    interpreter: Interpreter | None,
) -> str:
    """Return the text of the lock; *files* has those of each pin, by its key.

    A strict file is resolved for one interpreter, so the lock admits no other.
    """
    packages = [_package(pin, list(files[pin.key])) for pin in pins]
    lock = Pylock(
        lock_version=Version("1.0"),
        created_by=CREATED_BY,
        requires_python=SpecifierSet(f"=={interpreter.minor}.*") if interpreter else None,
        environments=[Marker(_marker(interpreter))] if interpreter else None,
        packages=sorted(packages, key=lambda package: package.name),
    )
    lock.validate()
    return tomli_w.dumps(lock.to_dict())


def _package(pin: Pin, files: list[ListedFile]) -> Package:
    wheels = [PackageWheel(**file.fields) for file in files if file.name.endswith(".whl")]
    sdists = [PackageSdist(**file.fields) for file in files if not file.name.endswith(".whl")]
    return Package(
        name=canonicalize_name(pin.name),
        version=Version(pin.version),
        marker=Marker(pin.marker) if pin.marker else None,
        wheels=wheels or None,
        sdist=sdists[0] if sdists else None,
    )


def _marker(interpreter: Interpreter) -> str:
    system, _, machine = interpreter.platform.partition("-")
    name = interpreter.abi.partition("-")[0] or "cpython"
    return (
        f"sys_platform == '{system}' and platform_machine == '{machine}' "
        f"and implementation_name == '{name}'"
    )
