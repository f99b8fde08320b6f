"""Settings of Sphinx for the site; docs/build runs it."""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "docker"))

project = "buildbot-ship"
author = "the buildbot-ship authors"
release = re.search(r'version="([^"]+)"', (TOP / "setup.py").read_text(encoding="utf-8"))[1]
version = release

extensions = ["myst_parser", "lab.site.extension"]
exclude_patterns = ["_static"]
myst_heading_anchors = 4
# Links to files outside docs/; lab/site/extension.py makes a page of each.
myst_url_schemes = {"http": None, "https": None, "mailto": None, "repository": None}
highlight_language = "none"

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

linkcheck_timeout = 20
linkcheck_ignore = ["repository:"]
linkcheck_anchors = False
