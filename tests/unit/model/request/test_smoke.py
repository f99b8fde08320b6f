from __future__ import annotations

from typing import Any

import pytest

from buildbot_ship.errors import InvalidReference, InvalidRequest
from buildbot_ship.model.request import (
    SmokeCheck,
    SmokeContainer,
    SmokeRequest,
    SystemTest,
)
from buildbot_ship.model.request.smoke import MAX_SECRET

APP = SmokeContainer("app")
PAGE = SmokeCheck("http://app:8080/")


def test_a_container_runs_the_image_of_its_name() -> None:
    assert (APP.image_name, APP.is_foreign) == ("app", False)
    assert SmokeContainer("front", "app").image_name == "app"
    foreign = SmokeContainer("db", "registry.example.com/team/db:1")
    assert foreign.is_foreign
    assert str(foreign.reference) == "registry.example.com/team/db:1"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "App"}, "not an image name"),
        ({"name": "-rm"}, "not an image name"),
        ({"name": "localhost"}, "localhost is every container itself"),
        ({"name": "app", "image": "App"}, "not an image name"),
        ({"name": "app", "image": "registry.example.com/team/db"}, "has no tag"),
        ({"name": "app", "volumes": ("data",)}, "not an absolute path"),
        ({"name": "app", "volumes": ("/",)}, "not an absolute path"),
        ({"name": "app", "volumes": ("/a/../b",)}, "not an absolute path"),
        ({"name": "app", "secrets": {"key": "x"}}, "not an absolute path"),
        ({"name": "app", "secrets": {"/key": "x"}}, "is in no folder"),
        ({"name": "app", "secrets": {"/run/key": ""}}, "has 0 characters"),
        ({"name": "app", "secrets": {"/run/key": "x" * (MAX_SECRET + 1)}}, "has 65537 char"),
        ({"name": "app", "secrets": {"/d/k": "x"}, "volumes": ("/d",)}, "/d has secrets"),
    ],
)
def test_a_wrong_container_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises((InvalidRequest, InvalidReference), match=why):
        SmokeContainer(**fields)


def test_the_secret_of_a_container_is_not_in_its_repr() -> None:
    assert "hunter2" not in repr(SmokeContainer("app", secrets={"/run/key": "hunter2"}))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "one of url, command, healthy, exits; this one has none"),
        ({"url": "http://app:1/", "exits": True}, "this one has url and exits"),
        ({"url": "http://app:1/", "container": "app"}, "leave container out"),
        ({"url": "https://app:1/"}, "not of the form"),
        ({"url": "tcp://app"}, "not of the form"),
        ({"url": "http://app:port/"}, "not of the form"),
        ({"url": "http://app:70000/"}, "not of the form"),
        ({"url": "http://app:1/ x"}, "not of the form"),
        ({"url": "http://app:1/\r\nHost: b"}, "not of the form"),
        ({"url": "file:///etc/passwd"}, "not of the form"),
        ({"url": "tcp://app:1", "status": 200}, "takes no status"),
        ({"healthy": True, "text": "x"}, "takes no text"),
    ],
)
def test_a_wrong_check_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        SmokeCheck(**fields)


@pytest.mark.parametrize(
    ("check", "status", "text"),
    [
        (PAGE, 200, "http://app:8080/"),
        (SmokeCheck("http://app:8080/", status=404), 404, "http://app:8080/"),
        (SmokeCheck(exits=True, container="app"), 0, "the run of app"),
        (SmokeCheck(healthy=True, container="app"), 0, "the health check of app"),
        (
            SmokeCheck(command=("a", "b"), container="app", status=3),
            3,
            "the command 'a b' in app",
        ),
    ],
)
def test_a_check_expects_a_status(check: SmokeCheck, status: int, text: str) -> None:
    assert (check.expected_status, str(check)) == (status, text)


@pytest.mark.parametrize(
    ("containers", "checks", "why"),
    [
        ((), (PAGE,), "name at least one"),
        ((APP,), (), "name at least one"),
        ((APP, APP), (PAGE,), "two containers have the name 'app'"),
        ((APP,), (SmokeCheck("http://other:1/"),), "'other' is not one of the containers app"),
        ((APP, SmokeContainer("b")), (SmokeCheck(exits=True),), "name its container"),
        ((SmokeContainer("app", "r.example.com/a:1"),), (PAGE,), "no container runs an image"),
    ],
)
def test_a_wrong_test_is_refused(
    containers: tuple[SmokeContainer, ...], checks: tuple[SmokeCheck, ...], why: str
) -> None:
    with pytest.raises(InvalidRequest, match=why):
        SystemTest(containers, checks)


def test_a_check_belongs_to_the_only_container() -> None:
    (check,) = SystemTest((APP,), (SmokeCheck(exits=True),)).checks
    assert check.container == "app"


def test_the_images_of_a_request_are_those_of_the_build_once_each() -> None:
    foreign = SmokeContainer("db", "r.example.com/team/db:1")
    first = SystemTest((APP, SmokeContainer("two", "app"), foreign), (PAGE,))
    second = SystemTest((APP, SmokeContainer("other")), (PAGE,))
    assert list(SmokeRequest((first, second)).images) == ["app", "other"]
