from __future__ import annotations

from buildbot_ship.model.requirements.changes import StrictFile, compare
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.reasons import reasons

A, B = "a" * 64, "b" * 64


def lines(*pins: tuple[str, str, str], hash_: str = A) -> StrictFile:
    text = "".join(f"{name}=={v} \\\n    --hash=sha256:{hash_}\n{why}" for name, v, why in pins)
    return StrictFile(parse_strict(text, "strict.txt"), text)


def via(*why: str) -> str:
    if len(why) == 1:
        return f"    # via {why[0]}\n"
    return "    # via\n" + "".join(f"    #   {reason}\n" for reason in why)


OLD = lines(
    ("attrs", "1", via("klein", "twisted")),
    ("gone", "1", via("klein")),
    ("klein", "2.0.0", via("-r requirements.loose.txt")),
    ("six", "1.10", via("app (setup.py)")),
)
NEW = lines(
    ("attrs", "1", via("klein", "twisted")),
    ("klein", "1.9", via("-r requirements.loose.txt")),
    ("New.One", "4", via("-r requirements.loose.txt", "klein")),
    ("six", "1.9.post1", via("app (setup.py)")),
)


def test_reasons_are_read_in_both_forms() -> None:
    assert reasons(OLD.text) == {
        "attrs": ("klein", "twisted"),
        "gone": ("klein",),
        "klein": ("-r requirements.loose.txt",),
        "six": ("app (setup.py)",),
    }


def test_a_comment_that_is_no_reason_is_left_alone() -> None:
    text = "six==1\n    # via klein\n# The following packages are considered unsafe:\n#   x\n"
    assert reasons(text) == {"six": ("klein",)}


def test_changes_say_what_came_went_and_moved_and_why() -> None:
    changes = compare(OLD, NEW)
    assert changes.text == (
        "added:\n  new-one 4 (requirements.loose.txt, klein)\n"
        "\nremoved:\n  gone 1 (klein)\n"
        "\ndowngraded:\n  klein 2.0.0 -> 1.9 (requirements.loose.txt)\n"
        "  six 1.10 -> 1.9.post1 (app (setup.py))\n"
    )
    assert changes.summary == "1 added, 1 removed, 2 downgraded"


def test_an_upgrade_is_one_by_version_and_not_by_text() -> None:
    (klein, six) = compare(NEW, OLD).of("upgraded")
    assert (six.old, six.new) == ("1.9.post1", "1.10")
    assert str(klein) == "klein 1.9 -> 2.0.0 (requirements.loose.txt)"


def test_the_message_begins_with_a_line_for_git() -> None:
    head, empty, *rest = compare(OLD, NEW).message("requirements.strict.txt").split("\n")
    assert head == "requirements.strict.txt: 1 added, 1 removed, 2 downgraded"
    assert (empty, rest[0]) == ("", "added:")


def test_other_files_of_one_version_are_told() -> None:
    changes = compare(lines(("six", "1", "")), lines(("six", "1", ""), hash_=B))
    assert changes.summary == "1 with other files"
    assert "  six 1\n" in changes.text


def test_no_change_is_said_so() -> None:
    assert compare(OLD, OLD).summary == "no change"
    assert compare(OLD, OLD).text == "no change\n"
