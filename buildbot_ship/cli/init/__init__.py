"""`buildbot-ship init [FOLDER]`: write what a repository needs, and say what to do next.

It is no verb: it runs before anything is committed, and needs neither an engine nor a network.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import InvalidRequest, ShipError, printable
from ...model.project.commands import commands, on_a_master, trial
from ...model.project.files import without_password
from ...model.project.network import shell_commands
from ...model.project.plan import Plan, Wishes, make_plan
from ...model.project.python import PYTHONS
from ...model.project.texts import new_files
from ..options import make_question_parser
from ..output.failure import print_failure
from .folder import KEPT, WOULD_WRITE, Folder

_GIT_URL = "https://git.example.com/team/{name}.git"
_NO_REMOTE = (
    "no remote named origin: set SHIP_GIT_URL in ship.cfg, or use --git-url; "
    "--source below must be the same URL"
)
_NO_LOGIN = (
    "the login in the URL of the repository is left out of ship.cfg: give it to the git of the "
    "master and of the workers, for example by a credential helper"
)


def run_init(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Write the files and print the next steps; return the exit status."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    folder = Folder(Path(options.folder).resolve())
    try:
        plan = make_plan(folder.files(), folder.name, _wishes(options))
        origin = options.git_url or folder.remote()
        known = without_password(origin)
        url = known or _GIT_URL.format(name=plan.name)
        texts = new_files(plan, url, options.branch or folder.branch(), environment)
        state = _write(folder, texts, dry_run=options.dry_run)
        if not known:
            print(_NO_REMOTE)
        elif known != origin:
            print(_NO_LOGIN)
        for line in (*_found(plan), *state, *_next(plan, folder, texts, url, environment)):
            print(printable(line))
    except ShipError as error:
        return print_failure("init", error)
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = make_question_parser("init")
    add = parser.add_argument
    add("folder", nargs="?", default=".", help="top folder of the repository (.)")
    add("--registry", required=True, metavar="REPOSITORIES", help="where your repositories are")
    add("--python", choices=PYTHONS[::-1], help="Python of the images (the newest that fits)")
    entry = "what an image runs: module:application, a console script or a module; repeatable"
    add("--entry", action="append", default=[], metavar="[IMAGE=]WHAT", help=entry)
    port = "port on which an image listens (8000 for a web application); repeatable"
    add("--port", action="append", default=[], metavar="[IMAGE=]PORT", help=port)
    upstream = "where the public base images are (%(default)s)"
    add("--upstream", default="docker.io/library", metavar="REPOSITORIES", help=upstream)
    for name, kind in (("build", "wheels are built in"), ("runtime", "images begin with")):
        help = f"own base that {kind}, with its timestamp tag (a copy to make)"
        add(f"--{name}-base", metavar="REFERENCE", help=help)
    add("--git-url", metavar="URL", help="URL of the repository (that of origin)")
    add("--branch", help="branch that is shipped (the current one)")
    add("--dry-run", action="store_true", help="write nothing, and print the files")
    return parser


def _wishes(options: argparse.Namespace) -> Wishes:
    entries = dict(_pair(text) for text in options.entry)
    ports = dict(_pair(text) for text in options.port)
    for port in ports.values():
        if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise InvalidRequest("--port", f"{port!r} is not a port: write 8000, or app=8000")
    return Wishes(
        options.registry.rstrip("/"),
        options.upstream.rstrip("/"),
        options.python,
        options.build_base,
        options.runtime_base,
        entries,
        {image: int(port) for image, port in ports.items()},
    )


def _pair(text: str) -> tuple[str, str]:
    image, equals, value = text.rpartition("=")
    return (image, value) if equals else ("", text)


def _write(folder: Folder, texts: Mapping[str, str], *, dry_run: bool) -> list[str]:
    """Write the files, all of them before anything is printed; return what was done."""
    lines = []
    for path, text in texts.items():
        state = folder.write(path, text, dry_run=dry_run)
        why = ", which exists already; init would have written:" if state == KEPT else ""
        lines.append(f"{state} {path}{why}")
        if state in (KEPT, WOULD_WRITE):
            lines += [f"    {line}" for line in text.splitlines()]
    return lines


def _found(plan: Plan) -> Iterator[str]:
    yield f"Python {plan.python}; requirements: {plan.pins.source}"
    for service in plan.services:
        yield f"image {service.name}: {service.about}"
        if service.passed_over:
            yield f"  {service.passed_over}"
    for problem in plan.problems:
        yield f"before you go on, correct {problem}"


def _next(
    plan: Plan,
    folder: Folder,
    written: Iterable[str],
    url: str,
    environment: Mapping[str, str],
) -> Iterator[str]:
    """Yield what to do next."""
    yield "\nNext, in this order:\n"
    yield from _indented(shell_commands(environment))
    yield from _indented(commands(plan, written, url, is_repository=folder.is_repository))
    yield "\nThen run what was published:\n"
    yield from _indented(trial(plan))
    yield "\nOn a Buildbot master in the folder MASTER, whose interpreter is PYTHON:\n"
    yield from _indented(on_a_master())


def _indented(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield from (f"  {part}" for part in line.split("\n"))
