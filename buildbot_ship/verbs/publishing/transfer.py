"""Send the blobs of an image to its repository: mount, copy or upload what is missing."""

from __future__ import annotations

from pathlib import Path

import attrs

from ...errors import OutputMissing
from ...model.decision.push import OwnBlob, PushPlan
from ...model.reference import Repository
from ...model.result import counted, size_text
from ...registry.copy import Copied, copy_blob
from ..shared.job_runner import JobRunner
from ..shared.layers import ensure_layer
from ..shared.phases import ByteProgress, phase


@attrs.frozen
class Transferred:
    """The bytes that a push sent, and how its *layers* came to the repository.

    *present* ones were there before, *mounted* ones came from another repository of the
    registry without being sent.
    """

    bytes_sent: int = 0
    layers: int = 0
    mounted: int = 0
    present: int = 0

    def __str__(self) -> str:
        """Return the counts as a text: ``11.8 KB, 6 of 8 layers mounted``."""
        layers = counted(self.layers, "layer")
        parts = [f"{self.mounted} of {layers} mounted"] if self.mounted else []
        if self.present:
            parts.append(f"{self.present}{'' if parts else f' of {layers}'} already there")
        return ", ".join([size_text(self.bytes_sent), *(parts or [layers])])


def send_blobs(plan: PushPlan, folder: Path, runner: JobRunner) -> Transferred:
    """Copy or upload all blobs of the image in *folder* that the repository does not have."""
    with phase("push the layers", runner.log):
        return _Sender(plan, folder, runner).send()


@attrs.define
class _Sender:
    """Sends the blobs of *plan*, and counts and shows the layers."""

    plan: PushPlan
    folder: Path
    runner: JobRunner
    number: int = 0
    done: Transferred = attrs.field(factory=Transferred)

    @property
    def layers(self) -> int:
        """Return the number of layers."""
        own = sum(blob.layer is not None for blob in self.plan.own_blobs)
        return len(self.plan.base_blobs) + own

    def send(self) -> Transferred:
        """Send everything, the layers of the base first."""
        plan, registry = self.plan, self.runner.registry
        repository = plan.reference.repository
        for digest in plan.base_blobs:
            progress = self._begin_layer()
            copied = copy_blob(registry, digest, plan.base, repository, progress)
            self._end_layer(progress, copied)
        for blob in plan.own_blobs:
            progress = ByteProgress("config", self.runner.log)
            if blob.layer is not None:
                progress = self._begin_layer()
            copied = self._send_own(blob, repository, progress)
            if blob.layer is not None:
                self._end_layer(progress, copied)
            else:
                self._add(copied)
        return attrs.evolve(self.done, layers=self.layers)

    def _begin_layer(self) -> ByteProgress:
        self.number += 1
        return ByteProgress(f"layer {self.number} of {self.layers}", self.runner.log)

    def _end_layer(self, progress: ByteProgress, copied: Copied) -> None:
        how = "already there"
        if copied.mounted:
            how = "mounted"
        elif copied.sent:
            how = f"{size_text(copied.bytes_sent)} sent"
        self.runner.log(f"{progress.title}: {how}")
        self._add(copied)
        present = self.done.present + (copied == Copied())
        mounted = self.done.mounted + copied.mounted
        self.done = attrs.evolve(self.done, mounted=mounted, present=present)

    def _add(self, copied: Copied) -> None:
        self.done = attrs.evolve(self.done, bytes_sent=self.done.bytes_sent + copied.bytes_sent)

    def _send_own(
        self, blob: OwnBlob, repository: Repository, progress: ByteProgress
    ) -> Copied:
        runner, layer = self.runner, blob.layer
        registry = runner.registry
        # The config of a new commit is new, and as small as the question.
        if layer is not None and registry.has(repository, blob.digest):
            return Copied()
        if layer is not None and not runner.work.layer(layer.digest).is_file():
            for source in runner.cache.repositories():
                if registry.has(source, layer.digest):
                    return copy_blob(registry, layer.digest, source, repository, progress)
        path = self.folder / "config.json" if layer is None else ensure_layer(layer, runner)
        if not path.is_file():
            raise OutputMissing(f"image {self.folder.name}", "BuildRuntimeImage")
        return Copied(registry.upload(repository, blob.digest, path, progress), sent=1)
