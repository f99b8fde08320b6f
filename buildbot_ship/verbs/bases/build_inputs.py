"""The inputs of a derived base: a Dockerfile of a commit, its bases, the files it copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO

import attrs

from ...errors import BaseNotFound
from ...model.decision.derive import derived_key
from ...model.dockerfile.copied_paths import copied_sources
from ...model.dockerfile.document import Dockerfile, read
from ...model.dockerfile.pin import fix_bases
from ...model.dockerfile.secret_mounts import take_secrets
from ...model.filesystem.build_context import Context
from ...model.filesystem.path_pattern import copy_pattern, is_pattern
from ...model.image import labels as label
from ...model.image.base import Base
from ...model.image.layer import Member
from ...model.reference import Reference
from ...registry.interface import Registry
from ...source.interface import Tree, required
from ..image.build_context import Contents, context_members, read_tree_context
from ..shared.base_image import fetch_base


@attrs.frozen
class Recipe:
    """A Dockerfile, with *data* that name its *bases* by digest; the first is the last stage's.

    *contents* has only the files that it copies.  *key* is a digest of all inputs.  *secrets*
    are those that its lines get, None if they mount none.
    """

    dockerfile: Dockerfile
    data: bytes
    bases: tuple[Base, ...]
    contents: Contents
    key: str
    secrets: Mapping[str, str] | None = attrs.field(default=None, repr=False)

    @property
    def base(self) -> Base:
        """Return the base of the last stage."""
        return self.bases[0]

    @property
    def members(self) -> list[Member]:
        """Return the build context for the engine.  Raises LimitExceeded."""
        path = self.dockerfile.file
        rest = [m for m in context_members(self.contents, self.dockerfile) if m.path != path]
        own = Member(path, 0o644, size=len(self.data), opener=lambda: BytesIO(self.data))
        return sorted([*rest, own], key=lambda member: member.path.split("/"))


def read_recipe(
    path: str, tree: Tree, platform: str, registry: Registry, secrets: Mapping[str, str]
) -> Recipe:
    """Return the recipe at *path* of a commit, with the current digests of its bases.

    *secrets* are those that its lines may mount, by id.  Raises FileMissing, InvalidFile,
    BaseNotFound.
    """
    data = required(tree, path)
    dockerfile = read(data, path)
    label.check(dockerfile)
    taken = take_secrets(dockerfile, secrets)
    sources = copied_sources(data, path)
    names = dict.fromkeys((dockerfile.base, *dockerfile.others))
    bases = {name: _fetch(name, dockerfile, platform, registry) for name in names}
    fixed = fix_bases(data, dockerfile, {name: base.pinned for name, base in bases.items()})
    contents = _copied_only(read_tree_context(tree), sources)
    files = [_identity(node, contents) for node in contents.context.inside.nodes]
    inputs = derived_key(data, bases.values(), files, taken or ())
    return Recipe(dockerfile, fixed, tuple(bases.values()), contents, inputs, taken)


def _fetch(name: Reference, dockerfile: Dockerfile, platform: str, registry: Registry) -> Base:
    try:
        return fetch_base(name, platform, registry)
    except BaseNotFound as error:
        where = f"{dockerfile.file}:{dockerfile.base_line}"
        raise BaseNotFound(error.reference, f"{error.why} ({where})") from None


def _copied_only(contents: Contents, sources: Iterable[str] | None) -> Contents:
    """Return *contents* with the files that *sources* name only.

    Return all files if links or variables make that impossible to say.
    """
    nodes = contents.context.inside.nodes
    found: set[str] = set()
    for source in sources if sources is not None else ["."]:
        if source == ".":
            return contents
        match = copy_pattern(source).fullmatch if is_pattern(source) else None
        tops = [path for path in nodes if (match(path) if match else path == source)]
        if not tops and any(node.is_link for node in nodes.values()):
            return contents
        found |= {p for p in nodes for top in tops if p == top or p.startswith(f"{top}/")}
    if any(nodes[path].is_link for path in found):
        return contents
    kept = [(path, nodes[path]) for path in found if not nodes[path].is_folder]
    return attrs.evolve(contents, context=Context.of(kept))


def _identity(path: str, contents: Contents) -> list[object]:
    entry = contents.entries.get(path)
    if entry is None:
        return [path]
    return [path, entry.identity, entry.executable, entry.target]
