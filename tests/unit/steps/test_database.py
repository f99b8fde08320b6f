"""A database that goes away for a while, as SQLAlchemy and Buildbot see it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy
from buildbot.db.enginestrategy import Strategy
from sqlalchemy.dialects import plugins

from buildbot_ship.steps import database
from buildbot_ship.steps.database import PatientDatabase, say_lost

CONNECTION = object()


class Refused(Exception):
    """What a driver says while its database is down."""


class Dialect:
    """A dialect whose database refuses the next *refusals* connections."""

    loaded_dbapi = SimpleNamespace(OperationalError=Refused)

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def connect(self, *args: str, **options: str) -> object:
        assert (args, options) == (("a",), {"user": "b"})
        self.refusals -= 1
        if self.refusals >= 0:
            raise Refused
        return CONNECTION


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> PatientDatabase:
    monkeypatch.setattr(database, "_PAUSE_SECONDS", 0.0)
    return PatientDatabase(sqlalchemy.make_url("postgresql://127.0.0.1/a"), {})


def connect(plugin: PatientDatabase, refusals: int) -> Any:
    return plugin.connect(Dialect(refusals), None, ("a",), {"user": "b"})


def test_a_database_that_was_there_is_awaited(patient: PatientDatabase) -> None:
    assert connect(patient, 0) is CONNECTION
    assert connect(patient, 5) is CONNECTION


def test_a_first_connection_and_a_lasting_refusal_are_errors(
    patient: PatientDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused):
        connect(patient, 1)
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.0)
    assert connect(patient, 0) is CONNECTION
    with pytest.raises(Refused):
        connect(patient, 10**6)


def lost(*, is_disconnect: bool = True, is_pre_ping: bool = False) -> Any:
    error = sqlalchemy.exc.OperationalError("select", {}, Refused("closed unexpectedly"))
    return SimpleNamespace(
        is_disconnect=is_disconnect,
        is_pre_ping=is_pre_ping,
        sqlalchemy_exception=error,
        original_exception=error.orig,
        statement="select",
    )


def test_buildbot_tries_a_transaction_again_that_lost_its_connection() -> None:
    context = lost()
    assert not Strategy().should_retry(context.sqlalchemy_exception)
    with pytest.raises(sqlalchemy.exc.OperationalError, match="closed unexpectedly") as raised:
        say_lost(context)
    assert Strategy().should_retry(raised.value)
    assert raised.value.connection_invalidated


def test_other_errors_stay_as_they_are() -> None:
    say_lost(lost(is_disconnect=False))
    say_lost(lost(is_pre_ping=True))


def test_the_url_names_the_plugin() -> None:
    plugins.register("for_this_test", PatientDatabase.__module__, PatientDatabase.__name__)
    engine = sqlalchemy.create_engine("sqlite://?plugin=for_this_test")
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select 1")).scalar() == 1
    assert engine.pool._pre_ping
    assert str(engine.url) == "sqlite://"
