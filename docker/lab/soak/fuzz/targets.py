"""All fuzz targets by name."""

from __future__ import annotations

from lab.soak.fuzz import answers, archives, lock_texts, records, texts
from lab.soak.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for part in (texts, lock_texts, answers, archives, records)
    for target in part.TARGETS
}
