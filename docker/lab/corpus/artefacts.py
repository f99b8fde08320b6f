"""What a build leaves in its work folder, and the first difference between two of them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEMBER = ("filename", "date_time", "external_attr", "CRC")


@dataclass(frozen=True)
class Artefacts:
    """The files of one build by what they are, in the order in which they are made."""

    files: Mapping[str, Path]
    wheels: int
    built: int
    size: int
    published: str

    @classmethod
    def of(cls, work: Path, image: str, published: str) -> Artefacts:
        """Read the work folder of a build; `published` is the registry's digest."""
        house = json.loads((work / "records" / "wheelhouse-all.json").read_text())
        record = json.loads((work / "records" / f"image-{image}.json").read_text())
        folder = work / "images" / image
        wheels = sorted((work / "wheelhouse").iterdir())
        files = {f"wheel {path.name}": path for path in wheels}
        files["pex"] = work / "pex" / f"{image}.pex"
        for number, layer in enumerate(record["layers"]):
            name = layer["digest"].partition(":")[2]
            files[f"layer {number}"] = work / "layers" / f"{name}.tar.gz"
        files |= {"image ID": folder / "config.json", "manifest": folder / "manifest.json"}
        built = sum(wheel["built"] for wheel in house["wheels"])
        return cls(files, len(wheels), built, record["size"], published)

    def digest(self, what: str) -> str:
        """Return the digest of one artefact."""
        return digest_of(self.files[what])


def digest_of(path: Path) -> str:
    """Return the digest of a file."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def first_difference(one: Artefacts, other: Artefacts) -> str:
    """Return what differs first, down to the member of a wheel; nothing when identical."""
    for what in [*one.files, *(what for what in other.files if what not in one.files)]:
        if what not in one.files or what not in other.files:
            return f"{what} is in one only"
        if one.digest(what) != other.digest(what):
            member = differing_member(one.files[what], other.files[what])
            return f"{what}: {member}" if member else what
    if one.published != other.published or one.published != one.digest("manifest"):
        return "the published digest"
    return ""


def differing_member(one: Path, other: Path) -> str:
    """Return the first member in which two zip files differ, and how."""
    if not (zipfile.is_zipfile(one) and zipfile.is_zipfile(other)):
        return ""
    with zipfile.ZipFile(one) as left, zipfile.ZipFile(other) as right:
        pairs = zip(left.infolist(), right.infolist(), strict=False)
        for mine, theirs in pairs:
            for field in MEMBER:
                if getattr(mine, field) != getattr(theirs, field):
                    return f"{mine.filename} ({field})"
    return "the zip file itself"
