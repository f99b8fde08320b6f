from __future__ import annotations

import gzip
import io
import zipfile
import zlib

import pytest
from lab.soak.options import SOAKS, SoakOptions, parse_soak
from lab.soak.outcomes import OVERWRITTEN, SUCCESS
from lab.soak.publish import WRITERS, judge
from lab.soak.secrets import attacker
from lab.soak.secrets.places import IMAGE, PAGES
from lab.soak.secrets.planted import FORMS, GIT, KEY, NAMES, Planted, unpacked
from lab.soak.secrets.scene import configuration
from lab.soak.secrets.soak import judge as judge_secrets
from lab.soak.tally import Tally


def test_publish_makes_10000_attempts_unless_told_otherwise() -> None:
    assert parse_soak(["publish"]) == SoakOptions("publish", SOAKS["publish"].rounds)
    assert SOAKS["publish"].rounds * WRITERS == 10_000
    assert parse_soak(["publish", "--rounds", "3"]).rounds == 3


@pytest.mark.parametrize("argv", [[], ["nothing"], ["publish", "--rounds", "0"]])
def test_wrong_arguments_are_refused(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_soak(argv)
    assert "tests/soak/run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("digest", "ended", "held"),
    [
        ("a", [(SUCCESS, "a"), ("TagClaimed", "b")], 2),
        ("a", [(SUCCESS, "a"), (SUCCESS, "a"), ("TagTaken", "b")], 3),
        (None, [("OutputMissing", "a"), ("TagClaimed", "b")], 2),
        ("a", [(SUCCESS, "a"), (SUCCESS, "b")], 1),
        ("a", [(SUCCESS, "a"), (OVERWRITTEN, "b")], 1),
        (None, [(SUCCESS, "a"), ("TagClaimed", "b")], 1),
        ("a", [("TagClaimed", "a"), ("TagClaimed", "b")], 1),
    ],
)
def test_success_is_right_only_for_the_image_that_the_tag_names(
    digest: str | None, ended: list[tuple[str, str]], held: int
) -> None:
    tally = Tally()
    judge(1, digest, ended, tally)
    assert tally.all_held == (held == len(ended))
    *_, last = tally.lines("publish")
    assert last == f"publish: {held} of {len(ended)} held"


def test_nothing_tried_is_nothing_held() -> None:
    assert not Tally().all_held


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_a_planted_secret_is_found_in_every_form(name: str, form: str) -> None:
    planted = Planted.plant("ship-key-0123456789abcdef")
    shown = FORMS[form](planted.values[name])
    assert (name, form) in planted.found(f"before {shown} after".encode())
    assert planted.found(b"nothing of all that") == set()
    assert planted.values[name] not in repr(planted)


def test_a_secret_was_tried_if_each_encoding_of_it_was_hidden() -> None:
    planted = Planted.plant("ship-key-0123456789abcdef")
    for hidden in ("***", f"<{GIT}>"):
        lines = [f"{GIT}/{encoding}: {hidden}" for encoding in attacker.ENCODINGS]
        assert planted.printed(GIT, "\n".join(lines))
        assert not planted.printed(GIT, "\n".join(lines[1:]))
        assert not planted.printed(KEY, "\n".join(lines))
    assert not planted.printed(GIT, "\n".join(attacker.lines_of(GIT, planted.values[GIT])))


def test_what_is_compressed_is_searched_too() -> None:
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", gzip.compress(b"hidden in a wheel"))
    assert b"hidden in a wheel" in list(unpacked(spool.getvalue()))
    assert b"hidden in git" in list(unpacked(zlib.compress(b"hidden in git")))
    assert list(unpacked(b"\x1f\x8bno gzip")) == [b"\x1f\x8bno gzip"]


def test_each_form_of_a_secret_in_each_place_is_an_attempt() -> None:
    tally = Tally()
    judge_secrets(1, {}, (), tally)
    assert tally.all_held
    judge_secrets(
        2, {(IMAGE, KEY, "raw"): "layer 3", (PAGES, GIT, "URL"): "log"}, (GIT,), tally
    )
    assert tally.broken == [
        f"round 2: {GIT} as URL in {PAGES}: log",
        f"round 2: {KEY} as raw in {IMAGE}: layer 3",
        f"round 2: {GIT} was not tried",
    ]
    assert tally.outcomes["found"] == 2


def test_the_master_of_the_soak_is_the_example_with_other_images_and_logins() -> None:
    text = configuration()
    compile(text, "master.cfg", "exec")
    assert 'requirements=["twisted"' not in text
    assert text.count('util.Secret("index-password")') == 1
