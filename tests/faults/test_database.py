"""PostgreSQL as the master's database is restarted in the middle of a build: row 44."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.postgres import Postgres, postgres, postgres_program
from lab.runs import Run
from lab.scene.scene import SECRET
from lab.scene.scene import Scene as Parts
from lab.scene.staging import staged
from lab.waiting import wait_until

from .scene import Scene
from .watch import secret_in_files

pytestmark = pytest.mark.skipif(
    postgres_program("postgres") is None,
    reason="PostgreSQL is not installed: apt-get install postgresql runs this test",
)


@pytest.fixture
def database(lab_run: Run) -> Iterator[Postgres]:
    with postgres(lab_run) as server:
        yield server


@pytest.mark.row(44)
def test_a_build_outlives_a_restart_of_postgresql(
    fault_scene: Scene, lab_run: Run, database: Postgres
) -> None:
    with staged(
        Parts,
        lab_run,
        fault_scene.bases,
        fault_scene.files,
        fault_scene.engine,
        name="postgres",
        database=f"{database.url}?plugin=buildbot_ship",
        git=fault_scene.git,
    ) as scene:
        for no_cache in (True, False):
            commit = scene.commit()
            build = scene.begin(revision=commit, no_cache=no_cache)
            scene.wait_for_step(build, "wheels")
            if no_cache:
                wait_until(lambda: bool(scene.containers()), 60, "a container of the build")
            database.kill()
            database.start()
            outcome = scene.outcome(build)
            assert outcome.tries in (["SUCCESS"], ["RETRY", "SUCCESS"]), outcome.said
            assert scene.ever_published(commit) == [scene.published(commit)]
        scene.wait_until_tidy()
        assert secret_in_files(SECRET, [database.folder, scene.master.folder]) == []
