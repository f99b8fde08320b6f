"""The work folder: artefacts that one verb leaves for the next, each with a record.

Layout: ``wheelhouse/*.whl``, ``pex/NAME``, ``layers/HEX.tar.gz``,
``images/NAME/{config.json,manifest.json}``.  Each wheelhouse, pex and image has a record,
``records/KIND-NAME.json``.  It is written last, in one rename, so a record never names missing
files.  The exceptions are wheels and layers that are in a cache.  ``bases/HEX.4.json`` lists
the files of a base.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import attrs

from ..errors import InvalidReference, InvalidRequest, OutputMissing
from ..model.artefact import Image, PassedTest, Pex, Wheelhouse
from ..model.json_text import read_json
from ..model.request.wire import CONVERTER, structure


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on *folder* that the kernel drops when this process dies."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _is_locked(folder: Path) -> bool:
    try:
        with _locked(folder):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def _write(path: Path, record: Wheelhouse | Pex | Image | PassedTest) -> None:
    """Write *record* to *path* in one rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(CONVERTER.unstructure(record), indent=1, sort_keys=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


UNUSED_SECONDS = 30 * 86400.0
UNNAMED_SECONDS = 3600.0
R = TypeVar("R", Wheelhouse, Pex, Image, PassedTest)
_VERB = {
    Wheelhouse: "BuildWheels",
    Pex: "BuildPex",
    Image: "BuildRuntimeImage",
    PassedTest: "SmokeTest",
}


@attrs.frozen
class Work:
    """The work folder at *root*, an absolute path outside the checkout."""

    root: Path

    @property
    def wheelhouse(self) -> Path:
        """Return the folder of the wheels."""
        return self.root / "wheelhouse"

    def pex(self, name: str) -> Path:
        """Return the path of the pex *name*."""
        return self.root / "pex" / name

    def image(self, name: str) -> Path:
        """Return the folder of the image *name*."""
        return self.root / "images" / name

    def listing(self, digest: str) -> Path:
        """Return the path of the listing of the base with this digest."""
        return self.root / "bases" / f"{digest.removeprefix('sha256:')}.4.json"

    def layer(self, digest: str) -> Path:
        """Return the path of the gzipped layer with this digest."""
        return self.root / "layers" / f"{digest.removeprefix('sha256:')}.tar.gz"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a new folder on the file system of the work folder; delete it at the end."""
        self.root.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix="scratch-", dir=self.root)
        with made as folder, _locked(Path(folder)):
            yield Path(folder)

    def has_scratch_folders(self) -> bool:
        """Return true if there are scratch folders, of this process or of others."""
        return any(self.root.glob("scratch-*"))

    def sweep(self, now: float) -> None:
        """Remove the `leftovers`."""
        for path in self.leftovers(now):
            if not path.is_dir():
                path.unlink(missing_ok=True)
                continue
            with suppress(FileNotFoundError, BlockingIOError), _locked(path):
                shutil.rmtree(path)

    def leftovers(self, now: float) -> list[Path]:
        """Return scratch folders and results of killed processes, and old files.

        Old files are layers that no record names after an hour, and listings of bases not used
        for a month.
        """
        left = [folder for folder in self.root.glob("scratch-*") if not _is_locked(folder)]
        left += self.root.glob("result-*.json*")
        for listing in self.root.glob("bases/*"):
            if now - listing.stat().st_mtime > UNUSED_SECONDS:
                left.append(listing)
        return [*left, *self._unnamed_layers(now)]

    def _unnamed_layers(self, now: float) -> Iterator[Path]:
        """Yield the layers that no record names; a build may still name a new one."""
        records = "".join(path.read_text("utf-8") for path in self.root.glob("records/*.json"))
        for layer in self.root.glob("layers/*.tar.gz"):
            # A link to a file of the cache has the time of that file, but a new status.
            is_new = now - layer.stat().st_ctime < UNNAMED_SECONDS
            if not is_new and layer.name.removesuffix(".tar.gz") not in records:
                yield layer

    def replace(self, made: Path, final: Path) -> None:
        """Move the file or folder *made* to *final*, and replace what is there."""
        if final.is_dir():
            shutil.rmtree(final)
        final.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, final)

    def save(self, record: Wheelhouse | Pex | Image | PassedTest) -> None:
        """Save *record* for the next verbs."""
        _write(self._path(type(record), getattr(record, "name", "all")), record)

    def forget(self, kind: type[Wheelhouse | Pex | Image | PassedTest], name: str) -> None:
        """Delete the record of *name*, if there is one."""
        self._path(kind, name).unlink(missing_ok=True)

    def find(self, kind: type[R], commit: str, name: str = "all") -> R:
        """Return the record of *name*.  Raises OutputMissing if there is none for *commit*."""
        try:
            data = read_json(self._path(kind, name).read_bytes())
            record = structure(data, kind, "record")
        except (FileNotFoundError, ValueError, InvalidRequest, InvalidReference):
            raise self._missing(kind, name) from None
        if record.commit != commit:
            raise self._missing(kind, name)
        return record

    def _path(self, kind: type, name: str) -> Path:
        return self.root / "records" / f"{kind.__name__.lower()}-{name}.json"

    @staticmethod
    def _missing(kind: type, name: str) -> OutputMissing:
        what = "the wheelhouse" if kind is Wheelhouse else f"{kind.__name__.lower()} {name}"
        return OutputMissing(what, _VERB[kind])
