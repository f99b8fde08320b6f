"""A headless Chromium, and what the tests do with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_core_python
from lab.buildmaster import Master
from lab.settings import WEB_USER
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.ui import WebDriverWait

AXE = Path(axe_core_python.__file__).with_name("axe.min.js")
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


@contextmanager
def chromium(folder: Path) -> Iterator[webdriver.Chrome]:
    """Run a headless Chromium with a new profile in *folder*."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def find(browser: webdriver.Chrome, xpath: str) -> WebElement:
    """Return an element once it can be clicked."""
    return WebDriverWait(browser, SECONDS).until(element_to_be_clickable((By.XPATH, xpath)))


def wait_for_text(browser: webdriver.Chrome, text: str) -> str:
    """Wait until the page shows *text*; return everything that it shows."""

    def shown(page: Any) -> str:
        whole: str = page.find_element(By.TAG_NAME, "body").text
        return whole if text in whole else ""

    return WebDriverWait(browser, SECONDS).until(shown)


def log_in(browser: webdriver.Chrome, master: Master) -> None:
    """Log in to the web UI of *master*."""
    login = f"{WEB_USER}:{master.web_password}"
    browser.get(f"{master.settings.url.replace('//', f'//{login}@')}auth/login")


def picture(browser: webdriver.Chrome, cache: Path, name: str) -> Path:
    """Save a screenshot in the cache, where it outlives the run."""
    folder = cache / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    assert browser.save_screenshot(str(path))
    return path


def console_errors(browser: webdriver.Chrome) -> list[str]:
    """Return the errors in the browser's console since the last call.

    Buildbot asks for a style sheet of every plugin, and its own grid has none.
    """
    log: Any = browser.get_log("browser")  # type: ignore[no-untyped-call]
    errors = [str(entry["message"]) for entry in log if entry["level"] == "SEVERE"]
    return [error for error in errors if "grid_view/styles.css" not in error]


def violations(browser: webdriver.Chrome, selector: str) -> list[str]:
    """Return the accessibility violations that axe-core finds below *selector*."""
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found: Any = browser.execute_async_script(
        "axe.run(arguments[0]).then(arguments[1])", selector
    )
    return [
        f"{rule['id']}: {rule['help']} {[node['html'] for node in rule['nodes'][:3]]}"
        for rule in found["violations"]
    ]
