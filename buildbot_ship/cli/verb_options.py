"""The options of each verb, added to its subcommand's parser."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..model.request import CONFLICTS, LAYOUTS, MISSING_LIBRARIES
from . import secrets_arguments, smoke_arguments
from .lock_files.options import (
    add_export_options,
    add_harden_options,
    add_lock_options,
    add_loose_options,
)

Parser = argparse.ArgumentParser


def _revision(sub: Parser) -> None:
    sub.add_argument("--revision", default="HEAD", help="the commit to use (HEAD)")


def _build_secrets(sub: Parser) -> None:
    sub.add_argument(
        "--build-secret",
        action="append",
        default=[],
        metavar="ID=FILE",
        help="let RUN --mount=type=secret,id=ID read FILE; repeatable",
    )


def _pex_options(sub: Parser) -> None:
    sub.add_argument("--module", help="entry point of the pex, as for python -m")
    sub.add_argument("--script", help="entry point of the pex: a console script")
    sub.add_argument(
        "--layout",
        default="layered",
        choices=LAYOUTS,
        help="packages as layers of the image, or one file (layered)",
    )
    sub.add_argument(
        "--conflicts",
        default="report",
        choices=CONFLICTS,
        help="if packages ship the same file with different content (report)",
    )


def _image_options(sub: Parser) -> None:
    sub.add_argument("--dockerfile", help="Dockerfile of the image (IMAGE.docker)")
    help = "URL of the repository, for a label of the image; the same as on your master"
    sub.add_argument("--source", metavar="URL", help=help)
    sub.add_argument(
        "--missing-libraries",
        default="report",
        choices=MISSING_LIBRARIES,
        help="if the image lacks a shared library (report)",
    )
    _build_secrets(sub)


def _retag(sub: Parser) -> None:
    sub.add_argument(
        "copies", nargs="+", metavar="SOURCE=DESTINATION", help="base image=own repository"
    )
    ways = ["auto", "registry", "engine"]
    sub.add_argument("--through", default="auto", choices=ways, help="how to copy (auto)")


def _derive(sub: Parser) -> None:
    sub.add_argument(
        "bases", nargs="+", metavar="DOCKERFILE=REPOSITORY", help="Dockerfile=own repository"
    )
    _revision(sub)
    sub.add_argument(
        "--older-than-days",
        type=float,
        default=7,
        help="rebuild an unchanged base after this many days (7)",
    )
    help = "URL of the repository, for a label of the image"
    sub.add_argument("--source", metavar="URL", help=help)
    _build_secrets(sub)


def _pin(sub: Parser) -> None:
    sub.add_argument(
        "dockerfiles", nargs="*", metavar="DOCKERFILE", help="files to update (*.docker)"
    )


def _propose(sub: Parser) -> None:
    sub.add_argument("topic", help="topic, a part of the branch name")
    sub.add_argument(
        "files", nargs="+", metavar="PATTERN", help="files to commit if they changed"
    )
    sub.add_argument("--message", required=True, help="first line of the commit message")
    sub.add_argument("--target", default="main", help="branch to merge into (main)")
    sub.add_argument(
        "--remote", default="origin", help="name or URL of the git remote (origin)"
    )
    sub.add_argument("--prefix", default="ship/", help="start of the branch name (ship/)")
    author = "buildbot-ship <buildbot-ship@localhost>"
    sub.add_argument("--author", default=author, help="author of the commit: Name <mail>")
    sub.add_argument(
        "--push-option", action="append", default=[], help="git push option; repeatable"
    )
    sub.add_argument(
        "--again", action="store_true", help="propose again even if the branch was deleted"
    )


def _check(sub: Parser) -> None:
    _revision(sub)
    add_loose_options(sub)


def _wheels(sub: Parser) -> None:
    _revision(sub)
    add_lock_options(sub)


def _pex(sub: Parser) -> None:
    sub.add_argument("name", help="name of the file, as in the COPY line of the Dockerfile")
    sub.add_argument("requirements", metavar="PACKAGE,PACKAGE", help="names without versions")
    _pex_options(sub)
    _revision(sub)


def _image(sub: Parser) -> None:
    sub.add_argument("image", help="name of the image")
    _image_options(sub)
    _revision(sub)


def _push(sub: Parser) -> None:
    sub.add_argument("image", help="name of the image")
    sub.add_argument("repository", help="repository to push to, without a tag")
    sub.add_argument(
        "--tested", action="store_true", help="refuse an image that smoke has not tested"
    )
    _claim(sub)
    _revision(sub)


def _claim(sub: Parser) -> None:
    sub.add_argument(
        "--claim",
        default="",
        metavar="REMOTE",
        help="git remote for a ref that claims the tag, so that nobody else can push it",
    )
    help = "replace a claim that nobody uses any more, if the tag does not exist"
    sub.add_argument("--take-over", action="store_true", help=help)


def _promote(sub: Parser) -> None:
    sub.add_argument("repository", help="repository of the image, without a tag")
    sub.add_argument("image", help="digest of the image, or the full hash of its commit")
    sub.add_argument("--channel", default="production", help="tag to set (production)")
    sub.add_argument(
        "--expected", default="", metavar="DIGEST", help="what the channel must name now"
    )


def _gc(sub: Parser) -> None:
    help = "remove nothing, and show what would be removed, and why"
    sub.add_argument("--dry-run", action="store_true", help=help)
    sub.add_argument(
        "--older-than-hours",
        type=float,
        default=24,
        help="age of images of other work folders to remove (24)",
    )
    sub.add_argument(
        "--tools-older-than-days",
        type=float,
        default=30,
        help="age of unused tools images to remove (30)",
    )
    sub.add_argument(
        "--cache-size",
        type=int,
        default=10240,
        help="limit of the worker's cache in MiB (10240)",
    )


def _build(sub: Parser) -> None:
    _artefacts(sub, required=True)
    sub.add_argument("--to", help="push to TO/IMAGE; without it nothing is pushed")
    help = "show the plan: build nothing, and push nothing"
    sub.add_argument("--dry-run", action="store_true", help=help)
    _claim(sub)


def _find(sub: Parser) -> None:
    _artefacts(sub, required=True)
    sub.add_argument("--to", required=True, help="look for images in TO/IMAGE")
    sub.set_defaults(claim="", take_over=False, dry_run=False)


def _verify(sub: Parser) -> None:
    _artefacts(sub, required=False)


def _artefacts(sub: Parser, *, required: bool) -> None:
    several: dict[str, Any] = {"action": "append", "required": required, "default": []}
    sub.add_argument(
        "--pex", metavar="NAME=PACKAGE,PACKAGE", help="a pex to make; repeatable", **several
    )
    sub.add_argument("--image", help="name of an image to make; repeatable", **several)
    _pex_options(sub)
    _image_options(sub)
    _wheels(sub)


OPTIONS: dict[str, Callable[[Parser], None]] = {
    "retag": _retag,
    "derive": _derive,
    "pin": _pin,
    "propose": _propose,
    "harden": add_harden_options,
    "check": _check,
    "lock": add_export_options,
    "secrets": secrets_arguments.add_secrets_options,
    "check-secrets": secrets_arguments.add_check_secrets_options,
    "find": _find,
    "wheels": _wheels,
    "pex": _pex,
    "image": _image,
    "smoke": smoke_arguments.add_smoke_options,
    "push": _push,
    "promote": _promote,
    "gc": _gc,
    "build": _build,
    "verify": _verify,
}
