"""The Ship page in a browser: what ships, promotions, both looks, two widths."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from lab.buildmaster import CHECKOUT
from lab.rest import result_name
from lab.runs import Run
from lab.settings import PROMOTE, RETAG
from lab.waiting import wait_until
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.buildbot.browsing import (
    SECONDS,
    console_errors,
    find,
    log_in,
    picture,
    violations,
    wait_for_text,
)
from tests.buildbot.journal_seed import HOST, SCRIPT
from tests.buildbot.stub_scene import Scene, stub_scene
from tests.unit.model.journal.samples import digest

IMAGES, BUILDS = 4, 48
NEWEST = BUILDS - IMAGES
"""The number of the newest publication of the image ``shop``."""
DIALOG = "//dialog//button[@type='submit']"


def write_journal(folder: Path, *numbers: int) -> None:
    command = [sys.executable, "-m", "tests.buildbot.journal_seed", str(folder)]
    subprocess.run(
        [*command, *map(str, numbers)],
        cwd=CHECKOUT,
        env={"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'docker'}", "PATH": "/usr/bin:/bin"},
        check=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def scene(lab_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    def prepare(folder: Path) -> None:
        write_journal(folder, IMAGES, BUILDS, 0)

    folder = tmp_path_factory.mktemp("stub")
    secrets = {"registry-password": "only-for-tests"}
    with stub_scene(lab_run, folder, "page", secrets, prepare) as scene:
        yield scene


def ask(scene: Scene, question: str, **options: str | int) -> Any:
    url = f"{scene.master.settings.url}plugins/ship/api/{question}"
    reply = requests.get(url, params=options, timeout=30)
    reply.raise_for_status()
    return reply.json()


def open_page(scene: Scene, browser: webdriver.Chrome, width: int = 1280) -> str:
    browser.set_window_size(width, 1000)
    browser.get(f"{scene.master.settings.url}#/ship")
    return wait_for_text(browser, "python311-slim")


def order_promotion(scene: Scene, previous: str, image: int) -> None:
    promoted = {"digest": digest(image), "previous": previous}
    scene.stub.order({"promote": {"result": {"properties": {"ship_promoted": promoted}}}})


def test_the_page_shows_what_is_published(scene: Scene, browser: webdriver.Chrome) -> None:
    text = open_page(scene, browser)
    for part in ("shop", f"{NEWEST:040x}"[:12], "tested", f"ship #{NEWEST + 1}", "old base"):
        assert part in text
    row = browser.find_element(By.CSS_SELECTOR, f"[data-repository='{HOST}/shop']")
    chart = row.find_element(By.CSS_SELECTOR, ".ship-chart")
    assert "size of the last 12 builds" in str(chart.get_attribute("aria-label"))
    row.find_element(By.TAG_NAME, "summary").click()
    assert "app 1.10 → 1.11" in row.text
    row.find_element(By.XPATH, ".//summary[text()='History']").click()
    wait_for_text(browser, "published 000000000000")
    assert console_errors(browser) == []


def test_who_is_not_logged_in_may_look_but_not_promote(
    scene: Scene, browser: webdriver.Chrome
) -> None:
    before = len(scene.rest.builds(PROMOTE))
    open_page(scene, browser)
    find(browser, "//button[@aria-label='Promote shop']").click()
    find(browser, DIALOG).click()
    wait_for_text(browser, "log in first")
    picture(browser, scene.master.run.cache, "ship-page-without-login")
    assert len(scene.rest.builds(PROMOTE)) == before


def test_an_image_is_promoted_and_rolled_back(scene: Scene, browser: webdriver.Chrome) -> None:
    log_in(browser, scene.master)
    open_page(scene, browser)
    order_promotion(scene, digest(4), NEWEST)
    find(browser, "//button[@aria-label='Promote shop']").click()
    channel = find(browser, "//input[@id='ship-field-channel']")
    channel.send_keys(Keys.CONTROL, "a")
    channel.send_keys("staging")
    find(browser, DIALOG).click()
    back = "//button[normalize-space()='Roll back staging']"
    find(browser, back)
    (_, sent) = next(call for call in scene.stub.calls if call[0][4] == "promote")
    assert sent["request"]["image"] == digest(NEWEST)
    assert sent["request"]["channel"] == "staging"
    order_promotion(scene, digest(NEWEST), 4)
    find(browser, back).click()
    find(browser, DIALOG).click()

    def promotions() -> list[dict[str, Any]]:
        found: list[dict[str, Any]]
        found = ask(scene, "history", repository=f"{HOST}/shop")["promotions"]
        return found

    # The page may say "behind" of another channel before the promotion ends.
    wait_until(lambda: len(promotions()) > 1, SECONDS, "the second promotion")
    wait_for_text(browser, "behind")
    (_, sent) = next(call for call in scene.stub.calls if call[0][4] == "promote")
    assert (sent["request"]["image"], sent["request"]["expected"]) == (
        digest(4),
        digest(NEWEST),
    )
    moves = promotions()
    assert [move["digest"] for move in moves] == [digest(4), digest(NEWEST)]
    assert {move["who"] for move in moves} == {"ship"}
    assert console_errors(browser) == []


def test_a_running_build_moves_on_the_page(scene: Scene, browser: webdriver.Chrome) -> None:
    open_page(scene, browser)
    scene.stub.order({"retag": {"sleep": 3}})
    build = scene.rest.force(RETAG)
    wait_for_text(browser, "retag: starting")
    scene.rest.wait(build, 60)
    WebDriverWait(browser, SECONDS).until(
        lambda page: not page.find_elements(By.CSS_SELECTOR, ".ship-running")
    )


def test_the_command_line_asks_the_same_question(scene: Scene) -> None:
    asked = [sys.executable, "-m", "buildbot_ship", "affected", "urllib3==2.5.0"]
    url = scene.master.settings.url
    done = subprocess.run([*asked, "--master", url], capture_output=True, text=True, check=True)
    first, *rows = done.stdout.splitlines()
    assert first == "urllib3==2.5.0: 4 images affected, 4 repositories searched"
    assert rows[0].startswith(f"{HOST}/app-1@sha256:")
    assert rows[0].endswith("(newest)")
    assert "through app -> requests -> urllib3" in rows[1]
    environment = {**os.environ, "SHIP_URL": url}
    plain = subprocess.run(
        [*asked, "--json"], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(plain.stdout) == ask(scene, "affected", package="urllib3==2.5.0")
    nowhere = [*asked, "--master", "http://127.0.0.1:1/"]
    failed = subprocess.run(nowhere, capture_output=True, text=True, check=False)
    assert (failed.returncode, "does not answer" in failed.stdout) == (65, True)


def test_an_image_that_is_unknown_is_not_promoted(scene: Scene) -> None:
    scene.stub.order({})
    wrong: Any = {"image_repository": f"{HOST}/shop", "image": digest(999), "channel": "x"}
    build = scene.rest.wait(scene.rest.force(PROMOTE, **wrong), 60)
    assert result_name(build["results"]) == "FAILURE"
    assert [argv[4] for argv, _ in scene.stub.calls] == ["gc", "gc"]
    assert (
        "is not in the journal of this master" in scene.step(build, "promote")["state_string"]
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_both_looks_have_no_accessibility_violation(
    scene: Scene, browser: webdriver.Chrome, width: int
) -> None:
    open_page(scene, browser, width)
    for look in ("Dark", "Light"):
        find(browser, f"//button[normalize-space()='{look}']").click()
        for view in ("Bases", "Are we affected?", "Images"):
            find(browser, f"//button[normalize-space()='{view}']").click()
            assert violations(browser, ".ship") == []
            picture(browser, scene.master.run.cache, f"ship-{look}-{width}-{view[:5]}".lower())
        wide = browser.execute_script(
            "const page = document.querySelector('.ship');"
            "return page.scrollWidth - page.clientWidth"
        )
        assert wide == 0
    assert console_errors(browser) == []


def test_nothing_that_a_build_said_becomes_html(
    scene: Scene, browser: webdriver.Chrome
) -> None:
    open_page(scene, browser)
    find(browser, "//button[normalize-space()='Bases']").click()
    text = wait_for_text(browser, "openssl 3.0.1 -> 3.0.2")
    assert SCRIPT in text
    assert browser.title != "broken"


def test_affected_images_are_found_on_the_page(scene: Scene, browser: webdriver.Chrome) -> None:
    open_page(scene, browser)
    find(browser, "//button[normalize-space()='Are we affected?']").click()
    field = find(browser, "//input[@id='ship-package']")
    field.send_keys("urllib3==2.5.0", Keys.ENTER)
    text = wait_for_text(browser, "4 images affected, 4 repositories searched")
    assert "through app → requests → urllib3" in text
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("a b", Keys.ENTER)
    wait_for_text(browser, "write a name")


def test_a_question_that_is_none_is_an_error_and_no_page(scene: Scene) -> None:
    url = f"{scene.master.settings.url}plugins/ship/api/"
    assert requests.get(f"{url}nothing", timeout=30).status_code == 404
    reply = requests.get(f"{url}affected", params={"package": "a b"}, timeout=30)
    assert (reply.status_code, reply.headers["content-type"][:16]) == (400, "application/json")


@pytest.mark.long
def test_the_answers_of_a_large_master_are_small(
    lab_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ask a master with 10,000 builds of 1,000 images, with 64 packages each.

    The times are printed and not asserted: the machine may have other work.
    """
    secrets = {"registry-password": "only-for-tests"}

    def prepare(folder: Path) -> None:
        write_journal(folder, 1000, 10_000, 60)

    with stub_scene(lab_run, tmp_path, "large", secrets, prepare) as scene:
        assert len(scene.rest.get("builds", limit=20_000)["builds"]) == 10_000
        with capsys.disabled():
            for question, options in (
                ("images", {}),
                ("images", {"search": "app-77"}),
                ("history", {"repository": f"{HOST}/shop"}),
                ("affected", {"package": "urllib3==2.2.1"}),
                ("affected", {"package": "own-12"}),
            ):
                seconds, size = timed(scene, question, options)
                print(f"\n{question} {options}: {seconds} s, {size / 1000:.0f} KB", end="")
                assert size < 200_000 or question == "affected"
        assert ask(scene, "images")["total"] == 1000
        assert len(ask(scene, "affected", package="own-12")["images"]) == 1


def timed(scene: Scene, question: str, options: dict[str, str]) -> tuple[list[float], int]:
    """Return the seconds of three answers, and the bytes of one."""
    url = f"{scene.master.settings.url}plugins/ship/api/{question}"
    replies = [requests.get(url, params=options, timeout=60) for _ in range(3)]
    return [round(each.elapsed.total_seconds(), 2) for each in replies], len(replies[0].content)
