"""From loose to strict on a real engine: includes, own packages, upgrades, a private index."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest
from lab.authority import Authority
from lab.small_wheel import small_wheel

import docker
from buildbot_ship.model.request import Envelope, HardenRequest
from buildbot_ship.model.request.settings import Credential, Index
from buildbot_ship.model.request.wire import envelope_to_json
from buildbot_ship.model.requirements.header import split
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.reasons import reasons

from .conftest import Repository, left_behind

LOOSE, LOCK = "requirements.loose.txt", "requirements.build.txt"
STRICT = "requirements.strict.txt"
HARDEN = ("harden", "--package", ".")
CHECK = ("check", "--package", ".")
PASSWORD = "hunter2-of-the-index"


def write(repository: Repository, **files: str) -> None:
    for name, text in files.items():
        (repository.folder / f"{name}.txt").write_text(text)


def versions(repository: Repository) -> dict[str, str]:
    text = (repository.folder / STRICT).read_text()
    return {pin.key: pin.version for pin in parse_strict(text, STRICT)}


def test_hardening_again_without_news_touches_nothing(repository: Repository) -> None:
    before = [(repository.folder / name).stat().st_ino for name in (STRICT, LOCK)]
    result = repository.succeed(*HARDEN)
    assert result["properties"]["ship_harden"] == "no change"
    assert [(repository.folder / name).stat().st_ino for name in (STRICT, LOCK)] == before


def test_what_was_hardened_follows_without_an_engine(repository: Repository) -> None:
    repository.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    summary = repository.succeed(*CHECK)["summary"]
    assert summary.endswith(f"packages, up to date: {STRICT}")


KNOWN = "the answer of the build backend of {} is known"
BACKENDS = ("package .", "sdist docopt==0.6.2")


def hardened(repository: Repository, *more: str) -> tuple[list[bytes], list[bool]]:
    """Harden; return both files, and whether the answers of both backends were known."""
    said = repository.ship(*HARDEN, *more)
    assert said.status == 0, said.output
    texts = [(repository.folder / name).read_bytes() for name in (STRICT, LOCK)]
    return texts, [KNOWN.format(title) in said.output for title in BACKENDS]


def test_known_answers_of_build_backends_change_no_line(repository: Repository) -> None:
    texts, _ = hardened(repository)
    (repository.folder / "tiny" / "__init__.py").write_text("# another line\n")
    assert hardened(repository) == (texts, [True, True])
    assert hardened(repository, "--no-cache") == (texts, [False, False])
    setup = repository.folder / "setup.py"
    setup.write_text(setup.read_text().replace('"six"', '"six", "attrs"'))
    assert hardened(repository)[1] == [False, True]
    assert versions(repository).keys() == {"attrs", "docopt", "six"}


@pytest.mark.long
def test_a_stale_commit_is_mended_by_the_command_that_it_names(repository: Repository) -> None:
    old = versions(repository)
    write(repository, **{LOOSE[:-4]: "six<1.17\ndocopt\nattrs\n"})
    repository.commit()
    said = repository.ship(*CHECK)
    assert said.status == 13
    assert f"{LOOSE}:1: six<1.17 does not allow" in said.output
    command = said.failure["remedy"].removeprefix("run ").partition(",")[0].split()
    assert command == ["buildbot-ship", "harden", "--upgrade", "nothing", "--package", "."]
    changes = repository.succeed(*command[1:])["texts"]["changes.txt"]
    assert "downgraded:\n  six " in changes
    repository.commit()
    repository.succeed(*CHECK)
    new = versions(repository)
    assert new["six"] == "1.16.0"
    assert {name: new[name] for name in old if name != "six"} == {
        name: version for name, version in old.items() if name != "six"
    }


@pytest.mark.long
def test_loose_files_include_and_constrain_and_packages_say_what_they_need(
    repository: Repository, client: docker.DockerClient
) -> None:
    (repository.folder / "more").mkdir()
    (repository.folder / "more" / "base.txt").write_text("requests[socks]\n-c ../limits.txt\n")
    limits = "idna<3.5\nurllib3<2.1\nnever-asked-for<1\n"
    write(repository, **{LOOSE[:-4]: "-r more/base.txt\n", "limits": limits})
    repository.succeed(*HARDEN)
    text = (repository.folder / STRICT).read_text()
    found = versions(repository)
    assert (found["idna"], found["urllib3"]) == ("3.4", "2.0.7")
    assert "requests[socks]==" in text
    assert {"pysocks", "six"} <= found.keys()
    assert not {"never-asked-for", "docopt", "tiny"} & found.keys()
    why = reasons(text)
    assert why["six"] == ("tiny (setup.py)",)
    assert "-r more/base.txt" in why["requests"]
    assert set(split(text)[0].inputs) == {LOOSE, "more/base.txt", "limits.txt", "setup.py"}
    repository.commit()
    repository.succeed(*CHECK)
    assert left_behind(client, repository) == []

    write(repository, limits="")
    repository.succeed(*HARDEN, "--upgrade", "idna")
    newer = versions(repository)
    assert newer["idna"] != "3.4"
    assert newer["urllib3"] == "2.0.7"


def remove(repository: Repository, *paths: str) -> None:
    for path in paths:
        (repository.folder / path).unlink()


def add_package(repository: Repository, name: str, needs: str) -> None:
    folder = repository.folder / "libs" / name
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("")
    metadata = f"[project]\nname = '{name}'\nversion = '1'\ndependencies = [{needs}]\n"
    (folder / "pyproject.toml").write_text(
        f"{metadata}[tool.setuptools]\npackages = ['{name}']\n"
    )


@pytest.mark.long
def test_packages_that_need_nothing_of_others_are_shipped(
    repository: Repository, client: docker.DockerClient
) -> None:
    remove(repository, "setup.py", "tiny/__init__.py", STRICT, LOCK)
    add_package(repository, "first", "'second', \"pywin32>=1; sys_platform == 'win32'\"")
    add_package(repository, "second", "")
    write(repository, **{LOOSE[:-4]: "# nothing yet\n"})
    packages = ["--package", "libs/first", "--package", "libs/second"]
    assert repository.succeed("harden", *packages)["summary"].startswith("0 packages pinned, ")
    text = (repository.folder / STRICT).read_text()
    assert split(text)[1] == ""
    again = repository.succeed("harden", *packages, "--upgrade", "nothing")
    assert again["properties"]["ship_harden"] == "no change"
    assert (repository.folder / STRICT).read_text() == text
    repository.commit()
    assert repository.succeed("check", *packages)["summary"].startswith("0 packages, ")
    image = ["--image", "tiny", "--pex", "tiny.pex=first"]
    result = repository.succeed("build", *packages, *image)
    name = result["properties"]["ship_image_tiny"]["loaded_as"]
    said = client.containers.run(
        name, ["-c", "import first, second; print('found')"], remove=True
    )
    assert said == b"found\n"
    repository.succeed("pex", "zip.pex", "first", "--layout", "zipapp")
    repository.succeed("gc", "--older-than-hours", "0")


OPERATORS = """\
humanize===4.9.0
MarkupSafe (>=2,<4)
Requests[Socks] ~= 2.32
six != 1.16.0 , >=1.15
itsdangerous==2.*
python_dateutil == 2.9.0.post0
click==8.0.0a1
"""


@pytest.mark.long
def test_operators_extras_wheels_and_sdists_are_what_people_asked_for(
    repository: Repository, client: docker.DockerClient
) -> None:
    write(repository, **{LOOSE[:-4]: "-r more.txt\ndocopt\n", "more": OPERATORS})
    failed = repository.ship(*HARDEN, "--only-binary", ":all:")
    assert failed.status == 24
    assert failed.result["summary"].startswith("only_binary asks for a wheel of docopt")
    write(repository, **{LOOSE[:-4]: "-r more.txt\n"})
    formats = ["--only-binary", ":all:", "--no-binary", "MARKUPSAFE"]
    repository.succeed(*HARDEN, *formats)
    text = (repository.folder / STRICT).read_text()
    pins = {pin.key: pin for pin in parse_strict(text, STRICT)}
    expected = {"humanize": "4.9.0", "python-dateutil": "2.9.0.post0", "click": "8.0.0a1"}
    assert expected == {name: pins[name].version for name in expected}
    assert (pins["requests"].extras, len(pins["markupsafe"].hashes)) == (("socks",), 1)
    assert "pysocks" in pins
    head = split(text)[0]
    assert head.sdists == (f"markupsafe=={pins['markupsafe'].version}",)
    repository.commit()
    stale = repository.ship(*CHECK)
    assert stale.status == 13
    assert "it was written with no_binary markupsafe" in stale.output
    repository.succeed(*CHECK, *formats)

    image = ["--image", "tiny", "--pex", "tiny.pex=requests,tiny,markupsafe"]
    result = repository.succeed("build", "--package", ".", *image)
    name = result["properties"]["ship_image_tiny"]["loaded_as"]
    code = "import socks, markupsafe; print('found')"
    assert client.containers.run(name, ["-c", code], remove=True) == b"found\n"
    repository.succeed("pex", "zip.pex", "requests", "--layout", "zipapp")
    with zipfile.ZipFile(repository.work / "pex" / "zip.pex") as archive:
        assert [path for path in archive.namelist() if path.endswith("/socks.py")]
    repository.succeed("gc", "--older-than-hours", "0")

    repository.succeed(*HARDEN, "--upgrade", "nothing")
    again = parse_strict((repository.folder / STRICT).read_text(), STRICT)
    assert [(pin.key, pin.version) for pin in again] == [
        (pin.key, pin.version) for pin in pins.values()
    ]
    assert len({pin.key: pin for pin in again}["markupsafe"].hashes) > 10


NOT_SERVED = "hidden-1.0-cp311-cp311-win_amd64.whl"
WITHOUT_HASH = "hidden-1.0-cp311-cp311-macosx_11_0_arm64.whl"


def wheel(name: str) -> tuple[str, bytes]:
    """Return the file name and the bytes of a wheel that holds next to nothing."""
    return f"{name}-1.0-py3-none-any.whl", small_wheel(name, {f"{name}.py": ""})


@attrs.define
class PrivateIndex:
    """An index that wants a login; *seen* is what the machine shows while it is asked."""

    url: str
    bundle: Path
    refused: list[str] = attrs.field(factory=list)
    answered: list[str] = attrs.field(factory=list)
    seen: list[str] = attrs.field(factory=list)


def look_around(client: docker.DockerClient) -> str:
    """Return what anybody on the machine may see of containers and processes."""
    names = [found["Id"] for found in client.api.containers(all=True)]
    shown = [json.dumps(client.api.inspect_container(name)) for name in names]
    lines = [
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    ]
    return "\n".join([*shown, *(line.decode("utf-8", "replace") for line in lines)])


def pages_of(name: str, data: bytes) -> dict[str, bytes]:
    """Return what an index serves that has one wheel, of the package ``hidden``.

    It lists two more for other platforms: one that it does not serve, and one without a hash.
    """
    links = (
        f'<a href="/files/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>',
        f'<a href="/files/{NOT_SERVED}#sha256={"0a" * 32}">{NOT_SERVED}</a>',
        f'<a href="/files/{WITHOUT_HASH}">{WITHOUT_HASH}</a>',
    )
    page = "\n".join(links).encode()
    return {
        "/simple/hidden/": page,
        f"/files/{name}": data,
        f"/files/{WITHOUT_HASH}": b"for another platform",
    }


def handler_of(
    index: PrivateIndex, pages: Mapping[str, bytes], client: docker.DockerClient
) -> type[BaseHTTPRequestHandler]:
    """Return what answers for *index*: *pages*, to who logs in."""
    login = "Basic " + base64.b64encode(f"robot:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == login
            (index.answered if known else index.refused).append(self.path)
            if not index.seen and known:
                index.seen.append(look_around(client))
            body = pages.get(self.path, b"") if known else b""
            self.send_response(401 if not known else 200 if body else 404)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    return Handler


@contextmanager
def serve(client: docker.DockerClient, folder: Path) -> Iterator[PrivateIndex]:
    """Serve one package, ``hidden``, where containers reach it."""
    network = client.api.inspect_network("bridge")
    host = network["IPAM"]["Config"][0]["Gateway"]
    authority = Authority.make(folder, host)
    index = PrivateIndex("", folder / "bundle.pem")
    handler = handler_of(index, pages_of(*wheel("hidden")), client)
    server = ThreadingHTTPServer((host, 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.bundle, authority.key_file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    index.url = f"https://{host}:{server.server_port}/simple"
    system = Path(ssl.get_default_verify_paths().openssl_cafile)
    index.bundle.write_bytes(system.read_bytes() + authority.bundle.read_bytes())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def private_index(client: docker.DockerClient, tmp_path: Path) -> Iterator[PrivateIndex]:
    folder = tmp_path / "index"
    folder.mkdir()
    with serve(client, folder) as index:
        yield index


def harden_as_a_step(
    repository: Repository,
    index: PrivateIndex,
    *credentials: Credential,
    no_binary: str = ":none:",
) -> tuple[dict[str, Any], str]:
    """Run the verb as a step does; return its result, and everything it wrote."""
    envelope = Envelope(
        HardenRequest(upgrade="nothing", no_binary=no_binary),
        "test",
        "../work",
        Index(extra_urls=(index.url,), ca_bundle=str(index.bundle)),
        credentials=credentials,
    )
    path = repository.state / "result.json"
    done = subprocess.run(
        [
            *[sys.executable, "-I", "-m", "buildbot_ship", "harden"],
            *["--request", "-", "--result", str(path)],
        ],
        cwd=repository.folder,
        input=json.dumps(envelope_to_json(envelope)),
        capture_output=True,
        text=True,
        check=False,
    )
    text = path.read_text()
    return json.loads(text), done.stdout + done.stderr + text


def test_the_login_to_a_private_index_is_seen_nowhere(
    repository: Repository, private_index: PrivateIndex
) -> None:
    write(repository, **{LOOSE[:-4]: "six\nhidden\n"})
    host = private_index.url.split("/")[2]
    result, said = harden_as_a_step(
        repository, private_index, Credential(host, "robot", PASSWORD)
    )
    assert result["status"] == "success", said
    assert versions(repository)["hidden"] == "1.0"
    assert "/simple/hidden/" in private_index.answered
    everything = [said, *private_index.seen]
    everything += [path.read_text() for path in repository.folder.glob("*.txt")]
    assert len(private_index.seen) == 1
    assert "ship-harden" in private_index.seen[0]
    assert not [text for text in everything if PASSWORD in text]
    assert host not in (repository.folder / STRICT).read_text()


def test_a_hash_that_an_index_lists_costs_no_download(
    repository: Repository, private_index: PrivateIndex
) -> None:
    write(repository, **{LOOSE[:-4]: "six\nhidden\n"})
    host = private_index.url.split("/")[2]
    harden_as_a_step(repository, private_index, Credential(host, "robot", PASSWORD))
    pins = {
        pin.key: pin for pin in parse_strict((repository.folder / STRICT).read_text(), STRICT)
    }
    assert {"0a" * 32, hashlib.sha256(b"for another platform").hexdigest()} < {
        *pins["hidden"].hashes
    }
    pages = {path for path in private_index.answered if path.startswith("/simple/")}
    files = {path.removeprefix("/files/") for path in {*private_index.answered} - pages}
    assert files == {wheel("hidden")[0], WITHOUT_HASH}


def test_without_a_login_the_package_is_not_found(
    repository: Repository, private_index: PrivateIndex
) -> None:
    write(repository, **{LOOSE[:-4]: "six\nhidden\n"})
    before = (repository.folder / STRICT).read_bytes()
    result, said = harden_as_a_step(repository, private_index)
    assert result["status"] == "failure"
    assert "hidden" in said
    assert private_index.answered == []
    assert (repository.folder / STRICT).read_bytes() == before


def test_a_package_that_has_no_sdist_cannot_be_built_from_one(
    repository: Repository, private_index: PrivateIndex
) -> None:
    write(repository, **{LOOSE[:-4]: "six\nhidden\n"})
    login = Credential(private_index.url.split("/")[2], "robot", PASSWORD)
    for words in ("Hidden", ":all:"):
        result, _ = harden_as_a_step(repository, private_index, login, no_binary=words)
        said = result["summary"]
        assert said.startswith("no_binary asks for an sdist of hidden")
        assert "arden" not in result["failure"]["remedy"]
