from __future__ import annotations

from collections.abc import Mapping

import pytest

from buildbot_ship.errors import RequirementMissing
from buildbot_ship.model.application.dependency_closure import (
    find_closure,
    order_on_path,
    with_extras,
)
from buildbot_ship.model.artefact import Package, Wheel, Wheelhouse

ENVIRONMENT = {"python_version": "3.11", "sys_platform": "linux", "platform_release": ""}


def wheel(file: str, *requires: str) -> Wheel:
    return Wheel(f"{file}-py3-none-any.whl", "sha256:x", 1, requires=requires)


WHEELS = [
    wheel("My_App-1.0", "web[fast]>=2", "old; python_version < '3.8'", "extra-a; extra == 'a'"),
    wheel("web-2.1rc1", "base", "speed; extra == 'fast'", "slow; extra == 'slow'"),
    wheel("base-1", "my.app"),
    wheel("speed-3", "web[More_Speed]"),
    wheel("extra_a-1"),
    wheel("unasked-1"),
]


def names(*requirements: str, environment: Mapping[str, str] = ENVIRONMENT) -> list[str]:
    closure = find_closure(requirements, house(*WHEELS), environment, "app.pex")
    return [wheel.name for wheel in closure.wheels]


def house(*wheels: Wheel, **extras: tuple[str, ...]) -> Wheelhouse:
    return Wheelhouse("c" * 40, "base", "", wheels, "build_base", extras)


def test_what_is_required_comes_along_and_nothing_else() -> None:
    assert names("base") == ["base", "my-app", "speed", "web"]
    assert names("speed", "extra.A") == ["base", "extra-a", "my-app", "speed", "web"]


def test_an_extra_brings_what_it_requires_also_when_it_is_asked_for_later() -> None:
    assert "extra-a" not in names("my-app")
    assert "extra-a" in names("my-app", "MY_app[a]")
    assert "extra-a" in names("my-app[a]", "my-app")


def test_the_bases_interpreter_decides_about_markers() -> None:
    old = {**ENVIRONMENT, "python_version": "3.7"}
    with pytest.raises(RequirementMissing) as caught:
        names("my-app", environment=old)
    assert str(caught.value) == "old, required by my-app, is not in the wheelhouse"


def test_what_is_not_there_names_who_asks() -> None:
    with pytest.raises(RequirementMissing, match=r"^gone, required by app\.pex, is not"):
        names("gone")


def test_another_version_does_not_do() -> None:
    wheels = house(wheel("six-1.16"), wheel("app-1", "six>=2"))
    with pytest.raises(RequirementMissing) as caught:
        find_closure(["app"], wheels, ENVIRONMENT, "app.pex")
    assert (
        str(caught.value)
        == "six>=2, required by app, is in the wheelhouse in version 1.16 only"
    )


def test_what_is_no_requirement_is_shown() -> None:
    with pytest.raises(RequirementMissing, match="required by app, is not a requirement"):
        find_closure(["app"], house(wheel("app-1", "pytz (>dev)")), ENVIRONMENT, "app.pex")


CELERY = [
    wheel("Celery-5", "kombu", "kombu[sqs]; extra == 'sqs'", "pydantic; extra == 'Py_Dantic'"),
    wheel("kombu-5", "boto3; extra == 'sqs'", "redis; extra == 'redis'"),
    wheel("boto3-1"),
    wheel("pydantic-2"),
    wheel("app-1", "celery"),
    wheel("other-1", "kombu"),
]


@pytest.mark.parametrize(
    ("asked", "also"),
    [
        (("celery",), ("boto3", "pydantic")),
        (("Celery[SQS]",), ("boto3", "pydantic")),
        (("app",), ("app", "boto3", "pydantic")),
    ],
)
def test_a_package_comes_with_the_extras_of_the_strict_file(
    asked: tuple[str, ...], also: tuple[str, ...]
) -> None:
    pinned = house(*CELERY, celery=("py-dantic", "sqs"))
    found = [w.name for w in find_closure(asked, pinned, ENVIRONMENT, "app.pex").wheels]
    assert found == sorted({"celery", "kombu", *also})
    more = with_extras(asked, pinned, ENVIRONMENT, "app.pex")
    assert more == (*asked, "celery[py-dantic,sqs]")


def test_a_package_that_a_pex_does_not_hold_brings_no_extra() -> None:
    pinned = house(*CELERY, celery=("sqs",))
    found = [w.name for w in find_closure(["other"], pinned, ENVIRONMENT, "app.pex").wheels]
    assert found == ["kombu", "other"]
    assert with_extras(["other"], pinned, ENVIRONMENT, "app.pex") == ("other",)


def test_an_extra_that_names_other_extras_of_its_package_brings_all_of_them() -> None:
    wheels = [
        wheel("pkg-1", "pkg[a,b]; extra == 'all'", "x; extra == 'a'", "y; extra == 'b'"),
        wheel("x-1"),
        wheel("y-1"),
    ]
    found = find_closure(["pkg"], house(*wheels, pkg=("all",)), ENVIRONMENT, "app.pex")
    assert [w.name for w in found.wheels] == ["pkg", "x", "y"]


def test_a_closure_tells_version_and_requirements_of_each_package() -> None:
    asked = ["my-app[a]"]
    packages = find_closure(asked, house(*WHEELS), ENVIRONMENT, "app.pex").packages
    assert packages == {
        "base": Package("1", ("my-app",)),
        "extra-a": Package("1"),
        "my-app": Package("1.0", ("extra-a", "web")),
        "speed": Package("3", ("web",)),
        "web": Package("2.1rc1", ("base", "speed")),
    }


def test_what_a_pinned_extra_lacks_names_the_extra() -> None:
    pinned = house(*CELERY, kombu=("redis",))
    with pytest.raises(RequirementMissing) as caught:
        find_closure(["celery"], pinned, ENVIRONMENT, "app.pex")
    assert str(caught.value) == "redis, required by kombu[redis], is not in the wheelhouse"


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ("pb pa", "pa pd pb"),
        ("pb pc", "pb pc pa pd"),
        ("pa pc", "pa pd pc"),
        ("pc pd", "pc pa pd"),
    ],
)
def test_a_zipapp_has_requirements_by_name_and_each_before_what_it_requires(
    asked: str, order: str
) -> None:
    # As pex 2.105 has them on sys.path.
    wheels = [wheel("pa-1", "pd"), wheel("pb-1"), wheel("pc-1", "pa"), wheel("pd-1")]
    assert list(order_on_path(asked.split(), wheels, ENVIRONMENT)) == order.split()


def test_a_zipapp_has_what_extras_and_circles_bring_once() -> None:
    order = order_on_path(["my-app[a]"], WHEELS, ENVIRONMENT)
    assert order == ("my-app", "web", "base", "speed", "extra-a")
