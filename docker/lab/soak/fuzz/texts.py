"""Targets: files of a repository."""

from __future__ import annotations

from urllib.parse import urlsplit

from buildbot_ship.model.dockerfile.buildkit import without_syntax
from buildbot_ship.model.dockerfile.copied_paths import copied_sources
from buildbot_ship.model.dockerfile.document import Dockerfile, read, read_base
from buildbot_ship.model.dockerfile.pin import find_pins, is_own, move_pins
from buildbot_ship.model.filesystem.build_context import FILE, Context, link, missing
from buildbot_ship.model.filesystem.filesystem import FOLDER, Filesystem
from buildbot_ship.model.filesystem.path_pattern import IGNORE_FILE, Ignored
from buildbot_ship.model.filesystem.placement import needs_base, place
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.requirements.build_lock import parse_build_lock
from buildbot_ship.model.requirements.header import split
from buildbot_ship.model.requirements.loose import read_loose
from buildbot_ship.model.requirements.reader import Pin, parse_strict
from buildbot_ship.model.requirements.reasons import reasons
from buildbot_ship.model.requirements.text import decode
from buildbot_ship.model.secrets.plain_secrets import find_plain_secrets
from buildbot_ship.model.secrets.recipients import read_recipients
from buildbot_ship.model.secrets.sealed_file import find_faults, read_sealed
from buildbot_ship.registry.http.address import Addresses
from lab.soak.fuzz import samples
from lab.soak.fuzz.promise import PLANTED, attempt, expect, same
from lab.soak.fuzz.target import text_target

LOOSE, STRICT, LOCK, DOCKERFILE = "loose.txt", "strict.txt", "lock.txt", "app.docker"
OWN = Reference.parse("own.example.com/team/python311:2026-11-23T04-50-49-169150")
NEW = Reference.parse("own.example.com/team/python311:2027-01-01T00-00-00-000000")


def requirements(data: bytes) -> None:
    """Read *data* as a loose file, which may include itself and one other file."""
    files = {LOOSE: data, "more.txt": b"attrs\n-c limits.txt\n", "limits.txt": b"attrs<99\n"}
    loose = attempt(lambda: read_loose(LOOSE, files.get), files=files)
    for item in () if loose is None else loose.requirements:
        expect(item.requirement.url is None, "a requirement has a URL")
        expect("${" not in str(item.requirement), "a requirement has a variable")
        expect(item.key == item.key.lower(), "a key is not canonical")


def strict(data: bytes) -> None:
    """Read *data* as a strict file, with its header and its reasons."""
    text = attempt(lambda: decode(data, STRICT), files=[STRICT])
    if text is None:
        return
    header, rest = split(text)
    if header.interpreter and header.base and header.tools:
        expect(header.is_equivalent_to(split(header.text)[0]), "the header changes")
    expect(text.endswith(rest), "the header is not the start of the file")
    reasons(rest)
    pins = attempt(lambda: parse_strict(text, STRICT), files=[STRICT])
    for pin in pins or ():
        _same_pin(pin)


def build_lock(data: bytes) -> None:
    """Read *data* as a build lock."""
    lock = attempt(lambda: parse_build_lock(decode(data, LOCK), LOCK), files=[LOCK])
    for section in () if lock is None else lock.sections:
        for pin in section.pins:
            _same_pin(pin)


def _same_pin(pin: Pin) -> None:
    expect(bool(pin.hashes), "a pin has no hash")
    (again,) = parse_strict(pin.text, STRICT)
    same(
        (pin.key, pin.version, pin.hashes, pin.extras, pin.marker),
        (again.key, again.version, again.hashes, again.extras, again.marker),
        "a pin",
    )


def dockerfile(data: bytes) -> None:
    """Read *data* as a Dockerfile, in every way in which verbs read one."""
    files = [DOCKERFILE]
    attempt(lambda: read_base(data, DOCKERFILE), files=files)
    attempt(lambda: copied_sources(data, DOCKERFILE), files=files)
    attempt(lambda: read(data, DOCKERFILE), files=files)
    cut = without_syntax(data)
    same(without_syntax(cut), cut, "a Dockerfile without a frontend")
    parsed = attempt(lambda: read(data, DOCKERFILE, [("PATH", "/bin")]), files=files)
    if parsed is not None:
        _check_parsed(parsed)
    pins = attempt(lambda: find_pins(data, DOCKERFILE), files=files)
    if pins:
        expect(all(is_own(pin.reference) for pin in pins), "a pin is no own base")
        same(move_pins(data, DOCKERFILE, {}), data, "a Dockerfile without a move")
        moved = move_pins(data, DOCKERFILE, {OWN: NEW})
        again = find_pins(moved, DOCKERFILE)
        expect(OWN not in {pin.reference for pin in again}, "a pin was not moved")


def _check_parsed(parsed: Dockerfile) -> None:
    context = Context.of([("app.pex", FILE), ("a/b", FILE), ("loop", link("loop"))])
    missing((), context)
    attempt(lambda: needs_base(parsed, context), files=[DOCKERFILE])
    base = Filesystem({"app": FOLDER, "etc": FOLDER})
    attempt(lambda: place(parsed, context, base, "/"), files=[DOCKERFILE])


def ignore_file(data: bytes) -> None:
    """Read *data* as a .dockerignore, and match paths."""
    ignored = attempt(lambda: Ignored.read(data), files=[IGNORE_FILE])
    if ignored is not None:
        for path in ("a", "a/b/c.py", "x" * 40 + "/y", "**", "\udcff/b"):
            expect(isinstance(path in ignored, bool), "it is no answer")


def recipients(data: bytes) -> None:
    """Read *data* as ``recipients.txt``."""
    path = "secrets/recipients.txt"
    found = attempt(lambda: read_recipients(decode(data, path), path), files=[path])
    for one in () if found is None else found.recipients:
        text = f"repository: example.com/a\n{one}\n"
        same(read_recipients(text, path).recipients[0].key, one.key, "a recipient")


def sealed(data: bytes) -> None:
    """Read *data* as a sealed secret."""
    path = "secrets/token.sealed"
    secret = attempt(lambda: read_sealed(decode(data, path), path), files=[path])
    if secret is not None:
        same(read_sealed(str(secret), path).boxes[0].data, secret.boxes[0].data, "a box")
        known = read_recipients(samples.RECIPIENTS[0].decode(), path)
        for problem in find_faults(secret, known, path):
            expect(problem.line > 0 and problem.file == path, "a problem has no line")


def plain_secrets(data: bytes) -> None:
    """Search *data* for plain secrets."""
    for problem in find_plain_secrets("settings.py", data):
        expect(0 < problem.line <= data.count(b"\n") + 1, "a problem has no line")
        expect(PLANTED not in str(problem), "the message has the secret")


def reference(data: bytes) -> None:
    """Read *data* as a reference."""
    found = attempt(lambda: Reference.parse(data.decode("utf-8", "surrogateescape")))
    if found is not None:
        same(Reference.parse(str(found)), found, "a reference")
        expect(str(found).isascii(), "a reference is not ASCII")
        expect(".." not in found.repository.path, "a reference leaves its path")
        attempt(lambda: found.selector)
        address = urlsplit(Addresses().api_url(found.repository.registry))
        expect(bool(address.hostname) and address.port != 0, "the registry has no address")


TARGETS = (
    text_target("requirements", requirements, samples.REQUIREMENTS, samples.REQUIREMENT_WORDS),
    text_target("strict file", strict, samples.STRICT, samples.REQUIREMENT_WORDS),
    text_target("build lock", build_lock, samples.LOCK, samples.REQUIREMENT_WORDS),
    text_target("dockerfile", dockerfile, samples.DOCKERFILES, samples.DOCKERFILE_WORDS),
    text_target("dockerignore", ignore_file, samples.IGNORED, samples.IGNORED_WORDS),
    text_target("recipients", recipients, samples.RECIPIENTS, samples.SECRET_WORDS),
    text_target("sealed secret", sealed, samples.SEALED, samples.SECRET_WORDS),
    text_target("plain secrets", plain_secrets, samples.PLAIN, samples.PLAIN_WORDS),
    text_target("reference", reference, samples.REFERENCES, samples.REFERENCE_WORDS),
)
