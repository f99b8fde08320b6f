"""A small application: the package tiny, which needs six."""

from __future__ import annotations

from lab.bases import Bases

SETUP = """\
from setuptools import setup
setup(name="tiny", version="1.0", packages=["tiny"], install_requires=["six"],
      entry_points={"console_scripts": ["tiny = tiny:main"]})
"""
TINY = """\
import sys
import six
def main():
    print("tiny", sys.argv[1:], six.__name__)
"""


def tiny_files(bases: Bases, loose: str = "six\n") -> dict[str, str]:
    """Return its files by path, with the *loose* requirements and without hardened ones."""
    return {
        "requirements.loose.txt": loose,
        "build.docker": f"FROM {bases.full.reference}\n",
        "tiny.docker": (
            f'FROM {bases.slim.reference}\nCOPY tiny.pex /\nENTRYPOINT ["/tiny.pex"]\n'
        ),
        "setup.py": SETUP,
        "tiny/__init__.py": TINY,
    }
