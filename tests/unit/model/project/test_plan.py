"""What ``init`` finds in a repository, and what it decides."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from buildbot_ship.errors import InvalidReference, InvalidRequest, NothingToShip
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.dockerfile.pin import find_pins
from buildbot_ship.model.project.commands import commands, wrapped
from buildbot_ship.model.project.files import ProjectFiles
from buildbot_ship.model.project.plan import Plan, Wishes, make_plan
from buildbot_ship.model.project.texts import new_files
from buildbot_ship.model.tag import NO_BASE
from buildbot_ship.steps.factories.ship import without_credentials

URL = "https://bot:word@git.example.com/team/repo.git"
TEAM = "registry.example.com/team"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
PACKAGE = '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "shop"\n'
GUNICORN = 'dependencies = ["flask", "gunicorn"]\n'


def plan_of(texts: dict[str, str], **wishes: Any) -> Plan:
    """Return the plan for a repository with these files."""
    data = {path: text.encode() for path, text in texts.items()}
    return make_plan(ProjectFiles(frozenset(data), data.get), "My Repo", Wishes(TEAM, **wishes))


def told(plan: Plan) -> str:
    return "\n".join(commands(plan, ["build.docker"], URL, is_repository=True))


def entry_of(texts: dict[str, str], image: str) -> list[str]:
    (line,) = (each for each in texts[image].splitlines() if each.startswith("ENTRYPOINT"))
    found: list[str] = json.loads(line.removeprefix("ENTRYPOINT "))
    return found


def test_code_that_is_no_package_is_copied_and_gets_a_server() -> None:
    plan = plan_of({"app.py": FLASK, "requirements.txt": "Flask>=3\n"})
    (service,) = plan.services
    assert (service.name, service.requirements) == ("my-repo", ("flask", "gunicorn"))
    texts = new_files(plan, "url", "main", {})
    loose = texts["requirements.loose.txt"].splitlines()
    assert loose[1:] == ["-r requirements.txt", "gunicorn"]
    assert "COPY . /app/\nENV PYTHONPATH=/app\nWORKDIR /app\n" in texts["my-repo.docker"]
    assert entry_of(texts, "my-repo.docker")[::3] == ["/my-repo.pex", "app:app"]
    assert "\n*.docker\n" in texts[".dockerignore"]


def test_the_source_is_that_of_the_master_s_build() -> None:
    said = told(plan_of({"app.py": FLASK, "requirements.txt": "flask\n"}))
    assert said.count("--source https://git.example.com/team/repo.git\n") == 1
    assert without_credentials(URL) == "https://git.example.com/team/repo.git"


def test_a_repository_with_a_server_needs_no_loose_file() -> None:
    plan = plan_of({"app.py": FLASK, "requirements.txt": "flask\nGunicorn==23.0\n"})
    assert set(new_files(plan, "url", "main", {})) == {
        *("build.docker", "my-repo.docker", ".dockerignore", "ship.cfg"),
    }
    assert "buildbot-ship harden --loose requirements.txt\n" in told(plan)


def test_a_package_is_built_and_not_copied() -> None:
    plan = plan_of({"pyproject.toml": PACKAGE + GUNICORN, "src/shop/web.py": FLASK})
    (service,) = plan.services
    assert service.requirements == ("shop", "gunicorn")
    assert service.arguments[-1] == "shop.web:app"
    texts = new_files(plan, "url", "main", {})
    assert "COPY . " not in texts["shop.docker"]
    assert set(texts) == {"build.docker", "shop.docker", "ship.cfg"}
    assert "buildbot-ship check --package . --loose pyproject.toml\n" in told(plan)


SETUP = """\
from setuptools import setup, find_packages
setup(name="old.Shop", packages=find_packages(), install_requires=["flask", "waitress"],
      python_requires="<3.13", entry_points={"console_scripts": ["old = old:main"]})
"""


def test_a_setup_py_is_read_and_not_run() -> None:
    plan = plan_of({"setup.py": SETUP, "old/app.py": FLASK, "old/__init__.py": ""})
    (service,) = plan.services
    assert (service.name, service.script) == ("old-shop", "waitress-serve")
    assert service.arguments == ("--listen=0.0.0.0:8000", "old.app:app")
    assert plan.python == "3.12"
    assert plan.pins.text.splitlines()[1:] == []


def test_a_setup_cfg_is_read() -> None:
    config = "[metadata]\nname = conf\n[options]\ninstall_requires =\n    six\n"
    config += "[options.entry_points]\nconsole_scripts =\n    conf-run = conf:main\n"
    (service,) = plan_of({"setup.cfg": config}).services
    assert (service.name, service.script, service.port) == ("conf", "conf-run", None)
    assert service.check == {"command": ["python", "-c", "pass"]}


POETRY = """\
[tool.poetry]
name = "ledger"
{more}
[tool.poetry.dependencies]
python = "{python}"
fastapi = {{ version = "*", extras = ["standard"] }}
[tool.poetry.scripts]
ledger = "ledger.cli:main"
[build-system]
requires = ["poetry-core"]
"""
LOCKED = '[[package]]\nname = "uvicorn"\nversion = "1"\n'


def test_poetry_s_tables_and_lock_are_read() -> None:
    files = {"pyproject.toml": POETRY.format(more="", python="^3.9"), "poetry.lock": LOCKED}
    app = "import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI()\n"
    plan = plan_of({**files, "ledger/__init__.py": "", "ledger/api.py": app})
    (service,) = plan.services
    assert service.arguments == ("--host=0.0.0.0", "--port=8000", "ledger.api:api")
    assert plan.python == "3.14"
    assert "harden --strict poetry.lock --package . --upgrade nothing\n" in told(plan)
    assert "requirements.strict" not in told(plan)


def test_a_poetry_project_that_is_no_package_is_copied() -> None:
    text = POETRY.format(more="package-mode = false", python="~3.12")
    app = "from fastapi import FastAPI\napp = FastAPI()\n"
    plan = plan_of({"pyproject.toml": text, "poetry.lock": LOCKED, "main.py": app})
    (service,) = plan.services
    assert service.copies == ""
    assert service.requirements == ("fastapi[standard]", "uvicorn")
    assert plan.python == "3.12"


def test_a_lock_without_a_server_names_the_command_that_adds_one() -> None:
    files = {"pyproject.toml": PACKAGE, "uv.lock": "", "shop/app.py": FLASK}
    said = told(plan_of(files))
    assert "uv add gunicorn\n" in said
    assert " uv.lock requirements.build.txt pyproject.toml\n" in said


DJANGO = (
    "from django.core.{0} import get_{0}_application\napplication = get_{0}_application()\n"
)


@pytest.mark.parametrize(
    ("server", "script"),
    [("gunicorn", "gunicorn"), ("uvicorn", "uvicorn"), ("daphne", "daphne"), ("", "gunicorn")],
)
def test_django_has_the_interface_of_its_server(server: str, script: str) -> None:
    apps = {f"site/{kind}.py": DJANGO.format(kind) for kind in ("wsgi", "asgi")}
    listing = f"django\n{server}\n"
    (service,) = plan_of({"requirements.txt": listing, **apps}).services
    assert service.script == script
    assert service.check["url"].startswith("tcp://")
    assert service.arguments[-1].startswith(
        "site.wsgi:" if script == "gunicorn" else "site.asgi:"
    )


FACTORY = """\
from flask import Flask
def create_app(config=None):
    app = Flask(__name__)
    {route}
    def index(): return ""
    return app
"""


@pytest.mark.parametrize(
    ("route", "url"),
    [
        ('@app.route("/")', "http://shop:8000/"),
        ('@app.get("/")', "http://shop:8000/"),
        ('@app.post("/")', "tcp://shop:8000"),
        ('@other.get("/")', "tcp://shop:8000"),
        ('@app.get("/api")', "tcp://shop:8000"),
    ],
)
def test_a_page_at_the_root_is_tested(route: str, url: str) -> None:
    code = FACTORY.format(route=route)
    (service,) = plan_of(
        {"pyproject.toml": PACKAGE + GUNICORN, "shop/__init__.py": code}
    ).services
    assert service.check == {"url": url}
    assert service.arguments[-1] == "shop:create_app()"


def test_what_a_factory_made_comes_before_the_factory() -> None:
    code = {"shop/__init__.py": FACTORY.format(route='@app.get("/")')}
    made = "from shop import create_app\napplication = create_app({})\n"
    plan = plan_of({"pyproject.toml": PACKAGE + GUNICORN, **code, "shop/wsgi.py": made})
    assert plan.services[0].arguments[-1] == "shop.wsgi:application"
    assert plan.services[0].answers


def test_modules_that_import_each_other_by_name_have_their_folder_as_root() -> None:
    app = "from flask import Flask\nimport models\napp = Flask(__name__)\n"
    files = {"backend/main.py": app, "backend/models.py": "", "requirements.txt": "flask\n"}
    texts = new_files(plan_of(files), "url", "main", {})
    assert "ENV PYTHONPATH=/app/backend\n" in texts["my-repo.docker"]
    assert entry_of(texts, "my-repo.docker")[-1] == "main:app"


def test_code_of_tests_and_examples_is_no_application() -> None:
    files = {f"{each}/app.py": FLASK for each in ("tests", "docs", "examples")}
    files |= {"test_app.py": FLASK, "broken.py": "def (", "requirements.txt": "flask"}
    with pytest.raises(NothingToShip, match="no web application and no console script"):
        plan_of(files)


def test_an_empty_repository_has_nothing_to_ship() -> None:
    with pytest.raises(NothingToShip, match="there is no pyproject.toml"):
        plan_of({"README": ""})


def test_a_choice_is_asked_for() -> None:
    two = {"requirements.txt": "flask\n", "a.py": FLASK, "b.py": FLASK}
    with pytest.raises(InvalidRequest, match=r"a:app and b:app: choose one, as in --entry my-"):
        plan_of(two)
    assert plan_of(two, entries={"": "b:app"}).services[0].arguments[-1] == "b:app"
    scripts = PACKAGE + '[project.scripts]\none = "s:f"\ntwo = "s:g"\n'
    with pytest.raises(InvalidRequest, match="one and two: choose one"):
        plan_of({"pyproject.toml": scripts})
    (service,) = plan_of(
        {"pyproject.toml": scripts}, entries={"shop": "two"}, ports={"": 9}
    ).services
    assert (service.script, service.check) == ("two", {"url": "tcp://shop:9"})
    (service,) = plan_of({"pyproject.toml": scripts}, entries={"": "shop.jobs"}).services
    assert service.module == "shop.jobs"


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"entries": {"nobody": "a"}}, "--entry: nobody is none of the images one, two"),
        ({"ports": {"": 80}}, "--port: there are several images: write one=..."),
        ({"entries": {"one": "--x"}}, "is not a module"),
    ],
)
def test_a_wrong_choice_is_refused(wishes: dict[str, Any], why: str) -> None:
    files = {f"{each}/pyproject.toml": PACKAGE.replace("shop", each) for each in ("one", "two")}
    files |= {f"{each}/{each}.py": FLASK for each in ("one", "two")}
    with pytest.raises(InvalidRequest, match=why):
        plan_of(files, **wishes)


def test_a_library_of_the_repository_is_no_service() -> None:
    api = PACKAGE.replace("shop", "api") + 'dependencies = ["lib", "flask", "gunicorn"]\n'
    lib = PACKAGE.replace("shop", "lib") + '[project.scripts]\nlib = "lib:main"\n'
    plan = plan_of({"api/pyproject.toml": api, "api/api.py": FLASK, "lib/pyproject.toml": lib})
    assert [service.name for service in plan.services] == ["api"]
    assert plan.pins.packages == ("api", "lib")


def test_services_with_their_own_requirement_files_share_the_strict_file() -> None:
    files = {f"services/{each}/app.py": FLASK for each in ("api", "web")}
    files |= {
        f"services/{each}/requirements.txt": "flask\ngunicorn\n" for each in ("api", "web")
    }
    texts = new_files(plan_of(files), "url", "main", {})
    assert "-r services/api/requirements.txt\n" in texts["requirements.loose.txt"]
    assert "COPY services/web/ /app/\nENV PYTHONPATH=/app\n" in texts["web.docker"]


def test_lines_that_are_refused_are_named() -> None:
    listing = "--index-url https://x.example.com/\nflask\ngunicorn\n"
    plan = plan_of({"app.py": FLASK, "requirements.txt": listing})
    (problem,) = plan.problems
    assert problem.startswith("requirements.txt:1: ")
    assert plan.services[0].requirements == ("flask", "gunicorn")


@pytest.mark.parametrize(
    ("declared", "minor"),
    [
        ("", "3.14"),
        (">=3.9", "3.14"),
        ("==3.12.*", "3.12"),
        (">=3.11,<3.13", "3.12"),
        ("x", "3.14"),
    ],
)
def test_the_newest_python_that_fits_is_taken(declared: str, minor: str) -> None:
    text = PACKAGE + GUNICORN + f'requires-python = "{declared}"\n'
    assert plan_of({"pyproject.toml": text, "shop/app.py": FLASK}).python == minor


def test_the_python_of_the_repository_comes_first() -> None:
    files = {"requirements.txt": "flask", "app.py": FLASK, ".python-version": "3.12.4\n"}
    assert plan_of(files).python == "3.12"
    assert plan_of(files, python="3.13").python == "3.13"


def test_no_python_that_fits_is_an_error() -> None:
    text = PACKAGE + 'requires-python = "<3"\n'
    with pytest.raises(InvalidRequest, match="requires-python is <3: no version"):
        plan_of({"pyproject.toml": text, "shop/app.py": FLASK})


def test_unknown_bases_have_a_tag_that_pin_replaces() -> None:
    plan = plan_of({"requirements.txt": "flask", "app.py": FLASK}, python="3.13")
    texts = new_files(plan, "url", "main", {})
    for name, own in (("build.docker", "python313"), ("my-repo.docker", "python313-slim")):
        (pin,) = find_pins(texts[name].encode(), name)
        assert str(pin.reference) == f"{TEAM}/{own}:{NO_BASE}"
    assert f"retag docker.io/library/python:3.13={TEAM}/python313 " in told(plan)


def test_own_bases_need_no_copy() -> None:
    own = {
        f"{kind}_base": f"{TEAM}/{kind}:2026-01-01T00-00-00-000000"
        for kind in ("build", "runtime")
    }
    plan = plan_of({"requirements.txt": "flask", "app.py": FLASK}, **own)
    texts = new_files(plan, "url", "main", {})
    assert f"FROM {own['build_base']}\n" in texts["build.docker"]
    assert "retag" not in told(plan)


def test_a_base_needs_a_tag_and_a_registry_a_name() -> None:
    with pytest.raises((InvalidRequest, InvalidReference)):
        Wishes(TEAM, build_base=f"{TEAM}/python")
    with pytest.raises((InvalidRequest, InvalidReference)):
        Wishes("registry.example.com/team:1")


def test_the_dockerfiles_and_the_fragment_can_be_read() -> None:
    texts = new_files(
        plan_of({"requirements.txt": "flask", "app.py": FLASK}), 'a"b', "main", {}
    )
    assert read(texts["my-repo.docker"].encode(), "my-repo.docker").base
    ast.parse(texts["ship.cfg"])


def test_a_long_command_has_several_lines() -> None:
    said = wrapped(["buildbot-ship", "build", *[f"--package=libs/number{n}" for n in range(9)]])
    assert max(map(len, said.splitlines())) <= 96
    assert said.replace(" \\\n   ", "").split() == said.replace("\\\n", "").split()
