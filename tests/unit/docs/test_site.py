"""The pages of the site that follow from other files."""

from __future__ import annotations

import re

from lab.site.commands import COMMON, STEPS, page, parsers
from lab.site.pages import listed

from buildbot_ship.cli import questions
from buildbot_ship.cli.verb_options import OPTIONS
from buildbot_ship.steps import ShipStep
from tests.unit.docs.claims import TOP
from tests.unit.docs.test_steps import STEPS as STEP_CLASSES
from tests.unit.test_architecture import PACKAGES

DOCS = TOP / "docs"


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_page_of_the_commands_is_that_of_the_parsers() -> None:
    assert text("commands.md") == page(), "run docs/build --commands"


def test_every_verb_and_question_has_a_section_with_its_options() -> None:
    asked = {
        path.stem
        for folder in questions.__path__
        for path in (TOP / folder).glob("*.py")
        if path.stem != "__init__"
    }
    sections = dict(
        re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text("commands.md"), re.M | re.S)
    )
    assert sections.keys() == {*OPTIONS, *asked, "Options of every verb"}
    for verb, parser in parsers().items():
        for group in parser._action_groups:
            section = sections["Options of every verb" if group.title == COMMON else verb]
            options = [o for action in group._group_actions for o in action.option_strings]
            written = [o for o in options if o not in ("-h", "--help")]
            assert [o for o in written if f"| `{o}" not in section] == []


def test_the_page_of_the_commands_leads_to_the_step_of_each_verb() -> None:
    classes: list[type[ShipStep]] = STEP_CLASSES
    assert {step.request_type.verb: step.__name__ for step in classes} == STEPS


def test_the_index_lists_every_page() -> None:
    folders = {"": "index.md", **{f"{name}/": f"{name}/README.md" for name in ("run", "steps")}}
    folders["decisions/"] = "decisions/README.md"
    named = {
        f"{folder}{name}" for folder, page in folders.items() for name in listed(text(page))
    }
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"index.md"}
    assert sorted(pages - named) == []


def test_the_decisions_are_listed_with_title_status_and_date() -> None:
    rows = []
    for path in sorted((DOCS / "decisions").glob("0*.md")):
        record = path.read_text(encoding="utf-8")
        number, title = re.findall(r"\A# (\d+)\. (.+)", record)[0]
        status, date = re.findall(r"^Status: (\w+), (\S+)", record, re.M)[0]
        rows.append(f"| {number} | [{title}]({path.name}) | {status} | {date} |")
    found = re.findall(r"^\| \d.*$", text("decisions/README.md"), re.M)
    assert found == rows


def test_the_picture_of_the_architecture_names_every_package() -> None:
    picture = text("architecture.svg")
    names = PACKAGES.keys() - {"__init__", "__main__", "sealed", "errors"}
    assert [name for name in names if f"{name}/" not in picture] == []


def test_the_pages_need_no_directive_of_sphinx() -> None:
    """A forge would show it as code."""
    found = [p.name for p in DOCS.rglob("*.md") if re.search(r"^```\{", p.read_text(), re.M)]
    assert found == []


def test_every_package_of_the_site_is_pinned_with_its_hash() -> None:
    wanted = re.findall(r"^([a-z][a-z-]+)$", text("requirements.in"), re.M)
    lock = text("requirements.txt")
    assert wanted
    assert [name for name in wanted if not re.search(rf"^{name}==\S+ \\$", lock, re.M)] == []
    for entry in re.findall(r"^[a-z].*(?:\n    .*)*", lock, re.M):
        assert "--hash=sha256:" in entry
