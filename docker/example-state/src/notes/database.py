"""The data of the service: one SQLite database, its migrations, backup and restore."""

import errno
import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

# Each migration has the schema of one version, and the oldest version of the code that still
# works on the result. Append to this list; never change what was released.
MIGRATIONS = [
    ("CREATE TABLE notes (key TEXT PRIMARY KEY, text TEXT NOT NULL)", 1),
]
# These name their columns. `INSERT OR REPLACE` would erase columns of a newer version.
STORE = """INSERT INTO notes (key, text) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET text = excluded.text"""
READ = "SELECT key, text FROM notes"
BUSY_SECONDS = 5
NAME = "notes.sqlite3"


class DataError(Exception):
    """The data cannot be used; the text says why and what to do."""


def lock(folder: Path) -> None:
    """Make this process the only writer; the kernel ends the lock with the process."""
    if not os.path.ismount(folder):
        raise DataError(f"no volume is mounted at {folder}: start with --volume NAME:{folder}")
    try:
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataError(f"another container uses {folder}: stop it first") from error
    except OSError as error:
        raise DataError(_reason(folder, error)) from error


def _reason(folder: Path, error: OSError) -> str:
    if error.errno == errno.EROFS:
        return f"the volume at {folder} is mounted read-only: remove :ro"
    if error.errno in (errno.EACCES, errno.EPERM):
        status, user = os.stat(folder), f"{os.getuid()}:{os.getgid()}"
        owner = f"{status.st_uid}:{status.st_gid}"
        other_user = f"start with --user {owner}, or " if status.st_uid else ""
        return (
            f"user {user} may not write to {folder}, which belongs to {owner}:"
            f" {other_user}change the owner to {user}"
        )
    return f"{folder} cannot be used: {error}"


def connect(folder: Path) -> sqlite3.Connection:
    """Open the database; a commit returns when the data is on the disk."""
    path = folder / NAME
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as error:
        connection.close()
        raise DataError(f"{path} cannot be opened: {error}") from error
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, in one transaction: all of it, or after a kill nothing."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("CREATE TABLE IF NOT EXISTS schema (version INTEGER, oldest INTEGER)")
        version, oldest = cursor.execute("SELECT * FROM schema").fetchone() or (0, 0)
        if oldest > len(MIGRATIONS):
            cursor.execute("ROLLBACK")
            raise DataError(
                f"the data needs version {oldest} of the schema, this image has version"
                f" {len(MIGRATIONS)}: start a newer image, or restore an older backup"
            )
        for statement, oldest in MIGRATIONS[version:]:
            cursor.execute(statement)
            cursor.execute("DELETE FROM schema")
            version += 1
            cursor.execute("INSERT INTO schema VALUES (?, ?)", (version, oldest))
        cursor.execute("COMMIT")


def backup(folder: Path, target: Path) -> None:
    """Write a consistent copy to *target*, also while the service writes."""
    if not (folder / NAME).exists():
        raise DataError(f"{folder} has no data: mount the volume of the service")
    partial = _new_file(target.with_name(f"{target.name}.partial"))
    with closing(connect(folder)) as source, closing(sqlite3.connect(partial)) as copy:
        source.backup(copy)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        check(copy, partial)
    _replace(partial, target)


def restore(folder: Path, source: Path) -> None:
    """Copy a backup into an empty volume."""
    target = folder / NAME
    if target.exists():
        raise DataError(f"{folder} has data already: restore into a new volume")
    if not source.is_file():
        raise DataError(f"{source} does not exist: mount the volume with the backup")
    partial = _new_file(folder / "notes.restored")
    # Read-only: the backup may be on a read-only volume, and SQLite must not make an empty one.
    address = f"{source.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as backed_up:
        check(backed_up, source)
        with closing(sqlite3.connect(partial)) as copy:
            backed_up.backup(copy)
    _replace(partial, target)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise DataError unless the file is an intact database of this service."""
    try:
        answers = [answer for (answer,) in connection.execute("PRAGMA integrity_check")]
        connection.execute("SELECT version FROM schema")
    except sqlite3.Error as error:
        answers = [str(error)]
    if answers != ["ok"]:
        raise DataError(f"{path} is damaged, or not a backup of notes: {answers[0]}")


def _new_file(path: Path) -> Path:
    try:
        path.unlink(missing_ok=True)
        path.touch()
    except OSError as error:
        raise DataError(_reason(path.parent, error)) from error
    return path


def _replace(partial: Path, target: Path) -> None:
    """Give a complete file its name, and make both survive a power failure."""
    _sync(partial)
    partial.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.close(file)
