"""Options of the verbs that read lock files."""

from __future__ import annotations

import argparse

Parser = argparse.ArgumentParser


def add_lock_options(sub: Parser) -> None:
    """Add the options of all verbs that read the strict file."""
    sub.add_argument(
        "--strict", default="requirements.strict.txt", help="the strict file (%(default)s)"
    )
    sub.add_argument(
        "--build-lock", default="requirements.build.txt", help="the build lock (%(default)s)"
    )
    sub.add_argument(
        "--build-dockerfile", default="build.docker", help="names the build base (%(default)s)"
    )
    sub.add_argument(
        "--package",
        action="append",
        default=[],
        help="folder of one of your own packages; repeatable",
    )
    for option in ("extra", "group"):
        help = f"{option} of a lock file or a pyproject.toml to include; repeatable"
        sub.add_argument(f"--{option}", action="append", default=[], help=help)


def add_harden_options(sub: Parser) -> None:
    """Add the options of ``harden``."""
    add_loose_options(sub)
    words = "packages to upgrade: all, nothing, or names separated by commas (all)"
    sub.add_argument("--upgrade", default="all", metavar="WHAT", help=words)
    help = "accept no file that was uploaded less than DAYS ago (0)"
    sub.add_argument("--cooldown", type=float, default=0.0, metavar="DAYS", help=help)
    help = "a package that has no cooldown, for an urgent fix; repeatable"
    sub.add_argument(
        "--cooldown-except", action="append", default=[], metavar="NAME", help=help
    )


def add_loose_options(sub: Parser) -> None:
    """Add the options of the verbs that compare the strict file with the loose one."""
    sub.add_argument(
        "--loose", default="requirements.loose.txt", help="the loose file (%(default)s)"
    )
    add_lock_options(sub)
    for option, help in (
        ("no", "to build from sdists"),
        ("only", "to install from wheels only"),
    ):
        sub.add_argument(
            f"--{option}-binary",
            action="append",
            metavar="NAMES",
            help=f"packages {help}: :all:, :none: or names separated by commas; repeatable",
        )


def add_export_options(sub: Parser) -> None:
    """Add the options of ``lock``."""
    sub.add_argument("action", choices=("export",), help="the action")
    sub.add_argument(
        "--strict", default="requirements.strict.txt", help="the strict file (%(default)s)"
    )
    sub.add_argument("--output", default="pylock.toml", help="file to write (%(default)s)")
    sub.add_argument(
        "--build-dockerfile", default="build.docker", help="names the build base (%(default)s)"
    )
