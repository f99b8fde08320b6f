"""`buildbot-ship doctor`: check everything that a build needs, and say what to do.

It is no verb: it builds nothing, and runs on the machine that it checks.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ...daemon.facts import has_image, query_facts
from ...errors import InvalidRequest, ShipError
from ...model.diagnosis.finding import Finding
from ...model.reference import Repository
from ...model.request import CheckRequest, Envelope
from ...registry.access import QUICK, RegistryAccess
from ...registry.client import RegistryClient
from ...registry.index_reader import read_index
from ...source.uncommitted import Uncommitted
from ...store.space import free_space
from ...verbs.doctor.doctor import doctor
from ...verbs.doctor.scene import DoctorOptions, Scene
from ..arguments import make_envelope
from ..call import print_line
from ..collaborators import Collaborators
from ..lock_files.options import add_loose_options
from ..lock_files.requests import check_request
from ..options import add_common_options, make_question_parser
from ..output.failure import print_failure
from ..output.result_file import write_result
from ..signals import Cancelled, handle_stop_signals

_WIDTH = 26
"""Columns for the name of a check; longer names take more."""
CANCELLED = 143


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = make_question_parser("doctor")
    help = "repository of an image: may this user push there? repeatable"
    parser.add_argument("--push", action="append", default=[], metavar="REPOSITORY", help=help)
    parser.add_argument("--to", default="", help="as for build: check a push to TO/IMAGE")
    help = "name of an image for --to; repeatable (each *.docker that copies a pex)"
    parser.add_argument("--image", action="append", default=[], help=help)
    add_loose_options(parser)
    add_common_options(parser)
    parser.set_defaults(revision="HEAD")
    return parser


def run_doctor(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    now: Callable[[], float] = time.time,
) -> int:
    """Print every finding; return 0, or 3 if one is a problem.

    *now* returns the time in seconds since 1970.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    handle_stop_signals()
    try:
        scene = _scene(options, environment, now)
    except ShipError as error:
        parser.exit(2, f"buildbot-ship doctor: {error}\n  remedy: {error.remedy}\n")
    try:
        report = doctor(scene, _ignore if options.json else _print)
    except Cancelled:
        return CANCELLED
    document = json.dumps(report.to_json(), indent=2)
    try:
        if options.result:
            write_result(Path(options.result), document)
    except InvalidRequest as error:
        return print_failure("doctor", error, aside=True)
    if options.json:
        print_line(document)
    else:
        print_line(f"doctor: {report.summary}")
    return report.exit_status


def _print(finding: Finding) -> None:
    for line in finding.lines(_WIDTH):
        print_line(line)


def _ignore(_: object) -> None:
    """Print nothing: with --json, the report comes at the end."""


def _scene(
    options: argparse.Namespace, environment: Mapping[str, str], now: Callable[[], float]
) -> Scene:
    """Return what the checks work with.  Raises InvalidRequest, InvalidReference."""
    checkout, lock = Path(options.checkout).resolve(), check_request(options)
    envelope = make_envelope(lock, options, checkout, environment)
    known = dict(environment)
    parts = Collaborators(envelope, checkout, known, _ignore)
    registries = envelope.registries
    return Scene(
        options=_options(options, envelope, lock, parts),
        now=now,
        engine=partial(query_facts, known),
        space=free_space,
        access=lambda: RegistryAccess.of((), registries, known),
        registry=lambda: RegistryClient((), registries, environment=known, policy=QUICK),
        read_index=partial(
            read_index, envelope.index, credentials=(), environment=known, log=_ignore
        ),
        files=parts.checkout_files,
        dockerfiles=lambda: parts.checkout_files.matching("*.docker"),
        commit=lambda: parts.tree("HEAD").commit,
        uncommitted=lambda: Uncommitted(str(checkout)).warning(),
        has_image=partial(has_image, known),
        work=parts.work,
    )


def _options(
    options: argparse.Namespace, envelope: Envelope, lock: CheckRequest, parts: Collaborators
) -> DoctorOptions:
    for name in options.image or ["app"]:
        Repository.parse(f"{options.to or 'localhost'}/{name}")
    cache = envelope.cache.repository
    bundles = {
        "--ca-bundle ($PIP_CERT)": envelope.index.ca_bundle,
        "--registry-ca-bundle": envelope.registries.ca_bundle,
        "$REQUESTS_CA_BUNDLE": os.environ.get("REQUESTS_CA_BUNDLE"),
    }
    return DoctorOptions(
        parts.checkout,
        parts.state,
        lock,
        tuple(Repository.parse(text) for text in options.push),
        options.to.rstrip("/"),
        tuple(options.image),
        Repository.parse(cache) if cache else None,
        envelope.index,
        {option: path for option, path in bundles.items() if path},
    )
