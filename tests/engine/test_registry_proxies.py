"""A real registry behind a proxy: with a company's CA, limits, paths and other addresses."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from lab.authority import Authority
from lab.registry_proxy import RegistryProxy, before_registry

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.errors import KeyFileRefused, RegistryRefused, ShipError
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.model.request import BaseCopy, RetagRequest
from buildbot_ship.model.request.settings import Credential, RegistryOptions
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.verbs.bases.owned_bases import OwnedBases
from buildbot_ship.verbs.bases.retag import retag
from buildbot_ship.verbs.shared.cache import Cache
from tests.contract.registry import RegistryContract
from tests.engine.guarded import HTPASSWD, ME, outside_address
from tests.engine.private_registry import private_registry
from tests.fakes.images import small_image, store_image

BLOB = bytes(range(256)) * 20_000
DIGEST = digest_of(BLOB)
MIB = 1024**2
TOP = Path(__file__).resolve().parents[2]


@attrs.frozen
class Company:
    """A registry behind a TLS proxy, and a worker's home folder."""

    proxy: RegistryProxy
    authority: Authority
    home: Path
    pauses: list[float] = attrs.field(factory=list)

    @property
    def place(self) -> Repository:
        return Repository(self.proxy.address, "team/app")

    @property
    def certificates(self) -> Path:
        """Return the folder for certificates of this registry, which exists then."""
        folder = self.home / ".config" / "docker" / "certs.d" / self.proxy.address
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def trust(self) -> None:
        (self.certificates / "ca.crt").write_bytes(self.authority.bundle.read_bytes())

    def client(
        self, *credentials: Credential, options: RegistryOptions | None = None
    ) -> RegistryClient:
        environment = {"HOME": str(self.home), "BUILDBOT_SHIP_REGISTRY_PATIENCE": "5"}
        return RegistryClient(
            credentials, options, environment=environment, sleep=self.pauses.append
        )


def tls_of(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.bundle, authority.key_file)
    return context


def made(folder: Path, host: str) -> Authority:
    folder.mkdir()
    return Authority.make(folder, host)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    host = outside_address()
    authority = made(tmp_path / "authority", host)
    with (
        private_registry(tmp_path) as registry,
        before_registry(registry, host, tls_of(authority)) as proxy,
    ):
        yield Company(proxy, authority, tmp_path / "home")


class TestBehindACompanyCA(RegistryContract):
    """The contract, through the proxy, with the CA where Docker looks for it."""

    @pytest.fixture
    def registry(self, company: Company) -> RegistryClient:
        company.trust()
        return company.client()

    @pytest.fixture
    def place(self, company: Company) -> Repository:
        return company.place


class TestBelowAPrefix(RegistryContract):
    """The contract, where the proxy serves the registry below a path."""

    @pytest.fixture
    def registry(self, company: Company) -> RegistryClient:
        company.trust()
        company.proxy.prefix = "docker-local/eu"
        return company.client()

    @pytest.fixture
    def place(self, company: Company) -> Repository:
        return Repository(company.proxy.address, "docker-local/eu/team/app")


def test_the_option_adds_a_company_ca(company: Company) -> None:
    options = RegistryOptions(str(company.authority.bundle))
    assert company.client(options=options).upload(company.place, DIGEST, BLOB) == len(BLOB)


def test_a_ca_of_another_registry_does_not_count(company: Company) -> None:
    company.trust()
    company.certificates.rename(company.certificates.with_name("other.example.com:5000"))
    with pytest.raises(RegistryRefused, match="not trusted") as caught:
        company.client().has(company.place, DIGEST)
    assert f"/etc/docker/certs.d/{company.proxy.address}/ca.crt" in caught.value.remedy
    assert company.proxy.seen == []


def test_a_bundle_without_certificates_is_named(company: Company, tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    for text in (None, "not a certificate"):
        if text:
            bundle.write_text(text)
        with pytest.raises(ShipError, match=str(bundle)):
            company.client(options=RegistryOptions(str(bundle))).has(company.place, DIGEST)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[tuple[Company, Authority]]:
    """A proxy that wants a client certificate, and the one that it wants."""
    host = outside_address()
    authority, person = made(tmp_path / "server", host), made(tmp_path / "client", host)
    context = tls_of(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(person.bundle)
    with (
        private_registry(tmp_path) as registry,
        before_registry(registry, host, context) as proxy,
    ):
        company = Company(proxy, authority, tmp_path / "home")
        company.trust()
        yield company, person


def test_a_client_certificate_is_shown_to_the_registry_that_it_is_for(
    strict: tuple[Company, Authority],
) -> None:
    company, person = strict
    with pytest.raises(RegistryRefused, match="it wants a client certificate") as caught:
        company.client().has(company.place, DIGEST)
    assert "client.cert and client.key" in caught.value.remedy
    assert company.pauses == []
    (company.certificates / "client.cert").write_bytes(person.bundle.read_bytes())
    with pytest.raises(KeyFileRefused, match=r"client\.key: it does not exist"):
        company.client().has(company.place, DIGEST)
    key = company.certificates / "client.key"
    key.write_bytes(company.authority.key_file.read_bytes())
    with pytest.raises(KeyFileRefused, match="does not belong to"):
        company.client().has(company.place, DIGEST)
    key.write_bytes(person.key_file.read_bytes())
    assert company.client().upload(company.place, DIGEST, BLOB) == len(BLOB)


def test_plain_http_is_spoken_only_to_a_registry_that_the_option_names(
    tmp_path: Path,
) -> None:
    htpasswd = tmp_path / "htpasswd"
    htpasswd.write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(htpasswd)}}
    with private_registry(tmp_path, host=outside_address(), auth=auth) as address:
        login = Credential(address, *ME)
        place = Repository(address, "team/app")
        with pytest.raises(RegistryRefused, match="does not speak TLS") as caught:
            RegistryClient((login,), environment={}).has(place, DIGEST)
        assert "insecure_registries" in caught.value.remedy
        client = RegistryClient((login,), RegistryOptions(insecure=(address,)), environment={})
        assert client.upload(place, DIGEST, BLOB) == len(BLOB)


def test_a_registry_with_tls_is_not_asked_in_plain_http(tmp_path: Path) -> None:
    host = outside_address()
    authority = made(tmp_path / "authority", host)
    with private_registry(tmp_path, host=host, http={"tls": authority.settings}) as address:
        client = RegistryClient((), RegistryOptions(insecure=(address,)), environment={})
        with pytest.raises(RegistryRefused, match="it speaks TLS on this port"):
            client.list_tags(Repository(address, "team/app"))


def test_an_upload_goes_through_a_proxy_that_hides_tls_from_the_registry(
    company: Company,
) -> None:
    company.trust()
    host = company.proxy.address.partition(":")[0]
    for location in (f"http://{company.proxy.address}", f"http://{host}", f"https://{host}"):
        company.proxy.location = location
        blob = uuid.uuid4().bytes
        assert company.client().upload(company.place, digest_of(blob), blob) == len(blob)


def test_an_upload_never_leaves_tls_and_names_the_address(company: Company) -> None:
    company.trust()
    company.proxy.forwards = False
    company.proxy.location = "http://backend.example.com:5000"
    with pytest.raises(RegistryRefused, match="from https to plain http") as caught:
        company.client().upload(company.place, DIGEST, BLOB)
    assert "its upload address is http://backend.example.com:5000/v2/team/app/" in str(
        caught.value
    )
    assert "X-Forwarded-Proto" in caught.value.remedy
    assert company.pauses == []


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Company, RegistryProxy, Credential]]:
    """A registry that wants a login, its proxy, and its upload address on another host."""
    htpasswd, host = tmp_path / "htpasswd", outside_address()
    htpasswd.write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(htpasswd)}}
    authority, other = made(tmp_path / "one", host), made(tmp_path / "two", "127.0.0.1")
    with ExitStack() as stack:
        registry = stack.enter_context(private_registry(tmp_path, auth=auth))
        proxy = stack.enter_context(before_registry(registry, host, tls_of(authority)))
        store = stack.enter_context(before_registry(registry, "127.0.0.1", tls_of(other)))
        proxy.location = f"https://{store.address}"
        company = Company(proxy, authority, tmp_path / "home")
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(authority.bundle.read_bytes() + other.bundle.read_bytes())
        (company.certificates / "ca.crt").write_bytes(bundle.read_bytes())
        yield company, store, Credential(proxy.address, *ME)


def test_another_host_gets_no_login_and_the_error_names_it(
    guarded: tuple[Company, RegistryProxy, Credential],
) -> None:
    company, store, login = guarded
    with pytest.raises(RegistryRefused, match="a host that gets no login: not auth") as caught:
        company.client(login).upload(company.place, DIGEST, BLOB)
    assert f"its upload address is https://{store.address}/v2/team/app/" in str(caught.value)
    assert [authorization for _, authorization in store.seen] == [""]
    assert company.pauses == []


def test_an_upload_goes_to_another_host_that_needs_no_login(
    guarded: tuple[Company, RegistryProxy, Credential],
) -> None:
    company, store, login = guarded
    # As an upload address with a signature is enough for a store of blobs.
    store.login = "Basic " + base64.b64encode(":".join(ME).encode()).decode()
    assert company.client(login).upload(company.place, DIGEST, BLOB) == len(BLOB)
    assert store.lines("PUT ")
    assert {sent for _, sent in store.seen} == {""}
    assert company.client(login).blob(company.place, DIGEST) == BLOB


def test_an_upload_address_that_nobody_serves_is_named(company: Company) -> None:
    company.trust()
    company.proxy.location = "https://127.0.0.1:1"
    with pytest.raises(ShipError, match=r"its upload address is https://127.0.0.1:1/v2/team"):
        company.client().upload(company.place, DIGEST, BLOB)


@pytest.mark.parametrize("is_file", [False, True])
def test_a_proxy_that_limits_bodies_gets_the_blob_in_parts(
    company: Company, tmp_path: Path, is_file: bool
) -> None:
    company.trust()
    company.proxy.most = MIB
    client, content = company.client(), tmp_path / "blob"
    content.write_bytes(BLOB)
    assert client.upload(company.place, DIGEST, content if is_file else BLOB) == len(BLOB)
    assert client.blob(company.place, DIGEST) == BLOB
    # 4 MiB are too much as well; 1 MiB is not.
    assert len(company.proxy.lines("PATCH ")) == 1 + 5
    assert company.pauses == []
    company.proxy.seen.clear()
    other = BLOB[1:]
    client.upload(company.place, digest_of(other), other)
    kinds = [line.split()[0] for line, _ in company.proxy.seen]
    assert kinds == ["POST", *["PATCH"] * 5, "PUT"]


def test_a_proxy_that_takes_no_useful_body_is_named(company: Company) -> None:
    company.trust()
    company.proxy.most = 100_000
    with pytest.raises(RegistryRefused, match="262144 bytes in one request") as caught:
        company.client().upload(company.place, DIGEST, BLOB)
    assert "client_max_body_size" in caught.value.remedy


def test_an_upload_goes_on_after_the_last_part_that_arrived(company: Company) -> None:
    company.trust()
    blob = uuid.uuid4().bytes * (40 * MIB // 16)
    company.proxy.cuts = frozenset([1, 3])
    assert company.client().upload(company.place, digest_of(blob), blob) == len(blob)
    lines = [line.split("?")[0].split("/v2/")[0] for line, _ in company.proxy.seen]
    whole = ["POST ", "PUT "]
    parts = ["HEAD ", "POST ", "PATCH ", "PATCH ", "HEAD ", "GET ", "PATCH ", "PATCH ", "PUT "]
    assert lines == whole + parts
    assert len(company.pauses) == 2


def test_a_verb_by_hand_takes_the_options(company: Company, tmp_path: Path) -> None:
    image = small_image("base", b"layer")
    source, own = company.place.tagged("1"), Repository(company.proxy.address, "own/base")
    bundle = str(company.authority.bundle)
    store_image(company.client(options=RegistryOptions(bundle)), source, image)
    with before_registry(company.proxy.target, outside_address()) as plain:
        copies = [
            (f"{source}={own}", ["--registry-ca-bundle", bundle]),
            (f"{plain.address}/team/app:1={plain.address}/own/plain", ["--insecure-registry"]),
        ]
        for copy, option in copies:
            named = [*option, plain.address] if len(option) == 1 else option
            words = ["retag", copy, "--through", "registry", *named]
            environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(TOP)}
            done = subprocess.run(
                [sys.executable, "-m", "buildbot_ship", *words],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    client = company.client(options=RegistryOptions(bundle))
    names = (own, Repository(own.registry, "own/plain"))
    assert [len(client.list_tags(name)) for name in names] == [1, 1]


MOMENT = datetime(2026, 11, 28, 20, 0, 0, tzinfo=UTC)


def no_engine() -> Daemon:
    raise AssertionError("no engine is asked")


def test_a_base_comes_through_a_mirror_that_its_reference_names(tmp_path: Path) -> None:
    for name in ("upstream", "mirror", "own"):
        (tmp_path / name).mkdir()
    with (
        private_registry(tmp_path / "upstream") as upstream,
        private_registry(
            tmp_path / "mirror", proxy={"remoteurl": f"http://{upstream}"}
        ) as mirror,
        private_registry(tmp_path / "own") as own,
    ):
        client = RegistryClient(environment={})
        image = small_image("base", b"layer")
        store_image(client, Repository(upstream, "library/python").tagged("3.14"), image)
        source = Repository(mirror, "library/python").tagged("3.14")
        copies = (BaseCopy(str(source), f"{own}/team/python314"),)
        bases = OwnedBases(client, Cache(print, []), print)
        request = RetagRequest(copies=copies, through="registry")
        result = retag(request, bases=bases, daemon=no_engine, clock=lambda: MOMENT)
        copied = result.properties["ship_bases"][str(source)]["reference"]
        assert client.head(Reference.parse(copied)) == image.manifest.digest
        with pytest.raises(RegistryRefused, match="unsupported"):
            client.upload(Repository(mirror, "team/app"), DIGEST, BLOB)
