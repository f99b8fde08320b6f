"""Entries of a journal, for tests."""

from __future__ import annotations

from buildbot_ship.model.artefact import Package
from buildbot_ship.model.journal.entries import BuildName, OwnedBase, Promotion, Publication

PLACE = "registry.example.com/team/app"
BASE = "registry.example.com/team/python311-slim"
OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64
"""Digests of packages: with urllib3 2.2.1, and with 2.5.0."""
PACKAGES = {
    OLD: {
        "app": Package("1.0", ("requests", "attrs")),
        "requests": Package("2.32.0", ("urllib3",)),
        "urllib3": Package("2.2.1"),
        "attrs": Package("25.1.0"),
    },
    NEW: {
        "app": Package("1.1", ("requests",)),
        "requests": Package("2.32.0", ("urllib3",)),
        "urllib3": Package("2.5.0"),
        "boto3": Package("1.35.0", ("urllib3",)),
    },
}


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def build(number: int = 1) -> BuildName:
    return BuildName(100 + number, number, 3, "ship")


def at(number: int) -> str:
    return f"2026-11-{1 + number // 24:02}T{number % 24:02}:00:00+00:00"


def published(number: int, packages: str = OLD, place: str = PLACE) -> Publication:
    commit = f"{number:040x}"
    return Publication(
        image="app",
        repository=place,
        commit=commit,
        reference=f"{place}:{commit}",
        digest=digest(number),
        size=1_000_000 + number,
        base=f"{BASE}:2026-11-01T04-50-00-000000@{digest(900)}",
        packages=packages,
        tested=True,
        verified=False,
        build=build(number),
        at=at(number),
    )


def promoted(number: int, image: int, previous: int | None = None) -> Promotion:
    before = "" if previous is None else digest(previous)
    commit = f"{image:040x}"
    who = "ada@example.com"
    return Promotion(
        PLACE, "production", digest(image), before, commit, who, build(number), at(number)
    )


def based(number: int) -> OwnedBase:
    reference = f"{BASE}:2026-11-{number:02}T04-50-00-000000"
    source, changes = "docker.io/library/python:3.11-slim", ("openssl 3.0.1 -> 3.0.2",)
    return OwnedBase(
        BASE, source, reference, digest(900 + number), changes, build(), at(number)
    )
