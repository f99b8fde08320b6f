"""Apply the instructions of a Dockerfile to the config that containers start with.

The rules are those of the classic builder; tests/engine/test_image.py compares the results.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidFile, Problem
from ..dockerfile.command import Cmd, Entrypoint, Healthcheck
from ..dockerfile.document import Dockerfile
from ..dockerfile.instruction import (
    Env,
    Expose,
    Instruction,
    Label,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from .base import Base

_DEFAULT_SHELL = ("/bin/sh", "-c")


def run_config(
    base: Base, dockerfile: Dockerfile, defaults: Mapping[str, str], facts: Mapping[str, str]
) -> dict[str, Any]:
    """Return the config of the base after all instructions.

    Later labels override earlier ones: base image, *defaults*, Dockerfile, *facts*.
    Raises InvalidFile for a base with ONBUILD triggers, which only docker runs.
    """
    config: dict[str, Any] = copy.deepcopy(base.run)
    if config.get("OnBuild"):
        text = (
            f"{dockerfile.base} has ONBUILD triggers, which only docker runs: use another base"
        )
        raise InvalidFile((Problem(dockerfile.file, dockerfile.base_line, text),))
    labels = {**(config.get("Labels") or {}), **defaults}
    for item in dockerfile.instructions:
        if isinstance(item, Label):
            labels.update(item.values)
        else:
            _apply(item, config)
    _set_commands(config, dockerfile)
    return {**config, "Labels": {**labels, **facts}}


def _apply(item: Instruction, config: dict[str, Any]) -> None:
    if isinstance(item, Env):
        config["Env"] = _environment(config.get("Env") or [], item)
    elif isinstance(item, Expose):
        _add(config, "ExposedPorts", item.ports)
    elif isinstance(item, Volume):
        _add(config, "Volumes", item.paths)
    elif isinstance(item, User):
        config["User"] = item.name
    elif isinstance(item, Workdir):
        config["WorkingDir"] = item.after(config.get("WorkingDir") or "/")
    elif isinstance(item, Stopsignal):
        config["StopSignal"] = item.signal
    elif isinstance(item, Healthcheck):
        config["Healthcheck"] = item.check


def _add(config: dict[str, Any], key: str, names: tuple[str, ...]) -> None:
    new: dict[str, dict[str, str]] = {name: {} for name in names}
    config[key] = {**(config.get(key) or {}), **new}


def _environment(before: list[str], item: Env) -> list[str]:
    """Return the variables with those of *item*; an existing one keeps its position."""
    variables = dict(entry.partition("=")[::2] for entry in before)
    variables.update(item.values)
    return [f"{name}={value}" for name, value in variables.items()]


def _set_commands(config: dict[str, Any], dockerfile: Dockerfile) -> None:
    """Set ENTRYPOINT and CMD; an ENTRYPOINT alone removes the CMD of the base image."""
    shell = config.get("Shell") or _DEFAULT_SHELL
    given: dict[type, list[str]] = {
        type(item): [*shell, *item.words] if item.for_shell else list(item.words)
        for item in dockerfile.instructions
        if isinstance(item, (Entrypoint, Cmd))
    }
    if Entrypoint in given:
        config["Entrypoint"] = given[Entrypoint]
        config.pop("Cmd", None)
    if Cmd in given:
        config["Cmd"] = given[Cmd]
