from __future__ import annotations

import pytest

from buildbot_ship.model.application.version_source import VersionSource, version_source
from buildbot_ship.model.requirements.build_lock import parse_build_lock

HASH = f"--hash=sha256:{'a' * 64}"
PDM = b'[tool.pdm.version]\nsource = "scm"\n'
FILES, DESCRIPTION, REPOSITORY = VersionSource


@pytest.mark.parametrize(
    ("pins", "files", "source"),
    [
        ("setuptools==80", {}, FILES),
        ("setuptools==80 setuptools-scm==9", {}, DESCRIPTION),
        ("hatch-vcs==1 Setuptools_SCM==9", {}, DESCRIPTION),
        ("pbr==7", {}, REPOSITORY),
        ("versioneer==0.29", {}, REPOSITORY),
        ("setuptools==80", {"versioneer.py": b""}, REPOSITORY),
        ("poetry-dynamic-versioning==1 dunamai==1", {}, REPOSITORY),
        ("versioningit==3", {}, REPOSITORY),
        ("setuptools-scm==9 dunamai==1", {}, REPOSITORY),
        ("pdm-backend==2", {}, FILES),
        ("pdm-backend==2", {"pyproject.toml": PDM}, REPOSITORY),
        ("hatchling==1", {"pyproject.toml": PDM}, FILES),
        ("pdm-backend==2", {"pyproject.toml": b"[tool.pdm]\nversion = 1\n"}, FILES),
        ("pdm-backend==2", {"pyproject.toml": b"[tool"}, FILES),
        ("pdm-backend==2", {"pyproject.toml": b"\xff"}, FILES),
    ],
)
def test_what_a_package_reads_follows_from_its_build_lock_and_its_files(
    pins: str, files: dict[str, bytes], source: VersionSource
) -> None:
    lines = "".join(f"{pin} {HASH}\n" for pin in pins.split())
    (section,) = parse_build_lock(f"#: package lib\n{lines}", "lock").sections
    assert version_source(section, files.get) is source
