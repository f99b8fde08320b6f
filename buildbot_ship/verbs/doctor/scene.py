"""What `doctor` looks at: the options of the call, and the collaborators of its checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from ...model.diagnosis.clock import Sighting
from ...model.diagnosis.engine import EngineFacts
from ...model.diagnosis.index_page import IndexPage
from ...model.diagnosis.space import Space
from ...model.reference import Repository
from ...model.request import CheckRequest
from ...model.request.settings import Index
from ...registry.interface import Access, Registry
from ...source.interface import Files
from ...store.work_folder import Work


@attrs.frozen
class DoctorOptions:
    """What a build would use: *push* to, *cache* in, index, strict file, CA bundles.

    *push_to* and *images* are the options of ``build``: it pushes to ``PUSH_TO/IMAGE``.
    *checkout* is the folder of the repository, and *state* that of this worker's caches.
    *bundles* are the paths of CA bundles, by the option or variable that names them.
    """

    checkout: Path
    state: Path
    lock: CheckRequest
    push: tuple[Repository, ...] = ()
    push_to: str = ""
    images: tuple[str, ...] = ()
    cache: Repository | None = None
    index: Index = attrs.field(factory=Index)
    bundles: dict[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Scene:
    """The collaborators of the checks; each function may be called from any thread.

    *access* and *registry* return a new client each time, because a client belongs to one
    thread.  *sightings* collects the clocks that checks see.
    """

    options: DoctorOptions
    now: Callable[[], float]
    engine: Callable[[], EngineFacts]
    space: Callable[[Path], Space | None]
    access: Callable[[], Access]
    registry: Callable[[], Registry]
    read_index: Callable[[str, str], tuple[IndexPage, float | None]]
    files: Files
    dockerfiles: Callable[[], list[str]]
    commit: Callable[[], str]
    uncommitted: Callable[[], str]
    has_image: Callable[[str], bool]
    work: Work
    sightings: list[Sighting] = attrs.field(factory=list)
    facts: list[EngineFacts] = attrs.field(factory=list)
    """What the engine told, once it did."""

    @property
    def platform(self) -> str:
        """Return the platform of the engine, as far as it is known."""
        return self.facts[0].platform if self.facts else "linux/amd64"

    def see(self, whose: str, time: float | None) -> None:
        """Note the clock of *whose*, if it told its *time*."""
        if time is not None:
            self.sightings.append(Sighting(whose, time - self.now()))
