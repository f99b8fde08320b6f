"""A build forced by a person, in a browser."""

from __future__ import annotations

from lab.rest import result_name
from lab.settings import SHIP
from lab.waiting import wait_until
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from buildbot_ship.model.reference import Reference
from buildbot_ship.registry.client import RegistryClient
from tests.buildbot.browsing import SECONDS, find, log_in, picture, wait_for_text
from tests.buildbot.shop import Day, Shop

START = "//button[normalize-space()='Start build']"


def test_a_person_ships_from_the_web_page(
    shop: Shop, day: Day, browser: webdriver.Chrome
) -> None:
    url, builder = shop.master.settings.url, shop.rest.builder_id(SHIP)
    before = len(shop.rest.builds(SHIP))
    browser.get(f"{url}#/builders/{builder}")
    find(browser, "//button[normalize-space()='Ship']").click()
    find(browser, START).click()
    find(browser, "//*[contains(text(), 'you need to have role')]")
    picture(browser, shop.run.cache, "force-form-without-login")
    assert len(shop.rest.builds(SHIP)) == before
    log_in(browser, shop.master)
    browser.get(f"{url}#/builders/{builder}")
    find(browser, "//button[normalize-space()='Ship']").click()
    find(browser, "//label[normalize-space()='Images']")
    picture(browser, shop.run.cache, "force-form")
    revision = find(browser, "//*[@data-bb-test-id='force-field-revision']")
    revision.send_keys("--upload-pack=x")
    find(browser, START).click()
    find(browser, "//*[contains(text(), 'does not match pattern')]")
    picture(browser, shop.run.cache, "force-form-refuses")
    assert len(shop.rest.builds(SHIP)) == before
    revision.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    find(browser, START).click()
    wait_until(lambda: len(shop.rest.builds(SHIP)) > before, SECONDS, "the forced build")
    number = shop.rest.builds(SHIP)[-1]["buildid"]
    build = shop.rest.wait(number, 300)
    assert result_name(build["results"]) == "SUCCESS", build["state_string"]
    browser.get(f"{url}#/builders/{builder}/builds/{build['number']}")
    text = wait_for_text(browser, "push-fancycalculator")
    assert "skipped: already published" in text
    link = browser.find_element(By.PARTIAL_LINK_TEXT, "tags of ")
    assert str(link.get_attribute("href")).endswith("/tags/list")
    picture(browser, shop.run.cache, "build-page")
    assert "buildbotURL" not in browser.find_element(By.TAG_NAME, "body").text


def test_an_image_is_promoted_from_the_ship_page(
    shop: Shop, day: Day, browser: webdriver.Chrome
) -> None:
    log_in(browser, shop.master)
    browser.get(f"{shop.master.settings.url}#/ship")
    text = wait_for_text(browser, "fancycalculator")
    assert day.commit[:12] in text
    assert "tested" in text
    find(browser, "//button[@aria-label='Promote fancycalculator']").click()
    find(browser, "//dialog//button[normalize-space()='Promote']").click()
    wait_for_text(browser, "by ship")
    picture(browser, shop.run.cache, "ship-page")
    shipped = day.shipped["fancycalculator"]
    channel = Reference.parse(f"{shipped.repository}:production")
    assert RegistryClient().head(channel) == shipped.digest
