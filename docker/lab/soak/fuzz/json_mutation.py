"""Change JSON documents value by value: another type, a hostile text, a key too many or few."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from lab.soak.fuzz.mutation import mutated

_VALUES: tuple[Any, ...] = (
    None, {}, [], "", 0, -1, 1, True, False, 1.5, float("inf"), float("nan"), 10**30, "a", [[]],
    [{}], {"a": 1}, [None], ["a"], {"": ""}, "\ud800", "\0", "\n", "a\nb", "../../x", "/etc/x",
    "sha256:../../x", "x/../../y.whl", "a-1.0-1/../../../../x-py3-none-any.whl",
    "sha256:" + "0" * 64,
    "\u202e", "-x", "a" * 5000, "=", "A=B=C", "::", {"digest": "x"}, "https://[::", 2**63,
)  # fmt: skip
JSON_WORDS = (
    b"null", b"{}", b"[]", b'""', b"0", b"-1", b"1e999", b"Infinity", b"NaN", b"true", b"1.5",
    b'"\\ud800"', b'"a"', b"[[]]", b'[{}]', b'{"a":1}', b"9" * 30, b'"sha256:../../x"', b",",
    b":",
    b'"/../../etc/x"', b'"\\u0000"', b'"a/b"', b'"\\n"', b"{", b"[", b'"', b"\\", b"}", b"]",
)  # fmt: skip
Path = tuple[Any, ...]


def mutated_json(random: Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return one of the JSON documents *seeds* after a few changes, mostly valid JSON."""
    document = json.loads(random.choice(seeds))
    for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        document = _changed(random, document)
    data = json.dumps(document).encode()
    return mutated(random, [data], words) if random.random() < 0.25 else data


def _changed(random: Random, document: Any) -> Any:
    document = copy.deepcopy(document)
    places = list(_places(document, ()))
    path = random.choice(places)
    if not path:
        return random.choice(_VALUES)
    *over, last = path
    parent = _at(document, over)
    kind = random.randrange(8)
    if kind < 4:
        parent[last] = copy.deepcopy(random.choice(_VALUES))
    elif kind == 4:
        del parent[last]
    elif kind == 5:
        parent[last] = copy.deepcopy(_at(document, random.choice(places)))
    elif isinstance(parent, dict):
        parent[random.choice(("", "x", "size", "digest", "verb", "\n"))] = parent[last]
    else:
        parent += copy.deepcopy(parent[last : last + 1]) * random.choice((1, 2, 50))
    return document


def _places(value: Any, path: Path) -> Any:
    yield path
    items = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else items:
        yield from _places(each, (*path, key))


def _at(value: Any, path: Sequence[Any]) -> Any:
    for key in path:
        value = value[key]
    return value
