"""What ``buildbot-ship --help`` teaches: every verb, its options, an example."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..model.request import CONFLICTS, LAYOUTS, MISSING_LIBRARIES
from .help_texts import ABOUT, ORDER, TOP

Parser = argparse.ArgumentParser


def make_parser() -> Parser:
    """Return the parser of what people type."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        "buildbot-ship",
        description=TOP,
        epilog=ORDER,
        formatter_class=raw,
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, (about, example) in ABOUT.items():
        sub = verbs.add_parser(
            verb,
            help=about.split(". ")[0].rstrip("."),
            description=about,
            epilog=f"example:\n  {example}",
            formatter_class=raw,
            allow_abbrev=False,
        )
        OPTIONS[verb](sub)
        _common(sub)
    return parser


def make_step_parser(verbs: tuple[str, ...]) -> Parser:
    """Return the parser of what a Buildbot step runs."""
    parser = Parser("buildbot-ship")
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("--request", choices=["-"], required=True)
    parser.add_argument("--result", required=True)
    parser.add_argument("--checkout", default=".")
    return parser


def _common(sub: Parser) -> None:
    sub.add_argument("--checkout", default=".", help="the repository (here)")
    sub.add_argument("--work", help="folder for what verbs leave (CHECKOUT.ship beside it)")
    sub.add_argument("--result", metavar="FILE", help="write the result there, as JSON")
    sub.add_argument("--json", action="store_true", help="print the result as JSON")
    sub.add_argument("--index-url", help="the package index ($PIP_INDEX_URL)")
    sub.add_argument("--extra-index-url", action="append", default=[], help="one more")
    sub.add_argument("--proxy", help="HTTP proxy to the index ($HTTPS_PROXY)")
    sub.add_argument("--ca-bundle", help="CA certificates for the index ($PIP_CERT)")
    sub.add_argument("--cache", metavar="REPOSITORY", help="the cache that workers share")
    sub.add_argument("--untrusted", action="store_true", help="never write what others read")
    sub.add_argument("--no-cache", action="store_true", help="make everything again")
    sub.add_argument("--memory", type=int, default=4096, help="MiB for a container (4096)")
    sub.add_argument("--processes", type=int, default=1024, help="in a container (1024)")
    sub.add_argument("--seconds", type=int, default=3600, help="for a container (3600)")
    sub.add_argument("--disk", type=int, default=16384, help="MiB it may write (16384)")


def _revision(sub: Parser) -> None:
    sub.add_argument("--revision", default="HEAD", help="the commit (HEAD)")


def _files(sub: Parser) -> None:
    sub.add_argument("--strict", default="requirements.strict.txt", help="the strict file")
    sub.add_argument("--build-lock", default="requirements.build.txt", help="the build lock")
    sub.add_argument("--build-dockerfile", default="build.docker", help="pins the build base")
    sub.add_argument(
        "--package", action="append", default=[], help="folder of an own package; repeatable"
    )


def _entry(sub: Parser) -> None:
    sub.add_argument("--module", help="what the pex runs, as python -m would")
    sub.add_argument("--script", help="what the pex runs, a console script")
    sub.add_argument(
        "--layout",
        default="layered",
        choices=LAYOUTS,
        help="plain trees, or one file (layered)",
    )
    sub.add_argument(
        "--conflicts",
        default="report",
        choices=CONFLICTS,
        help="where packages ship one file with different content (report)",
    )


def _dockerfile(sub: Parser) -> None:
    sub.add_argument("--dockerfile", help="the image's Dockerfile (IMAGE.docker)")
    sub.add_argument("--source", help="URL of the repository, for the image's label")
    sub.add_argument(
        "--missing-libraries",
        default="report",
        choices=MISSING_LIBRARIES,
        help="what follows where the image lacks a shared library (report)",
    )


def _retag(sub: Parser) -> None:
    sub.add_argument("copies", nargs="+", metavar="SOURCE=DESTINATION")
    ways = ["auto", "registry", "engine"]
    sub.add_argument("--through", default="auto", choices=ways, help="which way (auto)")


def _derive(sub: Parser) -> None:
    sub.add_argument("bases", nargs="+", metavar="DOCKERFILE=REPOSITORY")
    _revision(sub)
    sub.add_argument("--older-than-days", type=float, default=7, help="build anew (7)")
    sub.add_argument("--source", help="URL of the repository, for the image's label")


def _pin(sub: Parser) -> None:
    sub.add_argument("dockerfiles", nargs="*", metavar="DOCKERFILE")


def _propose(sub: Parser) -> None:
    sub.add_argument("topic", help="what it is about, as a part of the branch's name")
    sub.add_argument("files", nargs="+", metavar="PATTERN", help="files, if they changed")
    sub.add_argument("--message", required=True, help="the first line of the commit's message")
    sub.add_argument("--target", default="main", help="the branch that it is for (main)")
    sub.add_argument("--remote", default="origin", help="name or URL of the server (origin)")
    sub.add_argument("--prefix", default="ship/", help="how the branch begins (ship/)")
    nobody = "buildbot-ship <buildbot-ship@localhost>"
    sub.add_argument("--author", default=nobody, help="Name <mail> of the commit")
    sub.add_argument("--push-option", action="append", default=[], help="for the server")
    sub.add_argument("--again", action="store_true", help="even if its branch was deleted")


def _harden(sub: Parser) -> None:
    _loose(sub)
    words = "all, nothing, or names separated by commas (all)"
    sub.add_argument("--upgrade", default="all", metavar="WHAT", help=words)


def _loose(sub: Parser) -> None:
    sub.add_argument("--loose", default="requirements.loose.txt", help="the loose file")
    _files(sub)
    for option, help in (("no", "built from sdists"), ("only", "that come as wheels only")):
        sub.add_argument(
            f"--{option}-binary",
            action="append",
            metavar="NAMES",
            help=f"packages {help}: :all:, :none: or names separated by commas; repeatable",
        )


def _check(sub: Parser) -> None:
    _revision(sub)
    _loose(sub)


def _wheels(sub: Parser) -> None:
    _revision(sub)
    _files(sub)


def _pex(sub: Parser) -> None:
    sub.add_argument("name", help="file name, as the Dockerfile copies it")
    sub.add_argument("requirements", metavar="PACKAGE,PACKAGE", help="without versions")
    _entry(sub)
    _revision(sub)


def _image(sub: Parser) -> None:
    sub.add_argument("image", help="name of the image")
    _dockerfile(sub)
    _revision(sub)


def _push(sub: Parser) -> None:
    sub.add_argument("image", help="name of the image")
    sub.add_argument("repository", help="where it is published")
    _revision(sub)


def _gc(sub: Parser) -> None:
    sub.add_argument("--older-than-hours", type=float, default=24, help="images (24)")
    sub.add_argument("--tools-older-than-days", type=float, default=30, help="unused (30)")
    sub.add_argument("--cache-size", type=int, default=10240, help="MiB it may hold (10240)")


def _build(sub: Parser) -> None:
    _made(sub, required=True)
    sub.add_argument("--to", help="publish images below this; without it nothing is pushed")


def _find(sub: Parser) -> None:
    _made(sub, required=True)
    sub.add_argument("--to", required=True, help="where images are published: below this")


def _verify(sub: Parser) -> None:
    _made(sub, required=False)


def _made(sub: Parser, *, required: bool) -> None:
    several: dict[str, Any] = {"action": "append", "required": required, "default": []}
    sub.add_argument("--pex", metavar="NAME=PACKAGE,PACKAGE", help="repeatable", **several)
    sub.add_argument("--image", help="name of an image; repeatable", **several)
    _entry(sub)
    _dockerfile(sub)
    _wheels(sub)


OPTIONS: dict[str, Callable[[Parser], None]] = {
    "retag": _retag,
    "derive": _derive,
    "pin": _pin,
    "propose": _propose,
    "harden": _harden,
    "check": _check,
    "find": _find,
    "wheels": _wheels,
    "pex": _pex,
    "image": _image,
    "push": _push,
    "gc": _gc,
    "build": _build,
    "verify": _verify,
}
