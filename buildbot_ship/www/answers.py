"""The answers for the Ship page, from the journal and Buildbot's data API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
from buildbot.data.resultspec import Filter

from ..model.artefact import Package
from ..model.journal.affected import find_affected, missing_packages, parse_query
from ..model.journal.inventory import PublishedImage
from ..steps.factories.joining import OTHER_BUILDERS
from ..steps.journal import journal_of
from . import rows

PAGE = 100
"""How many images one answer has."""
_MOST_RUNNING = 20

Options = Mapping[str, str]


@attrs.frozen
class Answers:
    """Answer the questions of the page for *master*.

    *actions* has for each button the force scheduler of each builder that publishes images, and
    under `OTHER_BUILDERS` that of all others.
    """

    master: Any
    actions: Mapping[str, Mapping[str, Any]]

    async def answer(self, name: str, options: Options) -> dict[str, Any] | None:
        """Return the answer to the question *name*, None if there is no such question.

        Raises InvalidRequest for a wrong option.
        """
        questions: dict[str, Callable[[Options], Awaitable[dict[str, Any]]]] = {
            "images": self.images,
            "history": self.history,
            "bases": self.bases,
            "affected": self.affected,
        }
        asked = questions.get(name)
        return None if asked is None else await asked(options)

    async def images(self, options: Options) -> dict[str, Any]:
        """Return the rows of the images whose name contains the option ``search``."""
        journal = journal_of(self.master)
        inventory = await journal.read()
        text = options.get("search", "").lower()
        found = [
            image for image in inventory.published() if text in image.newest.repository.lower()
        ]
        start = _number(options.get("start", "0"))
        shown = found[start : start + PAGE]
        locks = [lock.packages for image in shown for lock in image.locks[-2:]]
        newest = [image.newest.packages for image in shown]
        packages = await journal.packages([*locks, *newest])
        return {
            "images": [rows.image_row(image, packages) for image in shown],
            "start": start,
            "total": len(found),
            "running": await self._running(),
            "actions": await self._schedulers(shown),
        }

    async def history(self, options: Options) -> dict[str, Any]:
        """Return the last publications and promotions of the option ``repository``."""
        inventory = await journal_of(self.master).read()
        image = inventory.images.get(options.get("repository", ""), PublishedImage())
        return rows.history_rows(image)

    async def bases(self, _: Options) -> dict[str, Any]:
        """Return the rows of all bases."""
        inventory = await journal_of(self.master).read()
        on = [(image.newest.base, image.newest.image) for image in inventory.published()]
        return {
            "bases": [
                rows.base_row(
                    bases,
                    [name for base, name in on if base.startswith(f"{bases[-1].reference}@")],
                )
                for _, bases in sorted(inventory.bases.items())
            ]
        }

    async def affected(self, options: Options) -> dict[str, Any]:
        """Return the published images that contain the package of the option ``package``."""
        asked = parse_query(options.get("package", ""))
        journal = journal_of(self.master)
        inventory = await journal.read()
        packages: dict[str, Mapping[str, Package]] = {}
        while missing := missing_packages(inventory, packages, asked):
            packages |= await journal.packages(missing)
        found = find_affected(inventory, packages, asked)
        return {
            "asked": str(asked),
            "searched": len(list(inventory.published())),
            "images": [rows.affected_row(each) for each in found],
        }

    async def _running(self) -> list[dict[str, Any]]:
        """Return the builds that run now, each with what its step says."""
        data = self.master.data
        builds = await data.get(
            ("builds",),
            filters=[Filter("complete", "eq", [False])],
            order=["-buildid"],
            limit=_MOST_RUNNING,
        )
        return [
            {
                **_build_row(build),
                "builder": (await data.get(("builders", build["builderid"])))["name"],
                "says": await self._says(build),
            }
            for build in builds
        ]

    async def _says(self, build: Mapping[str, Any]) -> str:
        """Return what the running step of *build* says."""
        steps = await self.master.data.get(
            ("builds", build["buildid"], "steps"),
            filters=[Filter("complete", "eq", [False])],
            order=["number"],
        )
        begun = [step for step in steps if step["started_at"] is not None]
        return f"{begun[-1]['name']}: {begun[-1]['state_string']}" if begun else ""

    async def _schedulers(self, images: list[PublishedImage]) -> dict[str, Any]:
        """Return for each action and builder the force scheduler, and the builder it forces."""
        schedulers = {
            each["name"]: each
            for each in await self.master.data.get(("forceschedulers",))
            if each["enabled"]
        }
        builders = sorted({image.newest.build.builder for image in images})
        found: dict[str, Any] = {}
        for action, names in self.actions.items():
            for builder in builders:
                name = names.get(builder, names[OTHER_BUILDERS])
                forced = schedulers[name]["builder_names"] if name in schedulers else []
                # Where builders have schedulers of their own, no other builder rebuilds.
                if action == "rebuild" and len(names) > 1 and builder not in names:
                    forced = [each for each in forced if each == builder]
                if forced:
                    row = await self.master.data.get(("builders", forced[0]))
                    found.setdefault(action, {})[builder] = {
                        "scheduler": name,
                        "builderid": row["builderid"],
                        "builder": forced[0],
                    }
        return found


def _build_row(build: Mapping[str, Any]) -> dict[str, Any]:
    names = ("buildid", "number", "builderid", "state_string")
    return {name: build[name] for name in names}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
