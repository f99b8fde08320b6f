"""The applications of the corpus: data, in the order in which they tell most.

Versions of what is checked are pinned, so that a row means the same on another day; what
they depend on is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.corpus.command import Command

NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
REQUIREMENT = re.compile(r"\s*([\w.-]+(?:\[[^\]]*\])?)")


@dataclass(frozen=True)
class App:
    """An application: its loose requirements, and how one sees that its image runs.

    `package` is the folder, under tests/corpus_apps, of a package of the repository's own.
    `newest` is the newest Python that this version supports, if it is not the lab's newest.
    """

    name: str
    stands_for: str
    loose: tuple[str, ...]
    check: str
    expect: str = ""
    package: str = ""
    quick: bool = False
    newest: str = ""

    @classmethod
    def of_requirement(cls, requirement: str, check: str, expect: str) -> App:
        """Return any application of the package index, `NAME==VERSION`."""
        name = NOT_IN_A_NAME.sub("-", requirement.partition("=")[0].lower()).strip("-")
        return cls(name, "asked for", (requirement,), check, expect)

    @property
    def command(self) -> Command:
        """Return what the check runs."""
        return Command.parse(self.check)

    @property
    def in_pex(self) -> tuple[str, ...]:
        """Return what the pex is made of: requirements without versions."""
        named = (REQUIREMENT.match(line) for line in self.loose)
        own = (f"corpus-{self.package}",) if self.package else ()
        return own + tuple(match[1] for match in named if match)


CORPUS = (
    App(
        "pages",
        "a src-layout package of the repository's own: data, a plugin, a console script",
        ("jinja2==3.1.6",),
        "pages world",
        "Hello, WORLD!",
        package="pages",
        quick=True,
    ),
    App(
        "netifaces",
        "a C extension from an sdist",
        ("netifaces==0.11.0",),
        "python -c 'import netifaces; print(netifaces.interfaces())'",
        "['lo']",
        quick=True,
    ),
    App(
        "remotemath",
        "an sdist with setup_requires; a plugin of Twisted",
        ("twisted", "remotemath==17.3.0"),
        "python -m twisted --help",
        "remotemath",
        quick=True,
    ),
    App(
        "mercurial",
        "a dozen C extensions from an sdist, package data",
        ("mercurial==6.8",),
        "hg version",
        "Mercurial Distributed SCM (version 6.8)",
        newest="3.11",
    ),
    App(
        "jupyterlab",
        "80 dependencies and more, C and Rust wheels",
        ("jupyterlab==4.6.6",),
        "jupyter-lab --version",
        "4.6.6",
    ),
    App(
        "zeo",
        "namespace packages, C wheels",
        ("ZEO==6.2",),
        "runzeo --help",
        "Unless -C is specified, -a and -f are required",
        newest="3.14",
    ),
    App(
        "certbot",
        "plugins by entry points, a Rust wheel, namespaces",
        ("certbot==5.8.0", "certbot-nginx==5.8.0"),
        "certbot plugins --config-dir=/tmp/c --work-dir=/tmp/w --logs-dir=/tmp/l",
        "* nginx",
    ),
    App(
        "buildbot",
        "an extra, package data, migrations",
        ("buildbot[bundle]==4.3.0",),
        "buildbot create-master /tmp/master",
        "buildmaster configured in /tmp/master",
    ),
    App(
        "fastapi",
        "an extra, Rust and C wheels",
        ("fastapi[standard]==0.165.0",),
        "python -c 'from fastapi import FastAPI; from fastapi.testclient import TestClient; "
        'app = FastAPI(); app.get("/")(lambda: {"answer": 42}); '
        'print(TestClient(app).get("/").json())\'',
        "{'answer': 42}",
    ),
    App(
        "mkdocs",
        "themes found by entry points, much package data",
        ("mkdocs==1.6.1", "mkdocs-material==9.8.1"),
        "mkdocs build --help",
        "material",
    ),
    App(
        "black",
        "a wheel compiled by mypyc",
        ("black==26.10.1",),
        "black --quiet --code 'x = {  1:2 }'",
        "x = {1: 2}",
    ),
    App(
        "awscli",
        "thousands of data files",
        ("awscli==1.46.3",),
        "aws ec2 describe-instances --generate-cli-skeleton --region us-east-1",
        '"InstanceIds"',
    ),
    App(
        "ansible-core",
        "modules as package data, a C wheel",
        ("ansible-core==2.19.4",),
        "ansible --version",
        "ansible [core 2.19.4]",
        newest="3.13",
    ),
    App(
        "django",
        "pure, templates as package data",
        ("django==5.2.8",),
        "python -m django startproject --verbosity=2 demo /tmp",
        "Creating /tmp/demo/settings.py",
    ),
    App(
        "httpie",
        "pure, plugins",
        ("httpie==3.2.4",),
        "http --offline --print=HB --ignore-stdin example.com answer==42",
        "GET /?answer=42 HTTP/1.1",
    ),
    App(
        "sphinx",
        "the sphinxcontrib namespace, templates",
        ("sphinx==8.2.3",),
        "sphinx-quickstart --quiet --project=P --author=A -v 1 /tmp/docs",
        "Finished: An initial directory structure has been created.",
    ),
    App(
        "poetry",
        "many console scripts, Rust wheels",
        ("poetry==2.5.1",),
        "poetry --version",
        "Poetry (version 2.5.1)",
    ),
    App(
        "celery",
        "an extra, plugins",
        ("celery[redis]==5.7.0",),
        "celery --version",
        "5.7.0",
    ),
    App(
        "datasette",
        "plugins, and pip and setuptools as dependencies",
        ("datasette==0.65.5",),
        "datasette plugins --all",
        "datasette.publish.heroku",
    ),
    App("pylint", "pure", ("pylint==4.1.4",), "pylint --version", "pylint 4.1.4"),
    App("twine", "a Rust wheel", ("twine==7.0.0",), "twine --version", "twine version 7.0.0"),
    App(
        "cookiecutter",
        "pure, package data",
        ("cookiecutter==2.7.1",),
        "cookiecutter --version",
        "Cookiecutter 2.7.1",
    ),
    App(
        "pre-commit",
        "pure, package data",
        ("pre-commit==4.7.0",),
        "pre-commit sample-config",
        "repos:",
    ),
)
