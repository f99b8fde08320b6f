"""The options of ``smoke``, and the request that they make.

Their order matters: options of a container follow it, and so do those of a check.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InvalidRequest
from ..model import request as requests
from ..model.request.smoke import MAX_SECRET

Options = argparse.Namespace
Parser = argparse.ArgumentParser
Ordered = list[tuple[str, str]]


class _InOrder(argparse.Action):
    """Append the option and its value to a list of all options, in their order."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: Options,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add one option."""
        ordered = [*(getattr(namespace, "ordered", None) or ()), (self.dest, values or "")]
        namespace.ordered = ordered


def add_smoke_options(sub: Parser) -> None:
    """Add the options of ``smoke``."""
    sub.set_defaults(ordered=[])
    containers = sub.add_argument_group("containers", "NAME is the DNS name")
    _add(containers, "--container", "NAME", "a container; options below are for the last one")
    _add(containers, "--image", "IMAGE", "image of the build, or any reference (NAME)")
    _add(containers, "--argument", "WORD", "an argument for its entry point; repeatable")
    _add(containers, "--env", "NAME=VALUE", "an environment variable; repeatable")
    _add(containers, "--secret", "PATH=FILE", "mount FILE as PATH in it; repeatable")
    _add(containers, "--volume", "PATH", "an empty, writable folder; repeatable")
    _add(containers, "--user", "UID[:GID]", "run as this user")
    checks = sub.add_argument_group("checks", "all must pass")
    _add(checks, "--url", "URL", "http://NAME:PORT/PATH or tcp://NAME:PORT answers")
    _add(checks, "--command", "COMMAND", "a command in the last container succeeds")
    _add(checks, "--healthy", None, "the health check of the last container's image passes")
    _add(checks, "--exits", None, "the last container ends by itself")
    _add(checks, "--status", "N", "status that the last check expects (HTTP 200, exit 0)")
    _add(checks, "--text", "TEXT", "text that the last check expects")
    sub.add_argument("--revision", default="HEAD", help="the commit to test (HEAD)")
    sub.add_argument(
        "--deadline", type=float, default=30, help="seconds in which all checks must pass (30)"
    )
    sub.add_argument(
        "--settle", type=float, default=0.5, help="seconds to keep running after that (0.5)"
    )


def _add(group: Any, option: str, metavar: str | None, text: str) -> None:
    nargs: dict[str, Any] = {"nargs": 0} if metavar is None else {"metavar": metavar}
    group.add_argument(option, action=_InOrder, default=argparse.SUPPRESS, help=text, **nargs)


def smoke_request(options: Options) -> requests.SmokeRequest:
    """Return the request of ``smoke``.  Raises InvalidRequest."""
    containers: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    for option, value in options.ordered:
        if option == "container":
            containers.append({"name": value})
        elif option in ("url", "command", "healthy", "exits"):
            checks.append(_check(option, value, containers))
        elif option in ("status", "text"):
            _last(checks, option, "a check")[option] = _number(value, option)
        else:
            _set(_last(containers, option, "--container"), option, value)
    test = requests.SystemTest(
        tuple(requests.SmokeContainer(**fields) for fields in containers),
        tuple(requests.SmokeCheck(**fields) for fields in checks),
        options.deadline,
        options.settle,
    )
    return requests.SmokeRequest((test,), options.revision)


def _last(items: list[dict[str, Any]], option: str, after: str) -> dict[str, Any]:
    if not items:
        raise InvalidRequest(f"--{option}", f"it must follow {after}")
    return items[-1]


def _number(value: str, option: str) -> str | int:
    if option == "text":
        return value
    if not value.isdecimal():
        raise InvalidRequest("--status", f"{value!r} is not a number")
    return int(value)


def _check(option: str, value: str, containers: list[dict[str, Any]]) -> dict[str, Any]:
    if option == "url":
        return {"url": value}
    container = _last(containers, option, "--container")["name"]
    given = tuple(shlex.split(value)) if option == "command" else True
    return {option: given, "container": container}


def _set(container: dict[str, Any], option: str, value: str) -> None:
    """Set an option of a container."""
    if option in ("image", "user"):
        container[option] = value
    elif option in ("argument", "volume"):
        field = f"{option}s"
        container[field] = (*container.get(field, ()), value)
    elif option == "env":
        name, value = _pair(option, value, "NAME=VALUE")
        container.setdefault("environment", {})[name] = value
    else:
        path, file = _pair(option, value, "PATH=FILE")
        container.setdefault("secrets", {})[path] = read_secret(file, "--secret")


def _pair(option: str, text: str, form: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (equals and left):
        raise InvalidRequest(f"--{option}", f"{text!r} is not of the form {form}")
    return left, right


def read_secret(file: str, option: str) -> str:
    """Return the text of a secret in *file*, which *option* names.  Raises InvalidRequest."""
    path = Path(file).expanduser()
    try:
        with path.open(encoding="utf-8") as opened:
            return opened.read(MAX_SECRET + 1)
    except OSError as error:
        raise InvalidRequest(option, f"{path}: {error.strerror}") from None
    except ValueError:
        raise InvalidRequest(option, f"{path} is not a text in UTF-8") from None
