"""Write the fragment of ``master.cfg`` that ships a repository."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .network import step_options
from .plan import Plan
from .service import Service

FRAGMENT = "ship.cfg"
_RETAG = """
        {name}: (
            util.retag_factory(
                {{{copies}
                }},
                **SHIP_OPTIONS,
            ),
            (4, 50),
        ),"""
_TEXT = """\
# Ships {name} from a Buildbot master.  Append this file to its master.cfg, after the workers:
#
#   cat {file} >> MASTER/master.cfg
#
# `buildbot-ship adopt MASTER` says what else the master needs: run it before and after.

from buildbot.plugins import changes, schedulers, util

SHIP_GIT_URL = {git_url}
SHIP_BRANCH = {branch}
# Each needs git, the Docker socket and buildbot-ship in its environment.
SHIP_WORKERS = [each.workername for each in BuildmasterConfig["workers"]]
# Options of every step.  Without credentials, `docker login` of the worker is used:
# "credentials": {{{host}: ("user", util.Secret("registry-password"))}}
SHIP_OPTIONS = {{
    "no_cache": util.Property("no_cache", default=False),{network}
}}
SHIP_REQUIREMENTS = {requirements}
SHIP_IMAGES = [
{images}]
# True: every night, {nightly},
# on branches ship/... for review.  The git of the workers must be allowed to push these.
SHIP_PROPOSALS = False

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
SHIP_BUILDERS = {{
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
}}
SHIP_NIGHTLY = {{}}
if SHIP_PROPOSALS:
    # For each builder of proposals, its factory, and the hour and minute when it runs.
    SHIP_NIGHTLY = {{{retag}
        {propose_bases}: (
            util.propose_bases_factory(SHIP_GIT_URL, branch=SHIP_BRANCH, **SHIP_OPTIONS),
            (5, 20),
        ),
        {propose_requirements}: (
            util.propose_requirements_factory(
                SHIP_GIT_URL, branch=SHIP_BRANCH, **SHIP_REQUIREMENTS, **SHIP_OPTIONS
            ),
            (5, 40),
        ),
    }}
    SHIP_BUILDERS |= {{
        name: (factory, {{"codebases": [SHIP_NO_SOURCE]}})
        for name, (factory, _) in SHIP_NIGHTLY.items()
    }}

# Keeps what the master has.  A poller of the same branch is not added again.
util.add_to_master(
    BuildmasterConfig,
    builders=[
        util.BuilderConfig(
            name=name, workernames=SHIP_WORKERS, factory=factory, collapseRequests=False
        )
        for name, (factory, _) in SHIP_BUILDERS.items()
    ],
    schedulers=[
        schedulers.SingleBranchScheduler(
            name={on_commit},
            change_filter=util.ChangeFilter(repository=SHIP_GIT_URL, branch=SHIP_BRANCH),
            builderNames=[{ship}],
        ),
        *(
            schedulers.ForceScheduler(name=f"force-{{name}}", builderNames=[name], **forced)
            for name, (_, forced) in SHIP_BUILDERS.items()
        ),
        *(
            schedulers.Nightly(
                name=f"{{name}}-nightly",
                builderNames=[name],
                branch=SHIP_BRANCH,
                hour=hour,
                minute=minute,
            )
            for name, (_, (hour, minute)) in SHIP_NIGHTLY.items()
        ),
    ],
    change_source=changes.GitPoller(
        SHIP_GIT_URL, name={ship}, branches=[SHIP_BRANCH], pollInterval=60
    ),
    # The buttons of the Ship page: the force scheduler for what each builder publishes.
    page={{
        "rebuild": {{{ship}: {force_ship}}},
        "promote": {{{ship}: {force_promote}}},
        "rebase": {{{ship}: {force_bases}}},
        "harden": {{{ship}: {force_requirements}}},
    }},
)
"""


def fragment_text(plan: Plan, git_url: str, branch: str, environment: Mapping[str, str]) -> str:
    """Return the fragment.  It extends the dictionary ``BuildmasterConfig``.

    *environment* has the variables of the network where ``init`` runs.
    """
    host = plan.wishes.registry.partition("/")[0]
    copied = "copy bases that changed upstream, and propose" if plan.copies else "propose"
    return _TEXT.format(
        name=plan.name,
        file=FRAGMENT,
        git_url=_quoted(git_url),
        branch=_quoted(branch),
        host=_quoted(host),
        network="".join(f"\n    {line}" for line in step_options(environment)),
        requirements=_requirements(plan),
        nightly=f"{copied} newer bases and requirements",
        retag=_retag(plan),
        images="".join(_image(plan, service) for service in plan.services),
        ship=_quoted(f"ship-{plan.name}"),
        harden=_quoted(f"harden-{plan.name}"),
        promote=_quoted(f"promote-{plan.name}"),
        force_ship=_quoted(f"force-ship-{plan.name}"),
        force_promote=_quoted(f"force-promote-{plan.name}"),
        propose_bases=_quoted(f"propose-bases-{plan.name}"),
        propose_requirements=_quoted(f"propose-requirements-{plan.name}"),
        force_bases=_quoted(f"force-propose-bases-{plan.name}"),
        force_requirements=_quoted(f"force-propose-requirements-{plan.name}"),
        on_commit=_quoted(f"ship-{plan.name}-on-commit"),
    )


def _retag(plan: Plan) -> str:
    name = _quoted(f"retag-{plan.name}")
    pairs = ((_quoted(public), _quoted(own)) for public, own in plan.copies.items())
    copies = _joined(f"\n{' ' * 20}{public}: {own}," for public, own in pairs)
    return _RETAG.format(name=name, copies=copies) if copies else ""


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
