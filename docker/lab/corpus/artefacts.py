"""What a build leaves in its work folder, and the first difference between two of them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MEMBER = ("filename", "date_time", "external_attr", "CRC")


@dataclass(frozen=True)
class Artefacts:
    """The files of one build by what they are, in the order in which they are made.

    *wheels* are the digests of its wheels.  A wheel that was in the cache need not be a file.
    """

    files: Mapping[str, Path]
    wheels: Mapping[str, str]
    built: int
    size: int
    published: str

    @classmethod
    def of(cls, work: Path, image: str, published: str) -> Artefacts:
        """Read the work folder of a build; `published` is the registry's digest."""
        house = json.loads((work / "records" / "wheelhouse-all.json").read_text())
        record = json.loads((work / "records" / f"image-{image}.json").read_text())
        folder = work / "images" / image
        wheels = {f"wheel {each['file']}": str(each["digest"]) for each in house["wheels"]}
        files = {f"wheel {path.name}": path for path in (work / "wheelhouse").iterdir()}
        files["pex"] = work / "pex" / f"{image}.pex"
        for number, layer in enumerate(record["layers"]):
            name = layer["digest"].partition(":")[2]
            files[f"layer {number}"] = work / "layers" / f"{name}.tar.gz"
        files |= {"image ID": folder / "config.json", "manifest": folder / "manifest.json"}
        built = sum(wheel["built"] for wheel in house["wheels"])
        return cls(files, wheels, built, record["size"], published)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Return the digest of each artefact: that of the file, or of the record for wheels."""
        others = (what for what in self.files if not what.startswith("wheel "))
        return {**self.wheels, **{what: digest_of(self.files[what]) for what in others}}


def digest_of(path: Path) -> str:
    """Return the digest of a file."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def first_difference(one: Artefacts, other: Artefacts) -> str:
    """Return what differs first, down to the member of a wheel; nothing when identical."""
    for what in {**one.digests, **other.digests}:
        if what not in one.digests or what not in other.digests:
            return f"{what} is in one only"
        if one.digests[what] != other.digests[what]:
            files = [each.files[what] for each in (one, other) if what in each.files]
            member = differing_member(*files) if len(files) == 2 else ""
            return f"{what}: {member}" if member else what
    if one.published != other.published or one.published != one.digests["manifest"]:
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
