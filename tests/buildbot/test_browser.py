"""A build forced by a person, in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.rest import result_name
from lab.settings import SHIP, WEB_USER
from lab.waiting import wait_until
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.ui import WebDriverWait

from tests.buildbot.shop import Day, Shop

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)
SECONDS = 30
START = "//button[normalize-space()='Start build']"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a new profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def find(browser: webdriver.Chrome, xpath: str) -> WebElement:
    """Return an element once it can be clicked."""
    return WebDriverWait(browser, SECONDS).until(element_to_be_clickable((By.XPATH, xpath)))


def picture(browser: webdriver.Chrome, shop: Shop, name: str) -> Path:
    """Save a screenshot in the cache, where it outlives the run."""
    folder = shop.run.cache / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    assert browser.save_screenshot(str(path))
    return path


def test_a_person_ships_from_the_web_page(
    shop: Shop, day: Day, browser: webdriver.Chrome
) -> None:
    url, builder = shop.master.settings.url, shop.rest.builder_id(SHIP)
    before = len(shop.rest.builds(SHIP))
    browser.get(f"{url}#/builders/{builder}")
    find(browser, "//button[normalize-space()='Ship']").click()
    find(browser, START).click()
    find(browser, "//*[contains(text(), 'you need to have role')]")
    picture(browser, shop, "force-form-without-login")
    assert len(shop.rest.builds(SHIP)) == before
    login = f"{WEB_USER}:{shop.master.web_password}"
    browser.get(f"{url.replace('//', f'//{login}@')}auth/login")
    browser.get(f"{url}#/builders/{builder}")
    find(browser, "//button[normalize-space()='Ship']").click()
    find(browser, "//label[normalize-space()='Images']")
    picture(browser, shop, "force-form")
    revision = find(browser, "//*[@data-bb-test-id='force-field-revision']")
    revision.send_keys("--upload-pack=x")
    find(browser, START).click()
    find(browser, "//*[contains(text(), 'does not match pattern')]")
    picture(browser, shop, "force-form-refuses")
    assert len(shop.rest.builds(SHIP)) == before
    revision.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    find(browser, START).click()
    wait_until(lambda: len(shop.rest.builds(SHIP)) > before, SECONDS, "the forced build")
    number = shop.rest.builds(SHIP)[-1]["buildid"]
    build = shop.rest.wait(number, 300)
    assert result_name(build["results"]) == "SUCCESS", build["state_string"]
    browser.get(f"{url}#/builders/{builder}/builds/{build['number']}")
    WebDriverWait(browser, SECONDS).until(
        lambda page: "push-fancycalculator" in page.find_element(By.TAG_NAME, "body").text
    )
    text = browser.find_element(By.TAG_NAME, "body").text
    assert "skipped: already published" in text
    link = browser.find_element(By.PARTIAL_LINK_TEXT, "tags of ")
    assert str(link.get_attribute("href")).endswith("/tags/list")
    picture(browser, shop, "build-page")
    assert "buildbotURL" not in browser.find_element(By.TAG_NAME, "body").text
