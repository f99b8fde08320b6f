"""The article's build-script: install what is pinned, make wheels of it, and a pex of those."""

import os
import subprocess

PINNED = (
    "--require-hashes",
    "-r",
    "/src/requirements.strict.txt",
    "-r",
    "/src/requirements.pex.txt",
)
OUTPUT = "/mnt/output"


def run(program: str, *arguments: str) -> None:
    """Run a program of the virtual environment."""
    subprocess.check_call([f"/buildenv/bin/{program}", *arguments])


run("pip", "install", *PINNED)
run("pip", "wheel", *PINNED, "--wheel-dir", "/wheelhouse")
# As the article has it: what the package needs is asked for again, without the pins.
run("pip", "wheel", "/calculator[page]", "--wheel-dir", "/wheelhouse")
os.makedirs(OUTPUT)
ENTRY = ("-o", f"{OUTPUT}/fc-twist.pex", "-m", "twisted")
run("pex", *ENTRY, "-f", "/wheelhouse", "--no-index", "twisted", "calculator[page]")
