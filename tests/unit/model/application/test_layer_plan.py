from __future__ import annotations

import attrs

from buildbot_ship.model.application.layer_plan import ALONE, BUDGET, plan_layers
from buildbot_ship.model.artefact import Wheel


def wheel(name: str, size: int = ALONE, own: bool = False) -> Wheel:
    return Wheel(f"{name}-1-py3-none-any.whl", f"sha256:{name}", size, own=own)


def spread(*wheels: Wheel) -> list[list[str]]:
    return [[w.name for w in layer.wheels] for layer in plan_layers(wheels, "recipe")]


def test_the_largest_come_first_and_alone_then_the_small_then_our_own() -> None:
    own, large, larger = wheel("own", 9 * ALONE, own=True), wheel("l"), wheel("x", 2 * ALONE)
    small, tiny = wheel("s", ALONE - 1), wheel("a", 1)
    assert spread(own, small, large, tiny, larger) == [["x"], ["l"], ["a", "s"], ["own"]]


def test_what_goes_past_the_budget_lies_with_the_small_ones() -> None:
    many = [wheel(f"w{n}", ALONE + n) for n in range(BUDGET + 3)]
    layers = spread(*many)
    assert len(layers) == BUDGET
    assert layers[0] == [f"w{BUDGET + 2}"]
    assert layers[-1] == ["w0", "w1", "w2", "w3"]
    assert len(spread(*many[:BUDGET])) == BUDGET
    assert len(spread(*many[:BUDGET], wheel("s", 1))) == BUDGET


def test_there_are_no_empty_layers() -> None:
    assert spread() == []
    assert spread(wheel("own", own=True)) == [["own"]]


def test_an_order_of_wheels_says_nothing() -> None:
    wheels = [wheel("a"), wheel("b"), wheel("c", 1), wheel("d", 1, own=True)]
    assert plan_layers(wheels, "recipe") == plan_layers(wheels[::-1], "recipe")


def test_a_layer_is_known_by_its_wheels_and_its_recipe_alone() -> None:
    alone, other = wheel("a"), wheel("b", 2 * ALONE)
    (first,) = plan_layers([alone], "recipe")
    assert first in plan_layers([alone, other, wheel("own", own=True)], "recipe")
    changed = attrs.evolve(alone, digest="sha256:changed")
    keys = {
        plan_layers([one], recipe)[0].key
        for one, recipe in ((alone, "recipe"), (changed, "recipe"), (alone, "other"))
    }
    assert len(keys) == 3


def test_the_title_says_what_is_in_it() -> None:
    (layer,) = plan_layers([wheel("b", 1), wheel("A_x", 1)], "recipe")
    assert layer.title == "a-x 1, b 1"
    (layer,) = plan_layers([wheel(name, 1) for name in "edcba"], "recipe")
    assert layer.title == "a 1, b 1, c 1 and 2 more"


def test_what_a_package_does_not_get_is_in_the_key_of_its_layer_alone() -> None:
    wheels = [wheel("large"), wheel("a", 1), wheel("own", 1, own=True)]
    plain = plan_layers(wheels, "recipe")
    assert plan_layers(wheels, "recipe", {"other": ("x",)}) == plain
    lost = plan_layers(wheels, "recipe", {"a": ("x", "y")})
    assert [new.key == old.key for new, old in zip(lost, plain, strict=True)] == [
        True, False, True,
    ]  # fmt: skip
    assert [layer.left_out for layer in lost] == [{}, {"a": ("x", "y")}, {}]
    assert plan_layers(wheels, "recipe", {"a": ("x",)})[1].key not in {
        lost[1].key,
        plain[1].key,
    }
