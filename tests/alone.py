"""Which tests run beside other groups: a plain `tests/run` must take less than half an hour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def is_alone(config: pytest.Config, group: str) -> bool:
    """Return whether only tests of the *group* (a folder of tests) were chosen."""
    return all(group in Path(argument).parts for argument in config.args)


def leave_out_beside_others(
    config: pytest.Config, items: list[pytest.Item], is_long: Callable[[pytest.Item], bool]
) -> None:
    """Deselect the *items* that are long, unless their group was chosen alone."""
    out = [
        item
        for item in items
        if is_long(item) and not is_alone(config, item.path.relative_to(TESTS).parts[0])
    ]
    config.hook.pytest_deselected(items=out)
    left = {id(item) for item in out}
    items[:] = [item for item in items if id(item) not in left]
