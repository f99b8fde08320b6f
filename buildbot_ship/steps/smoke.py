"""`SmokeTest`: run the images of a build before they are pushed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import attrs
from buildbot.interfaces import IRenderable

from ..errors import InvalidRequest
from ..model.request import SmokeCheck, SmokeContainer, SmokeRequest, SystemTest
from .base.option_check import faults, is_renderable, make
from .base.secret_options import uses_secret
from .base.step import ShipStep

PARTS: Mapping[str, type[Any]] = {"containers": SmokeContainer, "checks": SmokeCheck}


class SmokeTest(ShipStep):
    """Run the images of `BuildRuntimeImage` and check that they work, before `PushTagged`.

    The containers of a test share a private network, where they find each other by name.  They
    have a read-only root, no capabilities and no other network.  All tests run at the same
    time.  The logs of all containers become logs of the step.

    :param tests: each test with its ``containers`` and ``checks``: ``[{"containers":
        [{"name": "app"}], "checks": [{"url": "http://app:8080/"}]}]``; optional are
        ``deadline`` (30 seconds, in which all checks must pass) and ``settle`` (0.5 seconds,
        that the containers must keep running after that)
    :param revision: the commit of the images
    """

    name = "smoke"
    request_type = SmokeRequest
    request_options = ("tests", "revision")
    renderables: ClassVar[tuple[str, ...]] = request_options

    def __init__(
        self,
        tests: Sequence[Mapping[str, Any]] | IRenderable,
        *,
        revision: str | IRenderable = "HEAD",
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of `ShipStep`."""
        self.tests, self.revision = tests, revision
        super().__init__(**kwargs)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option of the request."""
        wrong = list(faults_of_tests(self.tests))
        yield from wrong or super().request_faults()

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        values = super().request_values()
        if not is_renderable(self.tests):
            values["tests"] = make_tests(self.tests)
        return values


def make_tests(tests: Any) -> tuple[SystemTest, ...]:
    """Return the tests in the form of a request.  Raises InvalidRequest."""

    def parts(test: Mapping[str, Any]) -> dict[str, object]:
        made = {name: [make(kind, one) for one in test[name]] for name, kind in PARTS.items()}
        return {**test, **made}

    return tuple(make(SystemTest, parts(test)) for test in tests)


def faults_of_tests(tests: Any) -> Iterator[str]:
    """Yield ``tests: why`` for everything that is wrong in the option *tests*."""
    if is_renderable(tests) and not isinstance(tests, (list, tuple)):
        return
    if not _are_mappings(tests):
        yield f"tests: {tests!r} is not a list of mappings with containers and checks"
        return
    wrong = [f"tests: {fault}" for test in tests for fault in _faults(test)]
    if not wrong and not is_renderable(tests):
        try:
            make_tests(tests)
        except InvalidRequest as error:
            wrong = [f"tests: {error.what}: {error.why}"]
    yield from wrong


def _faults(test: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong in the types of one test."""
    yield from _unknown(test, SystemTest)
    scalars = {name: test[name] for name in test.keys() - PARTS.keys()}
    for fault in faults(SystemTest, scalars):
        if not fault.startswith(tuple(PARTS)):
            yield fault
    for name, kind in PARTS.items():
        items: Any = test.get(name)
        if is_renderable(items) and not isinstance(items, (list, tuple)):
            continue
        if not _are_mappings(items):
            yield f"{name}: {items!r} is not a list of mappings"
            continue
        for item in items:
            visible = [key for key in item if key != "secrets" and uses_secret(item[key])]
            for key in visible:
                yield f"{name}: {key} has a secret, which the engine shows: use secrets"
            wrong = list(_unknown(item, kind)) or faults(kind, item)
            yield from (f"{name}: {fault}" for fault in wrong)


def _unknown(options: Mapping[str, Any], kind: type[Any]) -> Iterator[str]:
    fields = [field.name for field in attrs.fields(kind)]
    for name in options.keys() - set(fields):
        yield f"{name} is not one of {', '.join(fields)}"


def _are_mappings(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(v, Mapping) for v in value)
