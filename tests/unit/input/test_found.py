"""What the fuzz targets found once, each with the input that broke a reader."""

from __future__ import annotations

import io
import json
import tarfile
import time
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lab.soak.fuzz.archive_samples import damaged, hostile_wheel, tar_of

from buildbot_ship.daemon.containers.returned import read_result
from buildbot_ship.errors import (
    InvalidFile,
    InvalidManifest,
    InvalidReference,
    InvalidRequest,
    JobFailed,
    OutputMissing,
    RegistryRefused,
    RequirementMissing,
)
from buildbot_ship.model.application.dependency_closure import find_closure
from buildbot_ship.model.application.installed_files import installed
from buildbot_ship.model.application.wheel_plan import Fetched
from buildbot_ship.model.application.wheel_rewrite import repack_wheel
from buildbot_ship.model.artefact import Layer, Pex, Wheel, Wheelhouse
from buildbot_ship.model.cache import Blob
from buildbot_ship.model.filesystem.path_pattern import Ignored
from buildbot_ship.model.image.base import choose, read_base
from buildbot_ship.model.image.elf import read as read_elf
from buildbot_ship.model.image.manifest import OCI_MANIFEST
from buildbot_ship.model.reference import Reference, Repository
from buildbot_ship.model.request import PexRequest
from buildbot_ship.model.request.wire import structure
from buildbot_ship.model.requirements.build_lock import parse_build_lock
from buildbot_ship.model.runtime.engine_built import Saved
from buildbot_ship.registry.http.authentication import (
    Authenticator,
    TokenAnswer,
    TokenQuery,
    read_challenge,
)
from buildbot_ship.registry.http.credentials import Keychain
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.shared.job_result import reading_result

TAG = Repository("r.example.com", "team/app").tagged("1")
DIGEST = "sha256:" + "0a" * 32
LAYER = {"mediaType": "a", "digest": DIGEST, "size": 3}
MANIFEST = {"config": LAYER, "layers": [LAYER]}
CONFIG = {"config": {"Env": ["A=b"]}, "rootfs": {"diff_ids": [DIGEST]}, "history": [{}]}


def quick(began: float) -> bool:
    return time.process_time() - began < 1


# --- Documents of registries and engines ----------------------------------------------


@pytest.mark.parametrize(
    ("manifest", "config"),
    [
        ({"config": "x"}, {}),
        ({"config": {"mediaType": 1, "digest": DIGEST, "size": 3}}, {}),
        ({"layers": ["x"]}, {}),
        ({"layers": [{**LAYER, "size": "x"}]}, {}),
        ({"layers": [{**LAYER, "size": -1}]}, {}),
        ({"layers": [{**LAYER, "size": True}]}, {}),
        ({"layers": [{"mediaType": "a", "digest": DIGEST}]}, {}),
        ({}, {"config": [1]}),
        ({}, {"config": {"Env": [1]}}),
        ({}, {"config": {"Env": True}}),
        ({}, {"config": {"Labels": ["a"]}}),
        ({}, {"config": {"Labels": {"a": 1}}}),
        ({}, {"config": {"Volumes": "x"}}),
        ({}, {"rootfs": "x"}),
        ({}, {"rootfs": {"diff_ids": ["x"]}}),
        ({}, {"history": ["x"]}),
        ({}, {"history": True}),
        ({}, {"created": 1}),
    ],
)
def test_a_base_with_malformed_documents_is_refused(
    manifest: dict[str, Any], config: dict[str, Any]
) -> None:
    documents = [json.dumps(part).encode() for part in (MANIFEST | manifest, CONFIG | config)]
    with pytest.raises(InvalidManifest):
        read_base(TAG, OCI_MANIFEST, *documents)
    if config:
        files = [("manifest.json", b'[{"Config": "c", "Layers": ["a"]}]'), ("c", documents[1])]
        with (
            tarfile.open(fileobj=io.BytesIO(tar_of(files))) as archive,
            pytest.raises(ValueError, match="its config has"),
        ):
            Saved.read(archive)


def test_null_stands_for_what_is_not_set() -> None:
    config = {
        **CONFIG,
        "config": {"Env": None, "Labels": None, "Volumes": None},
        "history": None,
    }
    documents = [json.dumps(part).encode() for part in (MANIFEST, config)]
    assert read_base(TAG, OCI_MANIFEST, *documents).environment == []


@pytest.mark.parametrize("items", [["x"], [{"platform": "x"}], {"a": 1}, "x"])
def test_a_malformed_index_is_refused(items: Any) -> None:
    with pytest.raises(InvalidManifest):
        choose(json.dumps({"manifests": items}).encode(), "linux/amd64", TAG)


@pytest.mark.parametrize(
    "text", ["[:::]/a:b", "[::1]:0/a:b", "localhost:65536/a:b", "a.b:99999/c:d"]
)
def test_a_registry_that_cannot_exist_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference, match="is not a registry's host and port"):
        Reference.parse(text)


# --- Logins ---------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["a" * 60_000, "Bearer " + "a" * 60_000, 'a="' * 20_000])
def test_a_long_challenge_is_read_in_linear_time(header: str) -> None:
    began = time.process_time()
    assert read_challenge(header) is None
    assert quick(began)


def token(realm: str, answer: object) -> str | None:
    def fetch(_: TokenQuery) -> TokenAnswer:
        return TokenAnswer(200, json.dumps(answer).encode())

    keychain = Keychain((), {}, lambda _: None)
    authenticator = Authenticator(keychain, fetch, lambda: 0.0)
    assert authenticator.accept("r.io", ("a",), f'Bearer realm="{realm}"')
    return authenticator.header("r.io", ("a",))


@pytest.mark.parametrize(
    "realm",
    [
        "https:/a/",
        "https://",
        "http://b.io\\\\@127.0.0.1/",
        " http://127.0.0.1/",
        "https://a\tb/",
    ],
)
def test_a_token_server_without_a_clear_host_is_refused(realm: str) -> None:
    with pytest.raises(RegistryRefused):
        token(realm, {"token": "a"})


@pytest.mark.parametrize(
    "answer",
    [
        {"token": ["a"]},
        {"token": "a\r\nX-Evil: b"},
        {"token": "\u00e9"},
        {"token": "a", "expires_in": 10**400},
        {"token": "a", "expires_in": "x"},
        [],
    ],
)
def test_a_malformed_token_is_refused(answer: object) -> None:
    with pytest.raises(RegistryRefused, match="has no token"):
        token("https://a.io/", answer)
    assert token("https://a.io/", {"token": "abc"}) == "Bearer abc"


@pytest.mark.parametrize("helper", [1.5, True, ["a"], {"a": 1}])
def test_a_credential_helper_is_a_text(helper: object, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": helper}))
    lines: list[str] = []
    keychain = Keychain((), {"DOCKER_CONFIG": str(tmp_path), "PATH": ""}, lines.append)
    assert keychain.find("r.io") is None
    assert lines == []


def test_a_configuration_that_nests_without_end_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[" * 100_000)
    lines: list[str] = []
    assert Keychain((), {"DOCKER_CONFIG": str(tmp_path)}, lines.append).find("r.io") is None
    assert "ignoring the registry logins in it" in lines[0]


# --- Records that a container or a cache wrote ----------------------------------------

LEAVING = (
    "../../x.whl",
    "/etc/x.whl",
    "a-1.0-1/../../x-py3-none-any.whl",
    "a\0.whl",
    ".whl",
    "",
)


@pytest.mark.parametrize("name", LEAVING)
def test_the_file_of_a_wheel_never_leaves_its_folder(name: str) -> None:
    with pytest.raises(InvalidRequest):
        structure({"file": name, "digest": DIGEST, "size": 1}, Wheel, "wheel")
    with pytest.raises(InvalidRequest):
        Fetched(name, "0a") if name != ".whl" else Wheel(name, DIGEST, 1)


@pytest.mark.parametrize("digest", ["sha256:../../x", "../x", "", "sha256:a/b", "sha256:."])
def test_a_digest_is_never_a_path(digest: str) -> None:
    for make in (
        lambda: Wheel("a-1-py3-none-any.whl", digest, 1),
        lambda: Layer(DIGEST, digest, 1),
        lambda: Layer(digest, DIGEST, 1),
        lambda: Blob("a", digest, 1),
    ):
        with pytest.raises(InvalidRequest, match="is not a digest"):
            make()


@pytest.mark.parametrize(
    "error",
    [KeyError("wheels"), TypeError("x"), ValueError("x"), FileNotFoundError("x"),
     InvalidRequest("file", "x"), AttributeError("x")],
)  # fmt: skip
def test_a_malformed_result_of_a_job_is_an_error_of_the_job(error: Exception) -> None:
    why = r"^inside/wheels.py returned an invalid result \("
    with pytest.raises(JobFailed, match=why), reading_result("wheels"):
        raise error


def test_other_errors_pass_a_result() -> None:
    with pytest.raises(OutputMissing), reading_result("wheels"):
        raise OutputMissing("a", "b")


@pytest.mark.parametrize("text", ["[]", "[" * 100_000, '{"made": "x"}', "null", "NaN"])
def test_damaged_records_are_missing_ones(text: str, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "pex-app.json").write_text(text)
    with pytest.raises(OutputMissing):
        Work(tmp_path).find(Pex, "0" * 40, "app")
    ledger = Ledger(tmp_path / "ledger", "work", "build")
    ledger.note("container", "a", 1.0)
    (tmp_path / "ledger" / "container-0.json").write_text(text)
    assert [entry.name for entry in ledger.entries()] == ["a"]
    ledger.close()


# --- Files of the repository -----------------------------------------------------------


@pytest.mark.parametrize("group", ["[--]", "[-]", "[a--]", "[-a]", "[a-]"])
def test_a_dash_in_brackets_without_a_range_is_refused(group: str) -> None:
    with pytest.raises(InvalidFile, match=r"^\.dockerignore:2: .* has a - without a range"):
        Ignored.read(f"*.py\nx{group}\n".encode())


def test_a_title_without_end_is_refused_in_linear_time() -> None:
    began = time.process_time()
    with pytest.raises(InvalidFile, match=r"^lock.txt:1: this is not a section title"):
        parse_build_lock("#: sdist " + "==" * 60_000, "lock.txt")
    assert quick(began)


# --- Wheels ---------------------------------------------------------------------------


def test_a_damaged_wheel_is_not_repacked() -> None:
    for number in range(300):
        data = damaged(Random(number), hostile_wheel(Random(number)))  # noqa: S311
        try:
            repack_wheel(data, {})
        except ValueError:
            continue


@pytest.mark.parametrize("point", [b"x", b"../x = a:b", b".. = a:b", b". = a:b"])
def test_a_damaged_entry_point_is_a_value_error(point: bytes) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("own-1.0.dist-info/METADATA", "")
        text = b"[console_scripts]\n" + point + b"\n"
        archive.writestr("own-1.0.dist-info/entry_points.txt", text)
        with pytest.raises(ValueError, match=r"entry_points\.txt"):
            installed(archive, "own-1.0-py3-none-any.whl", "3.11")


@pytest.mark.parametrize(
    ("requirement", "why"),
    [
        ("six ; " + "(" * 10_000, "is not a requirement"),
        ("six ; " + "(" * 1_500 + "os_name=='a'" + ")" * 1_500, "is not a requirement"),
        ("six ; os_name ~= 'x'", "has a marker that cannot be evaluated"),
    ],
)
def test_a_requirement_of_a_wheel_that_cannot_be_read_names_the_wheel(
    requirement: str, why: str
) -> None:
    wheel = Wheel("own-1.0-py3-none-any.whl", DIGEST, 1, requires=(requirement,))
    house = Wheelhouse("0" * 40, "base", "", (wheel,))
    with pytest.raises(RequirementMissing, match=f"required by own, {why}"):
        find_closure(["own"], house, {"os_name": "posix"}, "app.pex")


def test_a_requirement_of_a_wheel_is_quoted_without_its_login() -> None:
    url = "https://user:hunter2@example.com/six.tar.gz"
    wheel = Wheel("own-1.0-py3-none-any.whl", DIGEST, 1, requires=(url,))
    with pytest.raises(
        RequirementMissing, match=r"^https://\*\*\*@example.com/six.tar.gz, req"
    ):
        find_closure(["own"], Wheelhouse("0" * 40, "base", "", (wheel,)), {}, "app.pex")


@pytest.mark.parametrize("result", ["{}", '{"why": ""}', '{"why": null, "ok": false}'])
def test_a_job_that_fails_without_a_reason_has_a_message(result: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(result)
    with pytest.raises(JobFailed, match=r"^inside/wheels.py failed without a reason$"):
        read_result(tmp_path, "wheels", complete=True)


def test_the_name_of_a_package_is_short() -> None:
    for name in ("six ; " + "(" * 2_000 + "os_name=='a'", "-" * 10_000):
        with pytest.raises(InvalidRequest, match="is not a package name"):
            PexRequest("app.pex", (name,))


def test_an_elf_file_of_many_headers_is_read_quickly() -> None:
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    body = bytearray(48)
    body[16:24] = (64).to_bytes(8, "little")
    body[38:40], body[40:42] = (56).to_bytes(2, "little"), (65535).to_bytes(2, "little")
    began = time.process_time()
    read_elf(io.BytesIO(head + bytes(body) + bytes(56 * 65535)))
    assert quick(began)
