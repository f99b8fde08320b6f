"""Build the site, check its links to other sites, or write the page of the commands."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence

from lab.progress import progress
from lab.site.options import CHECKOUT, SiteOptions, parse_site

DOCS = CHECKOUT / "docs"


def main(argv: Sequence[str]) -> int:
    """Do what the options say; return the exit status."""
    options, say = parse_site(argv), progress()
    if options.commands:
        from lab.site.commands import page  # noqa: PLC0415

        (DOCS / "commands.md").write_text(page(), encoding="utf-8")
        say("wrote docs/commands.md")
        return 0
    say("checking the links to other sites" if options.links else "building the site")
    with tempfile.TemporaryDirectory() as state:
        status = subprocess.run(sphinx(options, state), cwd=CHECKOUT, check=False).returncode
    if status:
        say("failed: see the lines above")
    elif options.links:
        say("every link works")
    else:
        say(f"the site is complete: open {options.output / 'index.html'}")
    return status


def sphinx(options: SiteOptions, state: str) -> list[str]:
    """Return the command line of Sphinx; what it keeps between builds is in *state*."""
    flags = ["--quiet", "--fail-on-warning", "--fresh-env", "--write-all", "--jobs", "auto"]
    builder = "linkcheck" if options.links else "html"
    output = f"{state}/links" if options.links else str(options.output)
    program = [sys.executable, "-m", "sphinx.cmd.build", "--builder", builder]
    return [*program, *flags, "--doctree-dir", f"{state}/doctrees", str(DOCS), output]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
