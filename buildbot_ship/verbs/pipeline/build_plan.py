"""The plan of a build, for ``build --dry-run``: what is known already, and what would be made.

It asks registries, caches and the engine, and starts no container, sends nothing and writes
nothing.  What only a build can know is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from ...model.application.dependency_closure import find_closure
from ...model.application.layer_plan import plan_layers
from ...model.application.wheel_plan import (
    WheelsPlan,
    decide,
    index_wheel_key,
    pinned_extras,
)
from ...model.artefact import Wheelhouse
from ...model.cache_key import key
from ...model.dockerfile.document import base_of, read
from ...model.reference import Repository
from ...model.request import BuildRequest, ImageRequest, PexRequest
from ...model.requirements.build_lock import BuildLock, parse_build_lock
from ...model.requirements.lock_names import is_lock
from ...model.requirements.reader import Pin, parse_strict
from ...model.result import SUCCESS, Result
from ...registry.interface import Registry
from ...source.interface import Tree, read_hardened, read_text, required
from ..publishing.publication import find_publications, published_text
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.layers import cached_layer
from ..shared.locked_pins import read_locked
from ..wheels.wheel_builder import WheelBuilder
from ..wheels.wheel_set import WheelSet
from .plan_item import BUILD, DOWNLOAD, KNOWN, MAKE, UNKNOWN, Item, heading

PLAN_TEXT = "plan.txt"
_MARKED = "unknown before the build: it depends on a marker"
_LATER = "unknown until built"
_ASSEMBLED = "assembled without the engine"


def plan_build(request: BuildRequest, *, tree: Tree, runner: JobRunner) -> Result:
    """Return the plan of *request* for the commit of *tree*, as text and as a property.

    Raises the errors that the build itself would begin with: FileMissing, InvalidFile,
    BaseNotFound, and those of registry and engine.
    """
    names = [image.image for image in request.images]
    published = find_publications(
        request, commit=tree.commit, registry=runner.registry, cache=runner.cache
    )
    if published is not None:
        summary = f"{published_text(names)}; a build would end here"
        return Result("build", SUCCESS, summary, {"ship_plan": {"published": True}})
    planner = _Planner(request, tree, runner)
    text = "".join(f"{line}\n" for line in planner.lines())
    return Result(
        "build",
        SUCCESS,
        "this is the plan: nothing was built and nothing was pushed",
        {"ship_plan": planner.document()},
        {PLAN_TEXT: text},
    )


@attrs.frozen(slots=False)
class _Planner:
    request: BuildRequest
    tree: Tree
    runner: JobRunner

    def lines(self) -> Iterator[str]:
        """Yield the plan for a reader."""
        yield f"commit {self.tree.commit}"
        yield f"build base {self.base.reference}"
        yield heading("wheels", self.wheels)
        yield from map(str, self.wheels)
        for pex, layers in self.layers.items():
            yield heading(f"pex {pex}", layers)
            yield from map(str, layers)
        for image in self.images:
            yield f"image {image['image']}: {image['dockerfile']} on {image['base']}"
            yield f"  {image['how']}; its digest is {_LATER}"
        for push in self.pushes:
            yield f"push {push['reference']}: {push['state']}"
        if not self.pushes:
            yield "push: nothing; the images stay in the engine"

    def document(self) -> dict[str, Any]:
        """Return the plan for a program."""
        return {
            "published": False,
            "commit": self.tree.commit,
            "base": str(self.base.reference),
            "wheels": [attrs.asdict(item) for item in self.wheels],
            "layers": {
                pex: [attrs.asdict(item) for item in items]
                for pex, items in self.layers.items()
            },
            "images": self.images,
            "pushes": self.pushes,
        }

    @cached_property
    def base(self) -> BuildBase:
        """Return the build base."""
        name = self.request.wheels.dockerfile
        return self.runner.build_base(base_of(required(self.tree, name), name))

    @cached_property
    def facts(self) -> Mapping[str, Any] | None:
        """Return what is known of the Python in the build base; None if it never ran."""
        entry = self.runner.cache.find(key("facts", base_key=self.base.key))
        return entry.record if entry else None

    @cached_property
    def pins(self) -> tuple[Pin, ...] | None:
        """Return the pins; None if only the Python of the base tells which ones apply."""
        request = self.request.wheels
        if not is_lock(request.strict):
            return parse_strict(read_hardened(self.tree, request.strict), request.strict)
        if self.facts is None:
            return None
        return read_locked(request, self.tree, self.facts["environment"])[0].pins

    @cached_property
    def available(self) -> WheelSet | None:
        """Return the wheels that caches have; None if the pins are unknown."""
        if self.pins is None:
            return None
        request = self.request.wheels
        text = read_text(self.tree, request.build_lock)
        lock = parse_build_lock(text, request.build_lock) if text else BuildLock()
        plan = decide(request, self.pins, lock)
        return WheelBuilder.of(plan, self.tree, self.base, self.runner).find_cached()

    @cached_property
    def wheels(self) -> list[Item]:
        """Return the wheels, each known or to be made."""
        if self.available is None or self.pins is None:
            note = "the lock depends on the Python of the base, which ran on no worker yet"
            return [Item(self.request.wheels.strict, UNKNOWN, note)]
        pins = [self._pin(pin, self.available) for pin in self.pins]
        plan = self.available.plan
        own = [
            Item(section.source, KNOWN, "own package")
            if number in self.available.sections
            else Item(section.source, BUILD, "own package; repacked if only data changed")
            for number, section in enumerate(plan.sections)
            if plan.own(number)
        ]
        return [*pins, *own]

    def _pin(self, pin: Pin, available: WheelSet) -> Item:
        name = f"{pin.name}=={pin.version}"
        if available.pins is not None:
            return Item(name, KNOWN)
        number = _section(available.plan, pin)
        if number is not None:
            state = KNOWN if number in available.sections else BUILD
            return Item(name, state, "sdist")
        find = self.runner.cache.find
        if any(find(index_wheel_key(digest), shared=False) for digest in pin.hashes):
            return Item(name, KNOWN)
        return Item(name, UNKNOWN, _MARKED) if pin.marker else Item(name, DOWNLOAD)

    @cached_property
    def layers(self) -> dict[str, list[Item]]:
        """Return the layers of each pex."""
        return {pex.name: list(self._layers(pex)) for pex in self.request.pexes}

    def _layers(self, pex: PexRequest) -> Iterator[Item]:
        if pex.layout != "layered":
            yield Item("one file", UNKNOWN, _LATER)
            return
        available = self.available
        if available is None or available.missing is not None or self.facts is None:
            yield Item("its layers", UNKNOWN, "until all wheels are there")
            return
        wheelhouse = Wheelhouse(
            self.tree.commit,
            str(self.base.reference),
            available.tools,
            available.wheels(),
            self.base.key,
            pinned_extras(self.pins or ()),
        )
        environment = self.facts["environment"]
        closure = find_closure(pex.requirements, wheelhouse, environment, pex.name)
        for layer in plan_layers(closure.wheels, self.base.key):
            known = cached_layer(layer.key, self.runner)
            yield Item(layer.title, KNOWN if known else MAKE)

    @cached_property
    def images(self) -> list[dict[str, str]]:
        """Return each image with its base and its builder."""
        return [self._image(image) for image in self.request.images]

    def _image(self, image: ImageRequest) -> dict[str, str]:
        parsed = read(required(self.tree, image.dockerfile), image.dockerfile)
        return {
            "image": image.image,
            "dockerfile": image.dockerfile,
            "base": str(parsed.base),
            "how": "built by the engine" if parsed.engine_only else _ASSEMBLED,
        }

    @cached_property
    def pushes(self) -> list[dict[str, str]]:
        """Return the tag of each push, and whether it exists."""
        registry = self.runner.registry
        return [
            _push(Repository.parse(push.repository), self.tree.commit, registry)
            for push in self.request.pushes
        ]


def _push(repository: Repository, commit: str, registry: Registry) -> dict[str, str]:
    reference = repository.tagged(commit)
    holder = registry.head(reference)
    state = f"exists as {holder}, and only the same image is accepted" if holder else "new"
    return {"reference": str(reference), "state": state}


def _section(plan: WheelsPlan, pin: Pin) -> int | None:
    """Return the number of the section that builds *pin*, if it is an sdist."""
    for number, section in enumerate(plan.sections):
        if section.sdist_hash in pin.hashes:
            return number
    return None
