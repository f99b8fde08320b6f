"""The tables, as Markdown that reads well in a terminal, and their place in a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lab.bench.figures import ARTICLE, UV, Figure
from lab.bench.goals import BEST, SECONDS, START, Verdict, ratio, verdicts
from lab.errors import LabError

HEAD = (
    *("situation", "flow", "seconds"),
    *("of article", "of Dockerfile", "of uv"),
    *("sent", "image", "start"),
)
GOAL_HEAD = ("goal", "measured", "")
NOTHING = "-"
TIMES = (SECONDS, START)
PLACE = "<!-- {}: written by tests/bench/run -->\n"
END = "<!-- end -->"


def figures_table(figures: Sequence[Figure]) -> str:
    """Return the table of all figures, ratios beside them."""
    return markdown(HEAD, [_row(figure, figures) for figure in figures])


def goals_table(figures: Sequence[Figure]) -> str:
    """Return the goals, what was measured, and whether they are met."""
    rows = [(v.goal.text, _measured(v), _met(v)) for v in verdicts(figures)]
    return markdown(GOAL_HEAD, rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its columns aligned."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(c.ljust(w) for c, w in zip(line, widths, strict=True))} |"
        for line in lines
    )


def put(page: Path, parts: dict[str, str]) -> None:
    """Write each part into its place of a page.  Raises LabError when it has none."""
    text = page.read_text(encoding="utf-8")
    for name, part in parts.items():
        head, found, rest = text.partition(PLACE.format(name))
        _old, end, after = rest.partition(END)
        if not (found and end):
            raise LabError(f"{page} has no place for {name}")
        text = f"{head}{found}\n{part}\n\n{end}{after}"
    page.write_text(text, encoding="utf-8")


def size(count: float) -> str:
    """Return a number of bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} KB"


def amount(value: float, measure: str) -> str:
    """Return a measure for people: seconds, or bytes."""
    return f"{value:.2f} s" if measure in TIMES else size(value)


def share(value: float | None) -> str:
    """Return a ratio for people: 1/12 when it is small."""
    if value is None:
        return NOTHING
    return f"1/{1 / value:.1f}" if 0 < value < 0.5 else f"{value:.2f}"


def _row(figure: Figure, figures: Sequence[Figure]) -> tuple[str, ...]:
    ratios = [
        share(ratio(figures, figure.flow, figure.situation, SECONDS, against))
        for against in (ARTICLE, BEST, UV)
    ]
    start = NOTHING if figure.start_seconds is None else f"{figure.start_seconds:.2f} s"
    counts = (figure.bytes_sent, figure.image_bytes)
    sizes = [size(count) if count else NOTHING for count in counts]
    return (figure.situation, figure.flow, f"{figure.seconds:.2f}", *ratios, *sizes, start)


def _measured(verdict: Verdict) -> str:
    if verdict.measured is None:
        return "not measured"
    if verdict.goal.against:
        return share(verdict.measured)
    beside = "" if verdict.beside is None else f" ({share(verdict.beside)} of {UV})"
    return amount(verdict.measured, verdict.goal.measure) + beside


def _met(verdict: Verdict) -> str:
    return {None: NOTHING, True: "met", False: "NOT MET"}[verdict.met]
