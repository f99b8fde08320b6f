from __future__ import annotations

import pytest

from buildbot_ship.model.image.package_lists import (
    are_whole,
    installed,
    is_list,
    python_version,
)

STATUS = b"""\
Package: libc6
Status: install ok installed
Version: 2.36-9

Package: gone
Status: deinstall ok config-files
Version: 1

Version: 9
"""
CONTROL = b"Package: tzdata\nVersion: 2025b-4\nArchitecture: all\nDescription: x\n P: y\n"
APK = b"""\
C:Q1abc=
P:musl
V:1.2.5-r10
A:x86_64
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755

P:python-3.13-base
V:3.13.5-r0
p:cmd:python3=3.13.5-r0
"""


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("var/lib/dpkg/status", True),
        ("var/lib/dpkg/status.d/base", True),
        ("var/lib/dpkg/status.d/base.md5sums", False),
        ("var/lib/dpkg/status-old", False),
        ("lib/apk/db/installed", True),
        ("usr/lib/apk/db/installed", True),
        ("opt/lib/apk/db/installed", False),
    ],
)
def test_the_databases_have_fixed_places(path: str, wanted: bool) -> None:
    assert is_list(path) is wanted


def test_dpkg_lists_installed_packages() -> None:
    assert installed({"var/lib/dpkg/status": STATUS}) == {"libc6": "2.36-9"}


def test_a_file_for_each_package_needs_no_status() -> None:
    files = {
        "var/lib/dpkg/status.d/tzdata": CONTROL,
        "var/lib/dpkg/status.d/libc6": STATUS,
        "var/lib/dpkg/status": b"",
    }
    assert installed(files) == {"libc6": "2.36-9", "tzdata": "2025b-4"}


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/apk/db/installed"])
def test_apk_lists_packages(path: str) -> None:
    assert installed({path: APK}) == {"musl": "1.2.5-r10", "python-3.13-base": "3.13.5-r0"}


def test_an_image_without_a_database_is_no_image_without_packages() -> None:
    assert installed({}) is None
    assert installed({"lib/apk/db/installed": b""}) == {}
    assert installed({"var/lib/dpkg/status": b"\xff\xfe"}) == {}


def test_a_database_in_one_file_is_whole() -> None:
    assert are_whole({"var/lib/dpkg/status": STATUS})
    assert are_whole({"usr/lib/apk/db/installed": APK})
    assert not are_whole({"var/lib/dpkg/status.d/tzdata": CONTROL})
    # Some images with status.d have an empty status, too.
    assert not are_whole({"var/lib/dpkg/status": b"\n"})


@pytest.mark.parametrize(
    ("packages", "version"),
    [
        ({"python3": "3.11.2-1", "python3.9": "3.9.0"}, "3.11.2-1"),
        ({"python-3.9": "3.9.1-r0", "python-3.13-base": "3.13.5-r0"}, "3.13.5-r0"),
        ({"libpython3.14-minimal": "3.14.8-1"}, "3.14.8-1"),
        ({"python3-pip": "1", "musl": "1"}, None),
    ],
)
def test_the_version_of_python_is_that_of_its_package(
    packages: dict[str, str], version: str | None
) -> None:
    assert python_version(packages) == version
