"""The site in a browser: on a telephone and a laptop, in light and dark, and its search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.buildbot.browsing import SECONDS, console_errors, find, violations, wait_for_text
from tests.site.conftest import Reader

PAGES = (
    "index.html",
    "steps/README.html",
    "steps/BuildPex.html",
    "commands.html",
    "errors.html",
    "architecture.html",
    "article.html",
    "changelog.html",
    "search.html",
    "files/docker/example.html",
)
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
everywhere = [
    pytest.mark.parametrize("page", PAGES),
    pytest.mark.parametrize("width", WIDTHS),
    pytest.mark.parametrize("scheme", SCHEMES),
]


def in_every_view(test: Callable[..., None]) -> Any:
    """Run a test for each page, width and colour scheme."""
    for mark in everywhere:
        test = mark(test)
    return test


@in_every_view
def test_a_page_looks_right(reader: Reader, page: str, width: int, scheme: str) -> None:
    reader.look(page, width, scheme)
    browser = reader.browser
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width, f"the page is {wide} pixels wide"
    assert console_errors(browser) == []
    if (width, scheme) in ((390, "light"), (1280, "dark")):
        assert violations(browser, "html") == []
    colour = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in colour[4:-1].split(",")[:3])
    assert (brightness > 600) == (scheme == "light"), colour


@pytest.mark.parametrize(("scheme", "is_turned"), [("light", False), ("dark", True)])
def test_a_drawing_has_the_brightness_of_its_page(
    reader: Reader, scheme: str, is_turned: bool
) -> None:
    reader.look("architecture.html", 1280, scheme)
    script = "return getComputedStyle(document.querySelector('article img')).filter"
    assert ("invert" in reader.browser.execute_script(script)) == is_turned


def test_the_search_finds_a_page_by_its_words(reader: Reader) -> None:
    reader.look("index.html")
    box = find(reader.browser, "//input[@name='q']")
    box.send_keys("hostile wheels", Keys.ENTER)
    text = wait_for_text(reader.browser, "matching the search query")
    assert "Threats" in text
    find(reader.browser, "//div[@id='search-results']//a[contains(., 'Threats')]").click()
    assert "Threats" in wait_for_text(reader.browser, "Hostile wheels and archives")
    assert console_errors(reader.browser) == []


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("BuildPex", "BuildPex"),
        ("TagTaken", "Errors"),
        ("cooldown-except", "The commands"),
        ("promote", "PromoteImage"),
    ],
)
def test_the_search_finds_steps_errors_and_options(
    reader: Reader, words: str, title: str
) -> None:
    reader.look(f"search.html?q={words}")
    wait_for_text(reader.browser, "matching the search query")
    found = reader.browser.find_elements(By.CSS_SELECTOR, "#search-results li > a")
    assert title in [link.text for link in found]


def test_a_word_that_is_nowhere_is_not_found(reader: Reader) -> None:
    reader.look("search.html?q=xylophone")
    assert "did not match any documents" in wait_for_text(reader.browser, "did not match")


def test_a_telephone_opens_the_list_of_pages(reader: Reader) -> None:
    reader.look("index.html", 390)
    find(reader.browser, "//header//label[@for='__navigation']").click()
    link = find(reader.browser, "//aside//a[contains(., 'Logins')]")
    # The list slides in from the left.
    WebDriverWait(reader.browser, SECONDS).until(lambda _: link.rect["x"] >= 0)
    link.click()
    wait_for_text(reader.browser, "A password")


def test_a_page_needs_no_other_site(reader: Reader) -> None:
    reader.look("index.html")
    names = reader.browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert names
    assert [name for name in names if not name.startswith(reader.site.url)] == []
