"""Targets: answers of registries, and the configuration of Docker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from random import Random

from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.image.assemble import Labels, assemble
from buildbot_ship.model.image.base import choose, config_digest, read_base
from buildbot_ship.model.image.base_report import contents_of
from buildbot_ship.model.image.manifest import KINDS, OCI_MANIFEST, list_blobs, list_children
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.http.address import api_url
from buildbot_ship.registry.http.authentication import (
    Authenticator,
    TokenAnswer,
    TokenQuery,
    read_challenge,
)
from buildbot_ship.registry.http.credentials import Keychain
from buildbot_ship.registry.http.redirect import Redirects
from buildbot_ship.registry.http.response import Answer, check
from buildbot_ship.registry.http.retry import (
    Retries,
    RetryableFault,
    RetryPolicy,
    read_retry_after,
)
from buildbot_ship.registry.http.transport import Call
from buildbot_ship.registry.http.upload import upload_url
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.registry.shared_cache import SharedCache
from lab.soak.fuzz import answer_samples as samples
from lab.soak.fuzz.guard import scratch_folder
from lab.soak.fuzz.json_mutation import JSON_WORDS, mutated_json
from lab.soak.fuzz.promise import PLANTED, attempt, expect
from lab.soak.fuzz.target import Target, json_target, text_target

REGISTRY = "registry.example.com:5000"
REPOSITORY = Repository(REGISTRY, "team/app")
TAG = REPOSITORY.tagged("1")
DOCKERFILE = read(b"FROM registry.example.com:5000/team/app:1\nENV A=b\nCMD a\n", "app.docker")
NOW = datetime(2026, 11, 28, tzinfo=UTC)
Headers = Mapping[str, str]


def _quiet(_: str) -> None:
    """Log nothing."""


class _Transport:
    """A transport that gives one answer to every call."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.answer = Answer(status, headers, body)

    def retries(self, registry: str) -> Retries:
        """Return retries that never wait."""
        return Retries(registry, RetryPolicy(patience=0), lambda _: None, _quiet)

    def send(self, call: Call) -> Answer:
        """Return the answer, checked as those of registries are."""
        try:
            check(self.answer, call.registry, call.action)
        except RetryableFault as fault:
            expect(len(fault.why) < 1000, "the reason of a retry is long")
        return self.answer

    send_once = send

    @contextmanager
    def open(self, call: Call) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Yield the answer, and its body as a stream."""
        yield self.send(call), iter([self.answer.body])


def _client(status: int, headers: Headers, body: bytes) -> RegistryClient:
    client = RegistryClient(environment={})
    client._transport = _Transport(status, headers, body)  # type: ignore[assignment]
    return client


def manifest(data: bytes) -> None:
    """Read *data* as a manifest, an index, and the config of an image."""
    attempt(lambda: list_blobs(data, TAG))
    attempt(lambda: list_children(data, TAG))
    for platform in ("linux/amd64", "linux/arm/v7"):
        attempt(lambda name=platform: choose(data, name, TAG))  # type: ignore[misc]
    attempt(lambda: config_digest(OCI_MANIFEST, data, TAG))
    first, _, second = data.partition(samples.SPLIT)
    base = attempt(lambda: read_base(TAG, OCI_MANIFEST, first, second))
    if base is not None:
        lists = ("var/lib/dpkg/status", "var/lib/dpkg/status.d/x", "lib/apk/db/installed")
        contents_of(base, digest_of(data), dict.fromkeys(lists, data))
        labels = Labels({"a": "b"}, {"c": "d"})
        attempt(lambda: assemble(base, DOCKERFILE, (), created=NOW, labels=labels))


def answer(data: bytes) -> None:
    """Read *data* as the answer of a registry: lines of headers, then a body."""
    head, _, body = data.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")
    status = 100 + sum(map(ord, lines[0])) % 500 if lines[0] not in samples.STATUS else 0
    headers = dict(line.partition(": ")[::2] for line in lines[1:])
    client = _client(status or int(lines[0]), headers, body)
    found = attempt(lambda: client.manifest(TAG))
    expect(found is None or found.media_type in KINDS, "a manifest has no known type")
    attempt(lambda: client.head(TAG))
    attempt(lambda: client.put(TAG, Manifest(OCI_MANIFEST, body)))
    tags = attempt(lambda: client.list_tags(REPOSITORY))
    expect(tags is None or all(isinstance(tag, str) for tag in tags), "a tag is no text")
    attempt(lambda: client.blob(REPOSITORY, digest_of(body)))
    pause = read_retry_after(headers)
    expect(pause is None or RetryPolicy().pause(1, pause) <= 100, "the pause is too long")
    if "Location" in headers:
        _locations(headers["Location"], Answer(202, headers, body))


def _locations(location: str, begun: Answer) -> None:
    attempt(lambda: upload_url(REPOSITORY, begun))
    redirects = Redirects(REGISTRY, "serve x", [f"{api_url(REGISTRY)}/v2/"])
    target = attempt(lambda: redirects.follow(302, location))
    expect(target is None or target.startswith("https://"), "a redirect leaves https")


def token(data: bytes) -> None:
    """Read *data* as a challenge in a header, and as the answer of a token server."""
    header = data.decode("latin-1")
    read_challenge(header)
    queries: list[TokenQuery] = []

    def fetch(query: TokenQuery) -> TokenAnswer:
        queries.append(query)
        return TokenAnswer(200, data.partition(b"\n")[2])

    authenticator = Authenticator(Keychain((), {}, _quiet), fetch, lambda: 0.0)
    with suppress(RetryableFault):
        if authenticator.accept(REGISTRY, ("a",), header.partition("\n")[0]):
            value = attempt(lambda: authenticator.header(REGISTRY, ("a",)))
            expect(value is None or value.isprintable(), "a token has a control character")
    for query in queries:
        expect(query.realm.lower().startswith(("https://", "http://")), "the realm is no URL")
        expect("\\" not in query.realm, "the realm has a backslash")


def cache_entry(data: bytes) -> None:
    """Read *data* as the manifest of an entry in the shared cache."""

    class _Registry:
        def manifest(self, _: Reference) -> Manifest:
            return Manifest(OCI_MANIFEST, data)

    cache = SharedCache(_Registry(), REPOSITORY)  # type: ignore[arg-type]
    entry = attempt(lambda: cache.find("wheel-" + "0" * 64))
    for blob in () if entry is None else entry.blobs:
        expect(isinstance(blob.size, int), "a size is no number")
        expect("/" not in blob.digest, "a blob leaves its folder")
        expect(isinstance(blob.name, str), "a name is no text")


def docker_config(data: bytes) -> None:
    """Read *data* as Docker's ``config.json``, which has no credential helper here."""
    folder = scratch_folder()
    (folder / "config.json").write_bytes(data)
    lines: list[str] = []
    environment = {"DOCKER_CONFIG": str(folder), "PATH": str(folder)}
    keychain = Keychain((), environment, lines.append)
    for host in (REGISTRY, "docker.io", "[::1]:5000"):
        login = attempt(lambda name=host: keychain.find(name))  # type: ignore[misc]
        expect(login is None or bool(login.username + login.secret), "a login is empty")
    expect(not any(PLANTED in line for line in lines), "the log has the secret")


def _manifests(random: Random) -> bytes:
    manifest = mutated_json(random, samples.MANIFESTS, JSON_WORDS)
    config = mutated_json(random, samples.CONFIGS, JSON_WORDS)
    return samples.SPLIT.join((manifest, config))


TARGETS = (
    Target("manifest", manifest, _manifests, JSON_WORDS),
    text_target("registry answer", answer, samples.ANSWERS, samples.ANSWER_WORDS),
    text_target("token", token, samples.TOKENS, samples.TOKEN_WORDS),
    json_target("cache entry", cache_entry, samples.CACHE_ENTRIES),
    json_target("docker config", docker_config, samples.DOCKER_CONFIGS),
)
