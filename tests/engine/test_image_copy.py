"""What COPY takes and where it goes, beside what `docker build` makes of the same."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.source.interface import TreeFile

from .yard import APP, Contents, Yard

SITE: Contents = {
    "README": TreeFile(b"read me"),
    "run.sh": APP,
    "conf.d/a.conf": TreeFile(b"a"),
    "conf.d/b.conf": TreeFile(b"b"),
    "conf.d/c.txt": TreeFile(b"c"),
    "conf.d/deep/d.conf": TreeFile(b"d"),
    "conf.d/deep/er/tool": APP,
    "we[i]rd": TreeFile(b"w"),
    "rootfs/srv/x": TreeFile(b"x"),
    "rootfs/tmp/y": TreeFile(b"y"),
    "rootfs/etc/ship/z": TreeFile(b"z"),
}
LINKS: Contents = {
    **SITE,
    "latest": "conf.d/a.conf",
    "folder": "conf.d",
    "conf.d/again": "deep/d.conf",
    "conf.d/up": "../README",
    "conf.d/deep/nothing": "../nowhere",
    "conf.d/deep/over": "..",
}
IGNORING: Contents = {
    **SITE,
    "src/app.py": TreeFile(b"1"),
    "src/app.pyc": TreeFile(b"2"),
    "src/__pycache__/x.pyc": TreeFile(b"3"),
    "src/lib/test_x.py": TreeFile(b"4"),
    "src/lib/x.py": TreeFile(b"5"),
    "only/left.log": TreeFile(b"6"),
    "secret/key": TreeFile(b"7"),
    "secret/public/pub": TreeFile(b"8"),
}
COPIES = {
    "a folder to a new one": "COPY conf.d /etc/new",
    "a folder with slashes": "COPY ./conf.d/ /etc/new/deep/",
    "a folder into the work folder": "WORKDIR /srv/app\nCOPY conf.d .",
    "everything": "COPY . /app/",
    "everything at the top": "COPY rootfs /",
    "folders and files": "COPY conf.d README rootfs/srv /all/",
    "a folder over a folder": "COPY conf.d/deep /etc\nCOPY conf.d /etc",
    "stars": "COPY conf.d/*.conf /etc/x/",
    "one star to a file": "COPY conf.d/c* /etc/renamed",
    "a star takes folders' contents": "COPY conf.d/* /flat/",
    "question marks and classes": "COPY conf.d/[ac].* conf.d/?.conf /x/",
    "not these": "COPY conf.d/[^b].* /x/",
    "an escaped bracket": 'COPY ["we[[]i]rd", "/x/"]\nCOPY RE* /y/',
    "numbers own it": "COPY --chown=12:34 README /new/er/README\nCOPY --chown=7 conf.d /c/d",
    "names own it": "COPY --chown=daemon:mail README conf.d /srv/\nCOPY --chown=games . /tmp",
    "a number and a name": "ARG who=33\nCOPY --chown=$who:audio run.sh /bin/run",
}
IGNORES = {
    "extensions anywhere": "# caches\n**/*.pyc\n**/__pycache__\n",
    "a folder, and what is wanted of it": "/secret\n!secret/public\nonly/*.log\n",
    "all but": "*\n!src/lib\n!READ*\n",
    "the last one counts": "src\n!src/*.py\nsrc/app.py\n  conf.d/?.conf  \n./rootfs/\n",
    "itself and the Dockerfile": ".dockerignore\n*.docker\n",
    "windows lines": "secret\r\n**/deep\r\n",
}


@pytest.mark.parametrize("name", COPIES)
def test_docker_build_copies_the_same(yard: Yard, name: str) -> None:
    yard.assert_same(f"FROM {yard.base}\n{COPIES[name]}\n", SITE)


@pytest.mark.parametrize(
    "text",
    [
        "COPY latest /x/",
        "COPY folder /x/",
        "COPY folder/deep/d.conf /x",
        "COPY conf.d /x\nCOPY README /x/again",
        "COPY . /all\nCOPY README /all/folder/new",
        "COPY conf.d/* /x/",
        "COPY --chown=5:6 conf.d /x",
    ],
)
def test_docker_build_makes_the_same_of_links(yard: Yard, text: str) -> None:
    yard.assert_same(f"FROM {yard.base}\n{text}\n", LINKS)


@pytest.mark.parametrize("name", IGNORES)
def test_docker_build_leaves_the_same_out(yard: Yard, name: str) -> None:
    files = {**IGNORING, ".dockerignore": TreeFile(IGNORES[name].encode())}
    yard.assert_same(f"FROM {yard.base}\nCOPY . /app/\n", files)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "loop"])
def test_a_link_out_of_the_commit_is_refused(yard: Yard, target: str) -> None:
    files = {**SITE, "conf.d/loop": target}
    with pytest.raises(InvalidFile, match=r"app\.docker:2: conf\.d/loop is a link"):
        yard.assemble(f"FROM {yard.base}\nCOPY conf.d /x\n", files=files)


def test_a_mode_is_set_on_what_is_copied(yard: Yard) -> None:
    # docker build has it with BuildKit only.
    text = "COPY --chmod=0700 conf.d /x/y\nCOPY --chmod=4755 README /x/z/"
    found = yard.files(yard.assemble(f"FROM {yard.base}\n{text}\n", files=SITE).loaded_as)
    assert {path: found[path][0] for path in ("/x", "/x/y", "/x/y/deep", "/x/y/a.conf")} == {
        "/x": "0o40755", "/x/y": "0o40700", "/x/y/deep": "0o40700", "/x/y/a.conf": "0o100700",
    }  # fmt: skip
    assert (found["/x/z"][0], found["/x/z/README"][0]) == ("0o40755", "0o104755")


PHOTOS: Contents = {
    "photos/a.jpeg": TreeFile(b"jpeg"),
    "photos/raw/b.jpeg": TreeFile(b"deep"),
    "photos/notes.txt": TreeFile(b"notes"),
    "app.pex": TreeFile(b"committed"),
    "other.pex": TreeFile(b"other"),
}


@pytest.mark.parametrize(
    ("ignored", "copies"),
    [
        ("*\n!photos/*.jpeg\n", "COPY . /ctx/"),
        ("*\n!photos/*.jpeg\n", "COPY photos /ctx\nCOPY ph* /more/"),
        ("*.pex\n!app.pex\n", "COPY . /ctx/\nCOPY *.pex /x/"),
        ("photos/raw\n", "COPY --chown=12:34 . /ctx/\nCOPY --chown=games *.pex /x/"),
        ("**/*e*e*\n!**/r*/**\n", "COPY . /ctx/"),
    ],
)
def test_docker_build_takes_the_same_where_no_pex_was_made(
    yard: Yard, ignored: str, copies: str
) -> None:
    files = {**PHOTOS, ".dockerignore": TreeFile(ignored.encode())}
    yard.assert_same(f"FROM {yard.base}\n{copies}\n", files)


def test_a_pex_is_copied_where_it_is_named_and_all_else_is_as_docker_build_has_it(
    yard: Yard,
) -> None:
    """The pex of this commit and a committed file of its name, beside the file alone."""
    ignored = {".dockerignore": TreeFile(b"*\n!photos/*.jpeg\n!app.pex\n")}
    files = {**PHOTOS, **ignored}
    rest = "COPY . /ctx/\nCOPY *.pex /x/\nCOPY --chown=7:8 photos /y\n"
    named = f"FROM {yard.base}\nCOPY --chown=5:6 app.pex /named/\n{rest}"
    theirs = yard.files(yard.build(named, files=files))
    yard.make_pex("app.pex", b"#!/bin/sh\necho made\n")
    ours = yard.files(yard.assemble(named, "pexes", files).loaded_as)
    different = {path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path)}
    assert different == {"/named/app.pex"}
    assert ours["/named/app.pex"][:3] == ["0o100755", 5, 6]
    left_out = {**PHOTOS, ".dockerignore": TreeFile(b"*\n!photos/*.jpeg\n")}
    fewer = named.replace("COPY *.pex /x/\n", "")
    taken = yard.files(yard.assemble(fewer, "pexes", left_out).loaded_as)
    assert "/named/app.pex" in taken
    assert "/ctx/app.pex" not in taken
    assert {path for path in taken if path.startswith("/ctx/")} == {
        "/ctx/photos", "/ctx/photos/a.jpeg",
    }  # fmt: skip
