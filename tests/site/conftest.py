"""The site as docs/build makes it, behind a web server, and a browser."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from lab.cache import cache_folder
from selenium import webdriver

from tests.buildbot.browsing import chromium, picture

TOP = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Site:
    """The folder of the site, what its build printed, and its address."""

    folder: Path
    output: str
    url: str

    def pages(self) -> list[str]:
        """Return the paths of all pages."""
        return sorted(
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.html")
        )


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Build the site with the command that people use, and serve it."""
    folder = tmp_path_factory.mktemp("site") / "html"
    argv = [str(TOP / "docs" / "build"), "--output", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, done.stdout + done.stderr, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


@dataclass(frozen=True)
class Reader:
    """Somebody who reads the site in a browser."""

    browser: webdriver.Chrome
    site: Site

    def look(self, page: str, width: int = 1280, scheme: str = "light") -> None:
        """Open a page in a window of this width, and save a screenshot."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme_now = {"name": "prefers-color-scheme", "value": scheme}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme_now]})
        self.browser.get(self.site.url + page)
        name = f"site-{page.replace('/', '-').removesuffix('.html')}-{width}-{scheme}"
        picture(self.browser, cache_folder(), name)


@pytest.fixture(scope="session")
def reader(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A headless Chromium that reads the site."""
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield Reader(browser, site)
