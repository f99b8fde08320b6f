from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lab.corpus.__main__ import by_python
from lab.corpus.apps import CORPUS, App
from lab.corpus.artefacts import Artefacts, digest_of, first_difference
from lab.corpus.command import BadCommand, Command
from lab.corpus.options import parse_corpus
from lab.corpus.report import Row, closing_line, passed, report
from lab.corpus.repository import CORPUS_APPS, own_package, reason
from lab.corpus.running import last_words
from lab.debian import MINORS

GOOD = Row("black", 9, 0, 61_500_000, "aaa", "bbb", "", "", 61.4)
DIFFERENT = Row("old", 9, 0, 61_500_000, "aaa", "bbb", "pex: x.py (CRC)", "", 61.4)
UNBUILT = Row("new", 0, 0, 0, "", "", "harden: it does not resolve", "not built", 3.0)


def test_a_console_script_is_what_the_pex_runs() -> None:
    assert Command.parse("black --code 'x = 1'") == Command(
        ("--script", "black"), ("--code", "x = 1")
    )


def test_a_module_is_what_the_pex_runs() -> None:
    assert Command.parse("python -m twisted --help") == Command(
        ("--module", "twisted"), ("--help",)
    )


def test_an_interpreter_has_no_entry_point() -> None:
    assert Command.parse("python -c 'import six'") == Command((), ("-c", "import six"))


@pytest.mark.parametrize("text", ["", "python -m", "black 'x"])
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(BadCommand):
        Command.parse(text)


def test_a_pex_is_made_of_requirements_without_versions() -> None:
    app = App("a", "", ("buildbot[bundle]==4.3.0", "zope.interface>=5 ; sys_platform"), "a")
    assert app.in_pex == ("buildbot[bundle]", "zope.interface")


def test_an_own_package_stands_first_in_the_pex_and_is_an_option() -> None:
    app = next(app for app in CORPUS if app.package)
    assert app.in_pex[0] == f"corpus-{app.package}"
    assert own_package(app) == ("--package", ".")
    assert (CORPUS_APPS / app.package).is_dir()


def test_the_corpus_is_large_pinned_and_well_formed() -> None:
    assert len(CORPUS) >= 15
    assert len({app.name for app in CORPUS}) == len(CORPUS)
    for app in CORPUS:
        assert any("==" in line for line in app.loose)
        assert app.command
        assert app.expect


def test_no_arguments_mean_the_whole_corpus() -> None:
    assert parse_corpus([]).apps == CORPUS


def test_an_application_is_tried_on_the_newest_python_that_it_supports() -> None:
    new, old = App("new", "", (), ""), App("old", "", (), "", newest="3.13")
    assert by_python([new, old], "3.15") == {"3.15": [new], "3.13": [old]}
    assert by_python([new, old], "3.13") == {"3.13": [new, old]}
    assert by_python([new, old], parse_corpus([]).python) == {"3.11": [new, old]}
    assert all(app.newest in ("", *MINORS) for app in CORPUS)


def test_quick_means_three_small_ones() -> None:
    assert [app.name for app in parse_corpus(["--quick"]).apps] == [
        "pages",
        "netifaces",
        "remotemath",
    ]


def test_any_application_of_the_index_can_be_asked_for() -> None:
    argv = ["--app", "Zope.App[x]==1.0", "--check", "zope moo", "--expect", "moo"]
    (app,) = parse_corpus(argv).apps
    assert (app.name, app.loose) == ("zope-app-x", ("Zope.App[x]==1.0",))
    assert (app.in_pex, app.expect) == (("Zope.App[x]",), "moo")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nothing"], "no application 'nothing'"),
        (["--app", "six==1"], "--app and --check go together"),
        (["--check", "six"], "--app and --check go together"),
        (["--app", "six", "--check", "six"], "NAME==VERSION"),
        (["--app", "six==1", "--check", "python -m"], "names no module"),
        (["--quick", "black"], "not several"),
        (["--jobs", "0"], "1 or more"),
        (["--python", "3.9"], "invalid choice: '3.9'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_corpus(argv)
    assert said in capsys.readouterr().err


def test_help_teaches_the_rule_and_lists_the_corpus(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parse_corpus(["--help"])
    shown = capsys.readouterr().out
    assert "python -m MODULE" in shown
    for app in CORPUS:
        assert f"  {app.name} " in shown


def test_a_row_shows_digests_or_what_went_wrong() -> None:
    lines = report([GOOD, DIFFERENT, UNBUILT]).splitlines()
    assert lines[2].split()[3:] == ["61.5", "MB", "aaa", "bbb", "61", "yes", "yes"]
    assert "pex: x.py (CRC)" in lines[3]
    assert lines[4].split()[:6] == ["new", "-", "-", "-", "-", "-"]
    assert "harden: it does not resolve" in lines[4]


def test_a_long_story_is_cut_to_its_beginning() -> None:
    assert len(max(report([replace(UNBUILT, difference="why " * 99)]).splitlines())) < 180


def test_the_closing_line_counts() -> None:
    rows = [GOOD, DIFFERENT, UNBUILT]
    assert closing_line(rows) == "identical: 1 of 3, running: 2 of 3"
    assert not passed(rows)
    assert passed([GOOD])


def test_the_reason_is_the_summary_without_the_remedy() -> None:
    said = "details\nbuildbot-ship harden: x does not resolve\n  remedy: mend it"
    assert reason(said) == "x does not resolve"
    assert reason("") == ""


def test_last_words_are_one_line() -> None:
    assert last_words("a\n  b \n\n") == "b"
    assert last_words("") == "silence"


def work_folder(root: Path, member: str, *cached: str) -> Artefacts:
    """Write what a build leaves, with *member* in its wheel; return it as read.

    The *cached* wheels are recorded, and not in the folder.
    """
    image = root / "images" / "app"
    layers = root / "layers"
    for folder in (root / "records", root / "wheelhouse", root / "pex", image, layers):
        folder.mkdir(parents=True)
    record = {"size": 7, "layers": [{"digest": "sha256:abc"}]}
    (root / "records" / "image-app.json").write_text(json.dumps(record))
    (layers / "abc.tar.gz").write_text("a layer")
    app = root / "wheelhouse" / "app.whl"
    with zipfile.ZipFile(app, "w") as wheel:
        for name, text in (("first.py", "same"), ("second.py", member)):
            wheel.writestr(zipfile.ZipInfo(name), text)
    for path in (root / "pex" / "app.pex", *(image / name for name in IMAGE)):
        path.write_text(path.name)
    wheels = [{"file": app.name, "digest": digest_of(app), "built": True}]
    wheels += [{"file": name, "digest": "sha256:c", "built": False} for name in cached]
    (root / "records" / "wheelhouse-all.json").write_text(json.dumps({"wheels": wheels}))
    return Artefacts.of(root, "app", digest_of(image / "manifest.json"))


IMAGE = ("config.json", "manifest.json")


def test_two_builds_with_the_same_bytes_have_no_difference(tmp_path: Path) -> None:
    one, other = (work_folder(tmp_path / name, "same") for name in "ab")
    assert first_difference(one, other) == ""
    assert (len(one.wheels), one.built, one.size) == (1, 1, 7)


def test_the_first_difference_is_named_down_to_the_member(tmp_path: Path) -> None:
    one, other = work_folder(tmp_path / "a", "one"), work_folder(tmp_path / "b", "other")
    assert first_difference(one, other) == "wheel app.whl: second.py (CRC)"


def test_an_artefact_that_is_no_zip_is_named(tmp_path: Path) -> None:
    one, other = (work_folder(tmp_path / name, "same") for name in "ab")
    other.files["layer 0"].write_text("another")
    assert first_difference(one, other) == "layer 0"


def test_a_wheel_in_one_build_only_is_a_difference(tmp_path: Path) -> None:
    one = work_folder(tmp_path / "a", "same", "more.whl")
    other = work_folder(tmp_path / "b", "same")
    assert first_difference(one, other) == "wheel more.whl is in one only"
    assert first_difference(other, one) == "wheel more.whl is in one only"


def test_a_wheel_of_the_cache_counts_by_its_recorded_digest(tmp_path: Path) -> None:
    one, other = (work_folder(tmp_path / name, "same", "more.whl") for name in "ab")
    (tmp_path / "a" / "wheelhouse" / "more.whl").write_text("also in the work folder")
    again = Artefacts.of(tmp_path / "a", "app", one.published)
    assert first_difference(again, other) == ""


def test_what_was_published_counts_too(tmp_path: Path) -> None:
    one, other = (work_folder(tmp_path / name, "same") for name in "ab")
    moved = Artefacts(other.files, other.wheels, other.built, other.size, "sha256:0")
    assert first_difference(one, moved) == "the published digest"
