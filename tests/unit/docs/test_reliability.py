"""docs/reliability.md names, for each row of the fault matrix, exactly its marked tests."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent.parent
PAGE = TOP / "docs" / "reliability.md"
ROW = re.compile(r"^\| (\d+) \| .*\| (.+?) \|$", re.M)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROWS = 44


def marked(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the row and the name of each marked test of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            for call in (each for each in node.decorator_list if isinstance(each, ast.Call)):
                if ast.unparse(call.func) == "pytest.mark.row":
                    for number in call.args:
                        yield ast.literal_eval(number), node.name


def marked_in_files() -> dict[int, set[tuple[str, str]]]:
    """Return file and name of the tests of each row, as the markers say."""
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for path in sorted((TOP / "tests").rglob("test_*.py")):
        if "mark.row" in path.read_text(encoding="utf-8"):
            for row, name in marked(path):
                found[row].add((str(path.relative_to(TOP / "tests")), name))
    return found


def test_the_table_names_the_tests_of_each_row_and_no_others() -> None:
    page = {int(row): set(TEST.findall(cell)) for row, cell in ROW.findall(PAGE.read_text())}
    assert list(page) == list(range(1, ROWS + 1))
    assert page == marked_in_files()


def test_each_row_has_a_test() -> None:
    assert sorted(marked_in_files()) == list(range(1, ROWS + 1))
