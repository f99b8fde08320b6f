"""Write the fragment of ``master.cfg`` that ships a repository."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .plan import Plan
from .service import Service

FRAGMENT = "ship.cfg"
_TEXT = """\
# Ships {name} from a Buildbot master.  Append this file to its master.cfg, after the workers:
#
#   cat {file} >> MASTER/master.cfg
#
# `buildbot-ship adopt MASTER` says what else the master needs.

from buildbot.plugins import changes, schedulers, util

SHIP_GIT_URL = {git_url}
SHIP_BRANCH = {branch}
# Each needs git, the Docker socket and buildbot-ship in its environment.
SHIP_WORKERS = [each.workername for each in c["workers"]]
# Options of every step.  Without credentials, `docker login` of the worker is used:
# "credentials": {{{host}: ("user", util.Secret("registry-password"))}}
SHIP_OPTIONS = {{"no_cache": util.Property("no_cache", default=False)}}
SHIP_REQUIREMENTS = {requirements}
SHIP_IMAGES = [
{images}]

# The Ship page fills in these parameters.
SHIP_REBUILD = [
    util.ChoiceStringParameter(
        "images",
        label="Images",
        choices=["all", *(image.name for image in SHIP_IMAGES)],
        default="all",
    ),
    util.BooleanParameter("no_cache", label="Rebuild without the cache", default=False),
]
SHIP_PROMOTION = [
    util.StringParameter("image_repository", label="Repository", size=60, regex=r"\\S+\\Z"),
    util.StringParameter("image", label="Digest or commit", size=80, regex=r"[0-9a-f:sh]+\\Z"),
    util.StringParameter(
        "channel", label="Channel", default="production", regex=r"[\\w.-]+\\Z"
    ),
    util.StringParameter(
        "expected", label="Digest that it must name now (empty: any)", default="", size=80
    ),
]
SHIP_NO_SOURCE = util.CodebaseParameter(
    "", hide=True, branch="", revision="", repository="", project=""
)

# For each builder, its factory and the options of its force scheduler.
for name, (factory, forced) in {{
    {ship}: (
        util.ship_factory(
            SHIP_GIT_URL, SHIP_IMAGES, branch=SHIP_BRANCH, **SHIP_REQUIREMENTS, **SHIP_OPTIONS
        ),
        {{"properties": SHIP_REBUILD}},
    ),
    {harden}: (
        util.harden_factory(
            SHIP_GIT_URL, branch=SHIP_BRANCH, **SHIP_REQUIREMENTS, **SHIP_OPTIONS
        ),
        {{}},
    ),
    # Sets a channel, such as the tag "production", to an image that is published.
    {promote}: (
        util.promote_factory(**SHIP_OPTIONS),
        {{"properties": SHIP_PROMOTION, "codebases": [SHIP_NO_SOURCE]}},
    ),
}}.items():
    c.setdefault("builders", []).append(
        util.BuilderConfig(
            name=name, workernames=SHIP_WORKERS, factory=factory, collapseRequests=False
        )
    )
    c.setdefault("schedulers", []).append(
        schedulers.ForceScheduler(name=f"force-{{name}}", builderNames=[name], **forced)
    )
c["schedulers"].append(
    schedulers.SingleBranchScheduler(
        name={on_commit},
        change_filter=util.ChangeFilter(repository=SHIP_GIT_URL, branch=SHIP_BRANCH),
        builderNames=[{ship}],
    )
)
sources = c.get("change_source", [])
c["change_source"] = [
    *(sources if isinstance(sources, (list, tuple)) else [sources]),
    changes.GitPoller(SHIP_GIT_URL, branches=[SHIP_BRANCH], pollInterval=60),
]
# The buttons of the Ship page: for each builder that publishes, the force schedulers.
page = c.setdefault("www", {{}}).setdefault("plugins", {{}}).setdefault("ship", {{}})
page.setdefault("rebuild", {{}})[{ship}] = {force_ship}
page.setdefault("promote", {{}})[{ship}] = {force_promote}
"""


def fragment_text(plan: Plan, git_url: str, branch: str) -> str:
    """Return the fragment.  It extends the dictionary ``c``."""
    host = plan.wishes.registry.partition("/")[0]
    return _TEXT.format(
        name=plan.name,
        file=FRAGMENT,
        git_url=_quoted(git_url),
        branch=_quoted(branch),
        host=_quoted(host),
        requirements=_requirements(plan),
        images="".join(_image(plan, service) for service in plan.services),
        ship=_quoted(f"ship-{plan.name}"),
        harden=_quoted(f"harden-{plan.name}"),
        promote=_quoted(f"promote-{plan.name}"),
        force_ship=_quoted(f"force-ship-{plan.name}"),
        force_promote=_quoted(f"force-promote-{plan.name}"),
        on_commit=_quoted(f"ship-{plan.name}-on-commit"),
    )


def _requirements(plan: Plan) -> str:
    options: dict[str, Any] = {"packages": list(plan.pins.packages)}
    for name, value in plan.pins.loose_options:
        if name != "package":
            options[name] = value
    return _quoted(options)


def _image(plan: Plan, service: Service) -> str:
    option, value = service.entry
    smoke = {"containers": [{"name": service.name}], "checks": [service.check]}
    fields = {
        "name": service.name,
        "repository": f"{plan.wishes.registry}/{service.name}",
        "pex": service.pex,
        "requirements": list(service.requirements),
        option: value,
        "smoke": smoke,
    }
    lines = (f"        {name}={_quoted(value)},\n" for name, value in fields.items())
    return f"    util.ShipImage(\n{_joined(lines)}    ),\n"


def _joined(lines: Iterable[str]) -> str:
    return "".join(lines)


def _quoted(value: object) -> str:
    """Return *value*, of strings and numbers, as Python writes it with double quotes."""
    return json.dumps(value, ensure_ascii=False)
