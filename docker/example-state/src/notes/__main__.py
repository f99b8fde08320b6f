"""The commands: notes [serve], notes backup FILE, notes restore FILE."""

import argparse
import signal
import sqlite3
import sys
from pathlib import Path

from notes import database, web

DATA = Path("/data")


def main() -> None:
    """Run a command; an expected error is one line on standard error and status 1."""
    parser = argparse.ArgumentParser("notes", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="the mounted volume")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("command", nargs="?", choices=("serve", "backup", "restore"))
    parser.add_argument("file", nargs="?", type=Path)
    options = parser.parse_args()
    if (options.command in ("backup", "restore")) != (options.file is not None):
        parser.error("backup and restore need a file, serve needs none")
    # Until the server runs, a SIGTERM ends the process and rolls a migration back.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if options.command == "backup":
            database.backup(options.data, options.file)
        elif options.command == "restore":
            database.lock(options.data)
            database.restore(options.data, options.file)
        else:
            web.serve(options.data, options.port)
    except (database.DataError, sqlite3.Error, OSError) as error:
        sys.exit(f"notes: {error}")


if __name__ == "__main__":
    main()
