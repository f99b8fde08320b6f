from __future__ import annotations

import shutil
from pathlib import Path

from buildbot_ship.store.space import free_space
from tests.small_disk import small_disk


def test_the_space_of_a_folder_that_does_not_exist_is_that_of_its_parent(
    tmp_path: Path,
) -> None:
    space = free_space(tmp_path / "not" / "here")
    assert space is not None
    assert space.path == str(tmp_path)
    assert space.is_writable
    assert abs(space.free - shutil.disk_usage(tmp_path).free) < 1024**3


def test_a_file_in_the_way_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    space = free_space(tmp_path / "file" / "work")
    assert space is not None
    assert not space.is_writable


def test_a_small_disk_is_seen(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 2) as folder:
        space = free_space(folder / "work")
        assert space is not None
        assert 0 < space.free <= 2 * 1024**2
