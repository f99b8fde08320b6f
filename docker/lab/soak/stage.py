"""The scene of the soaks with builds: a small application that the scene's master hardened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lab.bases import Bases, publish_bases
from lab.errors import LabError
from lab.registries import serve
from lab.runs import Run
from lab.scene.scene import Scene
from lab.scene.staging import staged
from lab.settings import HARDEN
from lab.story import hardened_files

_SETUP = """\
from setuptools import setup
setup(name="tiny", version="1.0", packages=["tiny"], install_requires=["six"],
      entry_points={"console_scripts": ["tiny = tiny:main"]})
"""
_DOCKERFILE = 'FROM {}\nCOPY tiny.pex /\nENTRYPOINT ["/tiny.pex"]\n'
_TINY = "import six\n\n\ndef main():\n    print(six.__name__)\n"


@contextmanager
def soak_scene(run: Run, name: str) -> Iterator[Scene]:
    """Start the engine if necessary, and a scene whose commits can be shipped."""
    run.start_engine()
    bases = publish_bases(run.cache, serve(run, "upstream").address)
    with staged(Scene, run, bases, _files(bases), name=name) as scene:
        build = scene.begin(HARDEN)
        outcome = scene.outcome(build)
        if outcome.tries != ["SUCCESS"]:
            raise LabError(f"the requirements could not be hardened: {outcome.said}")
        hardened = hardened_files(scene.master, build)
        scene.files |= {name: text.encode() for name, text in hardened.items()}
        yield scene


def _files(bases: Bases) -> dict[str, bytes]:
    files = {
        "requirements.loose.txt": "six\n",
        "build.docker": f"FROM {bases.full.reference}\n",
        "tiny.docker": _DOCKERFILE.format(bases.slim.reference),
        "setup.py": _SETUP,
        "tiny/__init__.py": _TINY,
    }
    return {name: text.encode() for name, text in files.items()}
