"""Steps on a real master and a real worker, with verbs that do what a test orders."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from lab.rest import result_name
from lab.runs import Run
from lab.settings import RETAG
from lab.soak.secrets.attacker import ENCODINGS
from lab.waiting import wait_until

from buildbot_ship.model.result import MAX_BYTES
from tests.buildbot.stub_scene import Scene, stub_scene

PASSWORD = "hunter2/h\"nter2+'\\ \N{SNOWMAN}"
FAULT = {
    "status": "retry",
    "failure": {"kind": "x", "message": "no engine", "remedy": "start it", "details": "why"},
}


@pytest.fixture(scope="module")
def scene(lab_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("stub")
    with stub_scene(lab_run, folder, "stub", {"registry-password": PASSWORD}) as scene:
        yield scene


def test_steps_run_in_order_and_say_what_was_done(scene: Scene) -> None:
    scene.stub.order({"retag": {"result": {"properties": {"copies": ["a"]}}}})
    build = scene.retag()
    assert result_name(build["results"]) == "SUCCESS"
    assert [argv[4] for argv, _ in scene.stub.calls] == ["gc", "retag", "gc"]
    assert scene.step(build)["state_string"] == "retag done"
    assert build["properties"]["copies"] == [["a"], "RetagBase"]
    assert scene.leftovers() == []


def test_all_steps_of_a_build_give_its_one_name(scene: Scene) -> None:
    scene.stub.order({})
    scene.retag()
    first = {envelope["build"] for _, envelope in scene.stub.calls}
    scene.stub.order({})
    scene.retag()
    second = {envelope["build"] for _, envelope in scene.stub.calls}
    assert len(first) == len(second) == 1
    assert first != second


def test_texts_are_build_data_byte_for_byte(scene: Scene) -> None:
    text = "klein==24.8.0 \N{SNOWMAN}\r\n" * 1000
    scene.stub.order({"retag": {"result": {"texts": {"requirements.strict.txt": text}}}})
    build = scene.retag()
    assert scene.rest.data(build["buildid"], "requirements.strict.txt") == text
    (link,) = scene.step(build)["urls"]
    assert link["name"] == "requirements.strict.txt"
    page = link["url"].removeprefix(f"{scene.rest.url}#/")
    (log,) = scene.rest.get(page)["logs"]
    assert log["name"] == "requirements.strict.txt"


def test_the_outside_worlds_fault_is_tried_three_times(scene: Scene) -> None:
    scene.stub.order({"retag": {"result": FAULT, "status": 20}})
    before = len(scene.rest.builds(RETAG))
    scene.retag()
    wait_until(
        lambda: [b["complete"] for b in scene.rest.builds(RETAG)[before:]] == [True] * 3,
        60,
        "the third try",
    )
    time.sleep(2)
    tries = scene.rest.builds(RETAG)[before:]
    assert [result_name(build["results"]) for build in tries] == ["RETRY", "RETRY", "FAILURE"]
    assert scene.step(tries[2])["state_string"] == "no engine - start it (tried 3 times)"
    assert "no engine - start it" in tries[2]["state_string"]
    log = scene.rest.logs(tries[2]["buildid"], "retag")["stdio"]
    assert log.splitlines()[-1] == "no engine - start it (tried 3 times)"


def test_cancel_ends_the_command_politely(scene: Scene) -> None:
    scene.stub.order({"retag": {"sleep": 60}})
    number = scene.rest.force(RETAG)
    wait_until(lambda: "retag" in [argv[4] for argv, _ in scene.stub.calls], 30, "retag")
    began = time.monotonic()
    scene.rest.stop(number)
    build = scene.rest.wait(number, 30)
    assert time.monotonic() - began < 10
    assert result_name(build["results"]) == "CANCELLED"
    assert scene.stub.ended_by == 15
    assert [argv[4] for argv, _ in scene.stub.calls] == ["gc", "retag", "gc"]
    assert scene.leftovers() == []


def test_progress_is_shown_while_a_verb_works(scene: Scene) -> None:
    # A worker sends what a command says every few seconds.
    scene.stub.order({"retag": {"sleep": 9}})
    number = scene.rest.force(RETAG)

    def shown() -> bool:
        return "working on retag" in [step["state_string"] for step in scene.rest.steps(number)]

    wait_until(shown, 30, "progress")
    assert result_name(scene.rest.wait(number, 30)["results"]) == "SUCCESS"


def test_a_result_past_the_limit_is_a_failure(scene: Scene) -> None:
    scene.stub.order({"retag": {"padding": MAX_BYTES}})
    build = scene.retag()
    assert result_name(build["results"]) == "FAILURE"
    assert f"larger than {MAX_BYTES} bytes" in scene.step(build)["state_string"]
    assert scene.leftovers() == []


def test_a_result_as_large_as_the_limit_is_read(scene: Scene) -> None:
    scene.stub.order({"retag": {"padding": MAX_BYTES - 1000}})
    assert result_name(scene.retag()["results"]) == "SUCCESS"


def test_a_python_without_our_package_is_a_failure(scene: Scene) -> None:
    program = scene.stub.python.read_bytes()
    try:
        scene.stub.python.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        build = scene.retag()
    finally:
        scene.stub.python.write_bytes(program)
    assert result_name(build["results"]) == "FAILURE"
    assert f"not installed on the worker for {scene.stub.python} - " in build["state_string"]


def test_a_lost_worker_is_a_retry_and_then_success(scene: Scene) -> None:
    scene.stub.order({"retag": {"sleep": 8}})
    number = scene.rest.force(RETAG)
    wait_until(lambda: "retag" in [argv[4] for argv, _ in scene.stub.calls], 30, "retag")
    scene.worker.kill()
    assert result_name(scene.rest.wait(number, 30)["results"]) == "RETRY"
    scene.stub.order({})
    scene.worker.start()
    wait_until(lambda: scene.rest.builds(RETAG)[-1]["results"] == 0, 60, "another try")
    assert scene.rest.builds(RETAG)[-1]["buildid"] != number


def test_a_password_travels_on_standard_input_only(scene: Scene) -> None:
    forms = {name: encode(PASSWORD) for name, encode in ENCODINGS.items()}
    text = "".join(f"{name}: {form}\n" for name, form in forms.items())
    shown = "".join(f"{name}: <registry-password>\n" for name in forms)
    chunks = [text[at : at + 7] for at in range(0, len(text), 7)]
    said = {"texts": {"t": text}, "properties": {"p": [text]}, "summary": text}
    scene.stub.order({"retag": {"prints": chunks, "result": said}})
    build = scene.retag()
    assert build["properties"]["p"][0] == [shown]
    logs = scene.rest.logs(build["buildid"], "retag")
    assert f"{logs['t']}\n" == scene.rest.data(build["buildid"], "t") == shown
    assert shown.strip() in logs["stdio"]
    everything = json.dumps([build, scene.step(build), logs])
    assert not [name for name, form in forms.items() if form in everything]
    calls = scene.stub.calls
    assert calls[1][1]["credentials"][0]["password"] == PASSWORD
    assert PASSWORD not in str([argv for argv, _ in calls])
    secret = scene.master.folder / "secrets" / "registry-password"
    for folder in (scene.master.folder, scene.worker.run.folder):
        for path in folder.rglob("*"):
            if path.is_file() and path != secret:
                data = path.read_bytes()
                assert not [name for name, form in forms.items() if form.encode() in data], path
