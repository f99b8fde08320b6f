"""Registries that fail, in front of a real one: rows 3, 4 and 8 of the matrix."""

from __future__ import annotations

import pytest

from .scene import Scene


@pytest.mark.row(3)
def test_three_answers_of_500_are_outlived(scene: Scene) -> None:
    commit = scene.commit()
    fault = scene.proxy.fail(r"PUT /v2/team/tiny/", times=3, status=500)
    outcome = scene.ship(commit)
    assert outcome.tries == ["SUCCESS"]
    assert fault.fired == 3
    assert scene.published(commit)


@pytest.mark.row(8)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_fails_at_once(scene: Scene, status: int) -> None:
    commit = scene.commit()
    scene.proxy.fail(r"POST /v2/team/tiny/", times=9, status=status)
    outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert len(scene.proxy.lines(r"POST /v2/team/tiny/")) <= 2
    assert scene.published(commit) is None
