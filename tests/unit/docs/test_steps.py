"""What docs/ and README.md say, held against the code."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from buildbot.plugins import steps, util

from buildbot_ship import errors
from buildbot_ship import steps as room
from buildbot_ship.cli import NO_READER
from buildbot_ship.cli.arguments import read
from buildbot_ship.cli.call import CANCELLED
from buildbot_ship.model.diagnosis.finding import PROBLEMS
from buildbot_ship.model.dockerfile import document as dockerfile
from buildbot_ship.model.dockerfile.instruction import KINDS
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.model.result import BUG
from buildbot_ship.steps import ShipStep

TOP = Path(__file__).resolve().parents[3]
PACKAGE = TOP / "buildbot_ship"
DOCS = TOP / "docs"
INDEX = DOCS / "steps" / "README.md"
PIPELINE = DOCS / "steps" / "pipeline.md"
ALL = sorted([TOP / "README.md", *DOCS.rglob("*.md")])
PAGES = sorted((DOCS / "steps").glob("*.md"))
NAMES = [name for name in room.__all__ if issubclass(getattr(room, name), ShipStep)]
STEPS = [getattr(steps, name) for name in NAMES if name != "ShipStep"]
FACTORIES = [
    util.ShipImage,
    util.ship_factory,
    util.harden_factory,
    util.retag_factory,
    util.promote_factory,
    util.add_to_master,
    util.derive_factory,
    util.propose_bases_factory,
    util.propose_requirements_factory,
]


def subclasses(kind: type[errors.ShipError]) -> Iterator[type[errors.ShipError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


ERRORS = [
    kind for kind in subclasses(errors.ShipError) if kind.__module__.startswith(errors.__name__)
]


def page(step: Any) -> Path:
    return DOCS / "steps" / f"{step.__name__}.md"


def below(path: Path, heading: str) -> str:
    """Return the section of a page under *heading*, up to the next of any level."""
    match = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", path.read_text("utf-8"), re.M | re.S)
    assert match is not None, f"{path.name} has no section {heading}"
    return match[1]


def table(text: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose first column is called *first*."""
    match = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M)
    assert match is not None, f"there is no table of {first}"
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in match[1].splitlines()]


def code(cell: str) -> str:
    return cell.strip("`")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.M | re.S)


# --- Options -------------------------------------------------------------------------


def parameters(kind: Callable[..., Any]) -> list[inspect.Parameter]:
    found = list(inspect.signature(kind).parameters.values())
    return found if kind in FACTORIES else [p for p in found if p.kind is not p.VAR_KEYWORD]


def typed(parameter: inspect.Parameter) -> str:
    """Return the type as the tables have it: what may be written, renderables aside."""
    kinds = [k for k in parameter.annotation.split(" | ") if k not in ("IRenderable", "None")]
    names = {"Mapping": "dict", "Sequence": "list"}
    return " or ".join(
        f"`{re.sub('Mapping|Sequence', lambda m: names[m[0]], kind)}`" for kind in kinds
    )


def written(parameter: inspect.Parameter, step: Any = None) -> str:
    """Return the default as the tables have it; that of a step is what a new one has."""
    if parameter.kind is parameter.VAR_KEYWORD:
        return ""
    if parameter.default is parameter.empty:
        return "required"
    value = parameter.default if step is None else getattr(step, parameter.name)
    if step is not None and value is None and hasattr(Limits(), parameter.name):
        value = getattr(Limits(), parameter.name)
    return "`" + repr(value).replace("'", '"') + "`"


def new(step: Any) -> Any:
    needed = [p.name for p in parameters(step) if p.default is p.empty]
    return step(**{name: util.Property("later") for name in needed})


def expected(kind: Callable[..., Any], step: Any = None) -> list[tuple[str, str, str]]:
    return [(f"`{spelled(p)}`", typed(p), written(p, step)) for p in parameters(kind)]


def spelled(parameter: inspect.Parameter) -> str:
    return str(parameter).partition(":")[0]


@pytest.mark.parametrize("step", STEPS)
def test_a_page_lists_every_option_of_its_step_and_no_other(step: Any) -> None:
    rows = table(below(page(step), "Options"), "option")
    assert [tuple(row[:3]) for row in rows] == expected(step, new(step))


def test_the_index_lists_every_common_option_and_no_other() -> None:
    rows = table(below(INDEX, "Options of every step"), "option")
    common = expected(ShipStep, new(steps.CollectGarbage))
    assert [tuple(row[:3]) for row in rows] == common


def test_the_index_says_which_options_are_renderable() -> None:
    # The credentials are rendered, too, but not by Buildbot: see steps/base/credentials.py.
    rendered = {*ShipStep.renderables, "credentials"}
    for row in table(below(INDEX, "Options of every step"), "option"):
        assert row[3] == ("yes" if code(row[0]) in rendered else "no"), row


@pytest.mark.parametrize("kind", FACTORIES, ids=lambda kind: kind.__name__)
def test_the_pipeline_lists_every_parameter_and_no_other(kind: Any) -> None:
    rows = table(below(PIPELINE, kind.__name__), "option")
    assert [tuple(row[:3]) for row in rows] == expected(kind)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_row_says_what_it_means(path: Path) -> None:
    for row in re.findall(r"^\|.*\|$", path.read_text("utf-8"), re.M):
        assert row[1:-1].rpartition("|")[2].strip(), row


def test_every_step_has_a_page_and_a_row_in_the_index() -> None:
    rows = table(INDEX.read_text("utf-8"), "step")
    assert {row[0] for row in rows} == {f"[{s.__name__}]({s.__name__}.md)" for s in STEPS}
    names = {step.__name__ for step in STEPS}
    assert {path.stem for path in PAGES} == names | {"README", "pipeline"}


def test_the_index_names_the_verb_of_each_step() -> None:
    for row in table(INDEX.read_text("utf-8"), "step"):
        name = row[0].partition("]")[0].strip("[")
        assert code(row[2]) == f"buildbot-ship {getattr(steps, name).request_type.verb}"


# --- Examples ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [*PAGES, DOCS / "locks.md", TOP / "README.md"],
    ids=lambda path: str(path.relative_to(TOP)),
)
def test_the_python_examples_run(path: Path) -> None:
    examples = blocks(path, "python")
    assert examples
    for example in examples:
        names: dict[str, Any] = {"factory": util.BuildFactory()}
        exec(compile(example, path.name, "exec"), names)  # noqa: S102  # our own text
        factories = [made for made in names.values() if isinstance(made, util.BuildFactory)]
        assert any(factory.steps for factory in factories)


def commands(pages: list[Path]) -> Iterator[tuple[str, list[str]]]:
    """Yield the page and the arguments of every call of the command line."""
    for path in pages:
        for block in blocks(path, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                name, *arguments = shlex.split(line, comments=True) or [""]
                if name == "buildbot-ship":
                    yield path.stem, arguments


@pytest.mark.parametrize(("stem", "arguments"), list(commands(PAGES)))
def test_a_command_by_hand_is_a_request(stem: str, arguments: list[str]) -> None:
    call = read(arguments, {})
    assert call.envelope is not None
    assert call.envelope.verb == getattr(steps, stem).request_type.verb


def test_the_commands_for_lock_files_are_accepted() -> None:
    found = [arguments for _, arguments in commands([DOCS / "locks.md"])]
    assert {arguments[0] for arguments in found} >= {"harden", "check", "build", "lock"}
    for arguments in found:
        assert arguments[:2] == ["lock", "export"] or read(arguments, {}).envelope is not None


def test_every_step_is_shown_by_hand() -> None:
    assert {stem for stem, _ in commands(PAGES)} == {step.__name__ for step in STEPS}


# --- Troubleshooting -----------------------------------------------------------------


def texts() -> set[str]:
    """Return every text in our code, those between the fields of an f-string by themselves."""
    return {
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("step", STEPS)
def test_the_summaries_that_a_page_quotes_are_those_of_the_code(step: Any) -> None:
    known = "\n".join(texts())
    for row in table(below(page(step), "Troubleshooting"), "message"):
        pieces = [piece for piece in re.split(r"\{[^}]*\}|: ", code(row[0])) if piece]
        assert any(len(piece) > 8 for piece in pieces), row
        assert [piece for piece in pieces if piece not in known] == [], row


def test_the_accepted_instructions_are_those_that_are_read() -> None:
    rows = table(below(page(steps.BuildRuntimeImage), "The Dockerfile"), "instruction")
    accepted = [word for row in rows for word in re.findall(r"`(\w+)`", row[0])]
    assert sorted(accepted) == sorted(KINDS)


def test_the_instructions_for_the_engine_are_handed_to_it() -> None:
    text = below(page(steps.BuildRuntimeImage), "The Dockerfile")
    match = re.search(r"to the engine's builder.*?: ((?:`[A-Z]+`,\s)+)", text, re.S)
    assert match is not None
    assert re.findall("[A-Z]+", match[1]) == list(dockerfile.ENGINE_ONLY)
    for word in dockerfile.ENGINE_ONLY:
        found = dockerfile.read(f"FROM registry.example.com/team/base:1\n{word} x\n", "f")
        assert [item.word for item in found.engine_only] == [word]


def advice(kind: type[errors.ShipError]) -> str:
    own = kind.advice == "{hint}"
    return str(attrs.fields_dict(kind)["hint"].default) if own else kind.advice


def test_every_error_stands_in_the_table_as_it_is() -> None:
    file = "{file}:{line}: {text} (and {more} more)"
    assert table((DOCS / "errors.md").read_text("utf-8"), "status") == [
        [
            str(kind.status),
            f"`{kind.__name__}`",
            f"`{kind.template or file}`",
            advice(kind),
            "yes" if kind.transient else "no",
        ]
        for kind in sorted(ERRORS, key=lambda kind: kind.status)
    ]


def test_every_exit_status_means_one_thing() -> None:
    others = table(below(DOCS / "errors.md", "Other exit statuses"), "status")
    assert [int(row[0]) for row in others] == [0, 2, PROBLEMS, BUG, NO_READER, CANCELLED]
    statuses = [*(kind.status for kind in ERRORS), *(int(row[0]) for row in others)]
    assert len(statuses) == len(set(statuses))
    assert errors.ShipError.status not in statuses


# --- The whole of it -----------------------------------------------------------------


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(TOP)))
def test_links_lead_to_files(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            target = path.parent / name if name else path
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def anchors(path: Path) -> list[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.M)
    return [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


def test_the_architecture_names_every_package() -> None:
    rows = table(below(DOCS / "architecture.md", "Packages"), "package")
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    assert {code(row[0]) for row in rows} == folders
