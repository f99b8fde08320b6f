"""Claims in a real database, which two masters share: an SQLite file."""

from __future__ import annotations

import tempfile
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab.soak.masters import close_master, open_master
from twisted.internet import defer
from twisted.trial import unittest

from buildbot_ship.model.request.settings import TagClaim
from buildbot_ship.model.tag_claims import ClaimRow, conflicts
from buildbot_ship.steps.tag_claims import ClaimTable, Granted

TAG = f"registry.example.com/team/app:{'0a' * 20}"
NOW = datetime(2026, 11, 28, 4, 50, 0, 999_998, UTC)


async def never(_: ClaimRow) -> bool:
    return False


async def always(_: ClaimRow) -> bool:
    return True


async def together(parts: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Run *parts* at the same time; return their results."""
    results: list[Any] = await defer.gatherResults(list(map(defer.ensureDeferred, parts)))
    return results


def close(master: Any) -> Any:
    return defer.ensureDeferred(close_master(master))


def row(digest: str, build: int) -> ClaimRow:
    return ClaimRow(digest, build, f"build {build} of ship", f"{build}-1")


class TestClaimTable(unittest.TestCase):
    """Exactly one image has a tag, whatever master claims it."""

    def setUp(self) -> Any:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return defer.ensureDeferred(self.open(Path(folder.name)))

    async def open(self, folder: Path) -> None:
        self.masters = [await open_master(folder, create=True), await open_master(folder)]
        self.tables = [ClaimTable(master) for master in self.masters]
        for master in self.masters:
            self.addCleanup(close, master)

    async def claim(
        self, digest: str, build: int, *, table: int = 0, tag: str = TAG, may: Any = never
    ) -> Granted:
        return await self.tables[table].claim(tag, row(digest, build), may_take_over=may)

    def assert_granted(self, granted: Granted, digest: str) -> None:
        assert granted.claim == TagClaim(TAG, digest)
        assert granted.row is not None

    def assert_refused(self, granted: Granted, digest: str, build: int) -> None:
        assert granted == Granted(TagClaim(TAG, digest, f"build {build} of ship"), None)

    async def test_the_first_image_wins_on_all_masters_and_its_build_is_named(self) -> None:
        self.assert_granted(await self.claim("a", 1), "a")
        self.assert_refused(await self.claim("b", 2), "a", 1)
        self.assert_refused(await self.claim("b", 3, table=1), "a", 1)

    async def test_a_build_of_the_same_image_goes_on(self) -> None:
        rows = [(await self.claim("a", build, table=build % 2)).row for build in (1, 2, 3)]
        assert len(set(rows)) == 3

    async def test_another_tag_is_free(self) -> None:
        await self.claim("a", 1)
        assert (await self.claim("b", 2, tag=f"{TAG[:-1]}b")).row is not None

    async def test_a_reference_may_be_longer_than_a_name_in_the_database(self) -> None:
        assert (await self.claim("a", 1, tag=TAG * 9)).row is not None
        assert (await self.claim("b", 2, tag=TAG * 9)).row is None
        assert (await self.claim("b", 2, tag=f"{TAG * 9}x")).row is not None

    async def test_of_16_images_on_two_masters_one_wins(self) -> None:
        for attempt in range(5):
            tag = f"{TAG}{attempt}"
            tries = [
                self.claim(f"d{n}", n, table=n % 2, tag=tag) for n in range(16)
            ]  # fmt: skip
            granted = await together(tries)
            (winner,) = [each.claim for each in granted if each.row is not None]
            assert {each.claim.digest for each in granted} == {winner.digest}

    async def test_of_16_builds_of_two_images_all_of_one_image_go_on(self) -> None:
        tries = [self.claim("ab"[n % 2], n, table=n // 8) for n in range(16)]
        granted = await together(tries)
        assert len({each.claim.digest for each in granted}) == 1
        assert len({each.row for each in granted if each.row}) == 8

    async def test_a_released_claim_is_free_for_another_image(self) -> None:
        first = await self.claim("a", 1)
        await self.tables[1].release(str(first.row))
        self.assert_granted(await self.claim("b", 2), "b")
        self.assert_refused(await self.claim("a", 3, table=1), "b", 2)

    async def test_a_claim_counts_while_one_of_its_builds_may_push(self) -> None:
        first, second = await self.claim("a", 1), await self.claim("a", 2)
        await self.tables[0].release(str(first.row))
        self.assert_refused(await self.claim("b", 3), "a", 2)
        await self.tables[0].release(str(second.row))
        self.assert_granted(await self.claim("b", 4), "b")

    async def test_a_claim_is_taken_over_only_if_its_build_allows_it(self) -> None:
        await self.claim("a", 1)
        asked: list[int] = []

        async def refuse(other: ClaimRow) -> bool:
            asked.append(other.build)
            return False

        self.assert_refused(await self.claim("b", 2, may=refuse), "a", 1)
        assert asked == [1]
        self.assert_granted(await self.claim("b", 3, may=always), "b")

    async def test_a_claim_that_was_taken_over_counts_no_more(self) -> None:
        await self.claim("a", 1)
        await self.claim("b", 2, may=always)
        self.assert_refused(await self.claim("a", 3), "b", 2)
        self.assert_granted(await self.claim("b", 4), "b")
        self.assert_granted(await self.claim("a", 5, may=always), "a")

    async def test_of_two_take_overs_one_wins(self) -> None:
        await self.claim("a", 1)

        async def if_first(other: ClaimRow) -> bool:
            return other.build == 1

        tries = [self.claim(f"d{n}", n, table=n % 2, may=if_first) for n in range(2, 10)]
        assert len([each for each in await together(tries) if each.row]) == 1

    async def test_no_two_steps_share_a_timestamp(self) -> None:
        tries = [self.tables[n % 2].unique_moment(NOW, str(n)) for n in range(16)]
        moments = await together(tries)
        assert sorted(moments) == [NOW + timedelta(microseconds=n) for n in range(16)]

    async def test_a_clock_that_is_set_back_gives_no_earlier_timestamp(self) -> None:
        day = timedelta(days=1)
        jumps = [NOW, NOW + day, NOW, NOW - day, NOW + 2 * day]
        moments = [
            await self.tables[n % 2].unique_moment(now, str(n)) for n, now in enumerate(jumps)
        ]
        microsecond = timedelta(microseconds=1)
        ahead = NOW + day
        assert moments == [
            NOW,
            ahead,
            ahead + microsecond,
            ahead + 2 * microsecond,
            NOW + 2 * day,
        ]

    async def test_a_step_keeps_its_timestamp(self) -> None:
        assert await self.tables[0].unique_moment(NOW, "1-1") == NOW
        assert await self.tables[1].unique_moment(NOW, "1-1") == NOW


class TestRestart(unittest.TestCase):
    """A claim outlives its master."""

    async def test_a_claim_is_there_after_a_restart(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for build, digest in enumerate("aba", 1):
                master = await open_master(Path(folder), create=build == 1)
                granted = await ClaimTable(master).claim(
                    TAG, row(digest, build), may_take_over=never
                )
                await close_master(master)
                assert (granted.row is not None) == (digest == "a")


def test_only_claims_of_other_images_are_in_the_way() -> None:
    rows = [row("a", 1), row("b", 2)]
    assert conflicts(rows, "a") == (rows[1],)
    assert conflicts([], "a") == ()
