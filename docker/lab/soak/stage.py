"""The scene of the soaks with builds: a small application that the scene's master hardened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from lab.bases import Bases, publish_bases
from lab.errors import LabError
from lab.registries import serve
from lab.runs import Run
from lab.scene.scene import KillableEngine, Scene
from lab.scene.staging import staged
from lab.settings import HARDEN
from lab.story import hardened_files

_SETUP = """\
from setuptools import setup
setup(name="tiny", version="1.0", packages=["tiny"], install_requires=["six"],
      entry_points={"console_scripts": ["tiny = tiny:main"]})
"""
_DOCKERFILE = 'FROM {}\nCOPY tiny.pex /\nENTRYPOINT ["/tiny.pex"]\n'
_TINY = """\
import sys
import six


def main():
    print("tiny", sys.argv[1:], six.__name__)
"""
S = TypeVar("S", bound=Scene)


@contextmanager
def soak_scene(run: Run, name: str) -> Iterator[Scene]:
    """Start the machine's engine if necessary, and a scene whose commits can be shipped."""
    run.start_engine()
    with hardened_scene(Scene, run, name, run.engine) as scene:
        yield scene


@contextmanager
def hardened_scene(kind: type[S], run: Run, name: str, engine: KillableEngine) -> Iterator[S]:
    """Start a scene of this *kind* on an *engine* that runs, whose commits can be shipped."""
    bases = publish_bases(run.cache, serve(run, f"{name}-upstream").address)
    with staged(kind, run, bases, _files(bases), engine, name=name) as scene:
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
