"""What resolves requirements in this job, and what installs those of build backends."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend_answers import Installer
from cooldown import Cooldown
from distribution_formats import Formats
from index import HARDENING, Index, Unreachable
from job import Failed, index_environment, say
from own_requirements import NO_VERSION
from pip_settings import pip_is_configured
from resolver import PipCompile, Resolver, Uv, only_wheels, uv_settings


@dataclass(frozen=True)
class Means:
    """What resolves requirements, and what installs those of build backends."""

    index: Index
    resolver: Resolver
    installer: Installer


def find_means(
    arguments: Mapping[str, Any], cooldown: Cooldown, job: Path, scratch: Path
) -> Means:
    """Return uv, or pip if the build base configures pip; build backends get wheels only.

    Raises Failed if the index does not answer.
    """
    configured = pip_is_configured(os.environ)
    online = index_environment(arguments["index"], job)
    dated = online | cooldown.environment()
    index = Index(
        arguments["index"], {**dated, **NO_VERSION}, HARDENING, Formats.of(arguments).admits
    )
    require_answers(index)
    pip = PipCompile({**dated, "PIP_ONLY_BINARY": ":none:"})
    settings = uv_settings(arguments["index"], index.urls[0], cooldown, scratch)
    os.environ.update(only_wheels(settings, scratch))
    if configured:
        say("the build base has settings of pip: pip-compile resolves")
        return Means(index, pip, "pip")
    return Means(index, Uv(online | settings, cooldown, pip), "uv")


def require_answers(index: Index) -> None:
    """Raise Failed if the index does not answer: pip waits without end for a slow one."""
    try:
        index.files("pip")
    except Unreachable:
        raise
    except Failed as failed:
        # An index may refuse this package, and have all others.
        if failed.transient:
            raise
