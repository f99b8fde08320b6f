"""The argument parsers of ``buildbot-ship``, and the options of every verb."""

from __future__ import annotations

import argparse

from ..model.request.settings import Limits, RegistryOptions
from .help_texts import PROGRAM_HELP, QUESTION_HELP, VERB_HELP, VERB_ORDER
from .verb_options import OPTIONS, Parser

MIB = 1024**2


class _Version(argparse.Action):
    """Print the version, and end."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Ask the installed package, which takes time that no other call has to spend."""
        from importlib import metadata  # noqa: PLC0415

        print(f"buildbot-ship {metadata.version('buildbot-ship')}")
        parser.exit()


def make_parser() -> Parser:
    """Return the parser of the command line: a subcommand with options for each verb.

    Questions are listed without their options: each has a parser of its own.
    """
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        "buildbot-ship",
        description=PROGRAM_HELP,
        epilog=VERB_ORDER,
        formatter_class=raw,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="print the version of buildbot-ship"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, (about, example) in VERB_HELP.items():
        sub = verbs.add_parser(
            verb,
            help=_summary(about),
            description=about,
            epilog=f"example:\n  {example}",
            formatter_class=raw,
            allow_abbrev=False,
        )
        OPTIONS[verb](sub)
        add_common_options(sub)
    for question, (about, _) in QUESTION_HELP.items():
        verbs.add_parser(question, help=_summary(about), add_help=False)
    return parser


def make_question_parser(question: str) -> Parser:
    """Return the parser of a question, without its options."""
    about, example = QUESTION_HELP[question]
    return Parser(
        f"buildbot-ship {question}",
        description=about,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _summary(about: str) -> str:
    """Return the first sentence of a help text."""
    return about.split(". ", maxsplit=1)[0].rstrip(".")


def limits_of(options: argparse.Namespace) -> Limits:
    """Return the limits in the options of every verb.  Raises InvalidRequest."""
    return Limits(
        memory=options.memory * MIB,
        processes=options.processes,
        seconds=options.seconds,
        disk=options.disk * MIB,
        cpus=options.cpus,
        open_files=options.open_files,
    )


def registries_of(options: argparse.Namespace) -> RegistryOptions:
    """Return how to reach registries.  Raises InvalidRequest."""
    return RegistryOptions(options.registry_ca_bundle, tuple(options.insecure_registry))


def make_step_parser(verbs: tuple[str, ...]) -> Parser:
    """Return the parser of the command that a Buildbot step runs."""
    parser = Parser("buildbot-ship")
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("--request", choices=["-"], required=True)
    parser.add_argument("--result", required=True)
    parser.add_argument("--checkout", default=".")
    return parser


def add_common_options(sub: Parser) -> None:
    """Add the options of every verb."""
    group = sub.add_argument_group("options of every verb")
    group.add_argument("--checkout", default=".", help="folder of the repository (.)")
    group.add_argument("--work", help="work folder (CHECKOUT.ship)")
    group.add_argument("--result", metavar="FILE", help="write the result to FILE as JSON")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument("--index-url", help="URL of the package index ($PIP_INDEX_URL)")
    group.add_argument(
        "--extra-index-url",
        action="append",
        default=[],
        help="URL of an additional package index; repeatable",
    )
    group.add_argument("--proxy", help="HTTP proxy for the index ($HTTPS_PROXY)")
    group.add_argument(
        "--ca-bundle", help="file with CA certificates for the index ($PIP_CERT)"
    )
    group.add_argument(
        "--registry-ca-bundle", help="file with more CA certificates to trust for registries"
    )
    group.add_argument(
        "--insecure-registry",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="registry that speaks plain HTTP; repeatable",
    )
    group.add_argument(
        "--cache", metavar="REPOSITORY", help="repository of the cache that workers share"
    )
    group.add_argument(
        "--untrusted",
        action="store_true",
        help="build code of strangers: publish nothing, write no shared cache, and use a work "
        "folder apart from that of trusted builds",
    )
    group.add_argument("--no-cache", action="store_true", help="ignore all caches")
    group.add_argument(
        "--memory", type=int, default=4096, help="memory of a container in MiB (4096)"
    )
    group.add_argument(
        "--processes", type=int, default=1024, help="processes in a container (1024)"
    )
    group.add_argument(
        "--seconds", type=int, default=3600, help="time limit of a container, in seconds (3600)"
    )
    group.add_argument(
        "--disk", type=int, default=16384, help="disk space of a container in MiB (16384)"
    )
    group.add_argument("--cpus", type=float, default=4, help="CPUs of a container (4)")
    group.add_argument(
        "--open-files", type=int, default=16384, help="open files of a process (16384)"
    )
