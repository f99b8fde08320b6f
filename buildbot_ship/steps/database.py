"""`PatientDatabase`: by this plugin of SQLAlchemy a master outlives a restart of its database.

Buildbot repeats what a database refuses only for the messages of SQLite and MySQL.  Without the
plugin, a restart of PostgreSQL at the wrong moment leaves a build that never ends.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import URL, CreateEnginePlugin, ExceptionContext

PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 0.5
# Buildbot repeats a transaction whose error has these words.
_WORDS = "Lost connection"


class PatientDatabase(CreateEnginePlugin):
    """Wait for a database that went away: ``postgresql://.../buildbot?plugin=buildbot_ship``.

    A new connection waits up to five minutes; the first one of a master does not, because
    nobody knows whether its URL is right.  A connection is tested before it is used, and a
    transaction that loses its connection is repeated by Buildbot.
    """

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        """Let the pool test its connections."""
        super().__init__(url, kwargs)
        kwargs["pool_pre_ping"] = True
        self.patience = 0.0

    def update_url(self, url: URL) -> URL:
        """Return *url*: SQLAlchemy has removed the name of the plugin."""
        return url

    def engine_created(self, engine: sqlalchemy.Engine) -> None:
        """Listen to the new engine."""
        event.listen(engine, "do_connect", self.connect)
        event.listen(engine, "handle_error", say_lost)

    def connect(self, dialect: Any, _record: object, args: Any, options: Any) -> Any:
        """Return a connection of the driver, as soon as the database accepts one."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                connection = dialect.connect(*args, **options)
            except dialect.loaded_dbapi.OperationalError:
                if time.monotonic() > deadline:
                    raise
                # This is a thread of Buildbot's pool for the database.
                time.sleep(_PAUSE_SECONDS)
            else:
                self.patience = PATIENCE_SECONDS
                return connection


def say_lost(context: ExceptionContext) -> None:
    """Raise the error of a lost connection in the words after which Buildbot tries again."""
    error = context.sqlalchemy_exception
    if context.is_disconnect and not context.is_pre_ping and error is not None:
        lost = Exception(f"{_WORDS}: {error}")
        raise sqlalchemy.exc.OperationalError(
            context.statement, None, lost, connection_invalidated=True
        ) from context.original_exception
