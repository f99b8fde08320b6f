"""docs/commands.md, written from the parsers of the command line."""

from __future__ import annotations

import argparse
import re

from buildbot_ship.cli.options import make_parser
from buildbot_ship.cli.questions.completion import OTHER_WORDS

COMMON = "options of every verb"
HEAD = """\
# The commands

<!-- docs/build --commands writes this page: do not edit it. -->

`buildbot-ship` runs on your laptop what the [steps](steps/README.md) run on a worker.
Install it from a clone of this repository with `pip install '.[cli]'`.
`buildbot-ship VERB --help` shows the same options as this page, and `buildbot-ship --version`
the version.
"""
STEPS = {
    "retag": "RetagBase",
    "derive": "DeriveBase",
    "pin": "PinBase",
    "propose": "ProposeChange",
    "harden": "HardenRequirements",
    "check": "CheckRequirements",
    "check-secrets": "CheckSecrets",
    "find": "FindPublished",
    "wheels": "BuildWheels",
    "pex": "BuildPex",
    "image": "BuildRuntimeImage",
    "smoke": "SmokeTest",
    "push": "PushTagged",
    "promote": "PromoteImage",
    "gc": "CollectGarbage",
    "verify": "VerifyReproducible",
}
"""The step of each verb that has one; its page explains the verb, too."""
OTHER_PAGES = {
    "lock": "[Lock files of other tools](locks.md)",
    "secrets": "[Secrets](secrets.md)",
    "build": "[Tutorial](tutorial.md#6-build-test-and-publish)",
    "affected": "[The Ship page](ship-page.md)",
    "doctor": "[The command line](command-line.md)",
    "completion": "[The command line](command-line.md)",
    "init": "[Ship your own application](init.md)",
    "adopt": "[Ship your own application](init.md#on-your-master)",
}
"""The page that explains a verb without a step."""


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every verb."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= action.choices
    return {**found, **programs()}


def programs() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command that is no verb: it makes no request."""
    return {word: make() for word, make in OTHER_WORDS.items()}


def page() -> str:
    """Return the text of docs/commands.md."""
    found = dict(sorted(parsers().items()))
    common = next(filter(None, map(_common_rows, found.values())))
    sections = [HEAD, _exit_status(), "## Options of every verb\n", _table(common)]
    return "\n".join([*sections, *(_section(*item) for item in found.items())])


def _common_rows(parser: argparse.ArgumentParser) -> list[str]:
    groups = (group for group in parser._action_groups if group.title == COMMON)
    return [row for group in groups for row in _rows(group)]


def _exit_status() -> str:
    text = make_parser().epilog or ""
    status = re.search(r"^Exit status: (.+?)\Z", text, re.M | re.S)
    words = " ".join(status[1].split()) if status else ""
    return f"Exit status: {words} [Errors](errors.md) has the table.\n"


def _section(verb: str, parser: argparse.ArgumentParser) -> str:
    about = _marked(" ".join((parser.description or "").split()))
    page = (
        f"[{STEPS[verb]}](steps/{STEPS[verb]}.md)" if verb in STEPS else OTHER_PAGES.get(verb)
    )
    parts = [f"## {verb}\n", f"{about}{f' See {page}.' if page else ''}\n", _example(parser)]
    plain = [row for group in parser._action_groups[:2] for row in _rows(group)]
    parts += [_table(plain)] if plain else []
    for group in parser._action_groups[2:]:
        if group.title != COMMON:
            title = f"{str(group.title).capitalize()}: {group.description}\n"
            parts += [title, _table(_rows(group))]
    return "\n".join(filter(None, parts))


def _example(parser: argparse.ArgumentParser) -> str:
    lines = (parser.epilog or "").partition("example:\n")[2].splitlines()
    code = "\n".join(line.removeprefix("  ") for line in lines)
    return f"```sh\n{code}\n```\n" if code else ""


def _table(rows: list[str]) -> str:
    return "\n".join(["| option | meaning |", "|---|---|", *rows, ""])


def _rows(group: argparse._ArgumentGroup) -> list[str]:
    actions = [a for a in group._group_actions if not isinstance(a, argparse._HelpAction)]
    return [f"| `{_name(action)}` | {_meaning(action)} |" for action in actions]


def _name(action: argparse.Action) -> str:
    """Return the spelling of an option and its value, or of an argument."""
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"{value}{' ...' if action.nargs in ('+', '*') else ''}"
    return f"{action.option_strings[-1]} {value}".strip()


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("%(default)s", str(action.default))
    choices = ", ".join(f"`{choice}`" for choice in action.choices or ())
    needed = "required" if action.required and action.option_strings else ""
    return "; ".join(filter(None, [_marked(text), choices and f"one of {choices}", needed]))


def _marked(text: str) -> str:
    """Return a text as Markdown: options and variables are code, and nothing else is markup."""
    parts = re.split(r"((?<![\w`])(?:--[a-z-]+(?:=\S+)?|\$[A-Z_]+|\*\.\w+|:\w+:)(?!\w))", text)
    parts[::2] = [re.sub(r"([|*<>_])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"`{part}`" for part in parts[1::2]]
    return "".join(parts)
