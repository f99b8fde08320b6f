"""Write the files that a repository needs to ship."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping

from ..tag import NO_BASE
from .fragment import FRAGMENT, fragment_text
from .pins import LOOSE
from .plan import Plan
from .service import Service

BUILD = "build.docker"
_IGNORED = f"""\
# What COPY leaves out of an image.  It copies files of the commit only.
.*
*.docker
*.lock
{FRAGMENT}
requirements*
docs
test
tests
"""
_BUILD = """\
# The base that wheels are built in: your own copy of a public image.
"""
_UNKNOWN = """\
# A tag of 1970 stands for none: `buildbot-ship retag` copies the base; `pin` writes its tag.
"""


def new_files(
    plan: Plan, git_url: str, branch: str, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the texts of all files to write, by path; see `fragment_text`."""
    texts = {LOOSE: plan.pins.text} if plan.pins.text else {}
    texts[BUILD] = f"{_BUILD}{_from(plan.build_base)}"
    for service in plan.services:
        texts[f"{service.name}.docker"] = _dockerfile(plan, service)
    if any(service.copies == "" for service in plan.services):
        texts[".dockerignore"] = _IGNORED
    texts[FRAGMENT] = fragment_text(plan, git_url, branch, environment)
    return texts


def _from(base: str) -> str:
    unknown = _UNKNOWN if base.endswith(f":{NO_BASE}") else ""
    return f"{unknown}FROM {base}\n"


def _dockerfile(plan: Plan, service: Service) -> str:
    lines = [_from(plan.runtime_base).rstrip("\n"), f"COPY {service.pex} /"]
    if service.copies is not None:
        source = f"{service.copies}/" if service.copies else "."
        inside = posixpath.relpath(service.root or ".", service.copies or ".")
        root = posixpath.normpath(f"/app/{inside}")
        lines += [f"COPY {source} /app/", f"ENV PYTHONPATH={root}", "WORKDIR /app"]
    lines.append("USER 65534:65534")
    if service.port:
        lines.append(f"EXPOSE {service.port}")
    command = json.dumps([f"/{service.pex}", *service.arguments])
    return "\n".join([*lines, f"ENTRYPOINT {command}", ""])
