"""A page from a template in the package, with filters found by entry points."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import jinja2


def main() -> None:
    """Greet whom the first argument names."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader(__name__), autoescape=True)
    for found in entry_points(group="corpus_pages.filters"):
        environment.filters[found.name] = found.load()
    print(environment.get_template("hello.txt").render(name=sys.argv[1]))
