"""The engine's builder, faked: it saves an image of a few small layers as an archive."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import attrs

from buildbot_ship.daemon.interface import Build
from buildbot_ship.model.reference import digest_of


def base_layer() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, mode, link in (
            ("tmp", 0o1777, ""),
            ("usr", 0o755, ""),
            ("bin", 0o777, "usr"),
        ):
            info = tarfile.TarInfo(name)
            info.mode, info.linkname = mode, link
            info.type = tarfile.SYMTYPE if link else tarfile.DIRTYPE
            tar.addfile(info)
        tar.addfile(tarfile.TarInfo("usr/python3.11"))
    return out.getvalue()


def layer_of(text: bytes, name: str = "made") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return out.getvalue()


@attrs.define
class EnginesBuilder:
    """Saves the layers *above* on those of *below*, in the format of ``docker save``."""

    below: tuple[bytes, ...] = attrs.field(factory=lambda: (base_layer(),))
    above: tuple[bytes, ...] = (layer_of(b"1"), layer_of(b"2"), layer_of(b"1"))
    gzipped: bool = False
    context: dict[str, int] = attrs.field(factory=dict)
    files: dict[str, bytes] = attrs.field(factory=dict)

    def __call__(self, build: Build, out: Path) -> None:
        with tarfile.open(build.context) as tar:
            self.context = {member.name: member.mode for member in tar}
            self.files = {
                member.name: tar.extractfile(member).read()  # type: ignore[union-attr]
                for member in tar.getmembers()
                if member.isreg()
            }
        layers = [*self.below, *self.above]
        config = {
            "config": {
                "Env": ["A=1"],
                "Labels": {"own": "x", "org.buildbot-ship.owner": "me"},
                "Hostname": "abc",
            },
            "rootfs": {"diff_ids": [digest_of(layer) for layer in layers]},
            "history": [{"created_by": f"RUN {n}"} for n, _ in enumerate(self.above)],
        }
        names = [f"{number}/layer.tar" for number, _ in enumerate(layers)]
        index = [{"Config": "c.json", "RepoTags": [build.name], "Layers": names}]
        files = dict(
            zip(names, map(gzip.compress, layers) if self.gzipped else layers, strict=True)
        )
        files |= {"c.json": json.dumps(config).encode()}
        files |= {"manifest.json": json.dumps(index).encode()}
        with tarfile.open(out, "w") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
