"""A secret of a build reaches no log, summary, property or build data, in any encoding."""

from __future__ import annotations

import json

from buildbot.plugins import util
from buildbot.process.results import EXCEPTION, FAILURE, SUCCESS, WARNINGS
from lab.soak.secrets.attacker import ENCODINGS

from buildbot_ship.model.result import Failure
from buildbot_ship.steps import CollectGarbage
from tests.unit.steps.step_case import ExpectVerb, StepCase, ended

SECRET = "p@ss/w0rd+%&=? \"x'\\"
FORMS = {name: encode(SECRET) for name, encode in ENCODINGS.items()}
KEY = """-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQ
EFAASCBKcwggSjAgEAAoI
-----END PRIVATE KEY-----
"""
SHOWN = "<password>"


class SecretsCase(StepCase):
    """One step that uses the secret `password`."""

    def step(self, password: object = None) -> CollectGarbage:
        given = util.Secret("password") if password is None else password
        return CollectGarbage(credentials={"localhost": ("robot", given)})

    async def streams(self, *chunks: str, password: object = None) -> str:
        """Return the log of a verb that writes *chunks*."""
        verb = self.expect_verb("gc", ended("gc"))
        for chunk in chunks:
            verb.stdout(chunk)
            verb.stderr(chunk)
        await self.run_and_say(self.step(password), SUCCESS)
        return str(self.get_nth_step(0).logs["stdio"].stdout)


class TestSecret(SecretsCase):
    """A password with characters that encodings change."""

    password = SECRET

    async def test_a_result_is_shown_without_it(self) -> None:
        for form in FORMS.values():
            self._steps.clear()
            self.setup_build()
            value = {"a": [form, 1, {form: None}], "b": form}
            answer = ended("gc", summary=f"made {form}", properties={"p": value})
            self.expect_verb("gc", answer)
            self.expect_property("p", {"a": [SHOWN, 1, {SHOWN: None}], "b": SHOWN})
            assert await self.run_and_say(self.step(), SUCCESS) == f"made {SHOWN}"

    async def test_texts_warnings_and_build_data_are_stored_without_it(self) -> None:
        text = "".join(f"{name}: {form}\n" for name, form in FORMS.items())
        shown = "".join(f"{name}: {SHOWN}\n" for name in FORMS)
        warnings = tuple(FORMS.values())
        self.expect_verb("gc", ended("gc", texts={"t": text}, warnings=warnings))
        self.expect_log_file("t", shown)
        self.expect_log_file("warnings", f"{SHOWN}\n" * len(FORMS))
        self.expect_build_data("t", shown.encode(), "CollectGarbage")
        said = await self.run_and_say(self.step(), WARNINGS)
        assert said.startswith(f"done; warning: {SHOWN} (and ")

    async def test_a_failure_is_shown_without_it(self) -> None:
        lines = "\n".join(FORMS.values())
        failure = Failure("X", f"no {lines}", f"try {lines}", details=lines)
        self.expect_verb("gc", ended("gc", "failure", failure=failure), rc=35)
        self.expect_log_file("details", "\n".join([SHOWN] * len(FORMS)))
        all_shown = " ".join([SHOWN] * len(FORMS))
        said = await self.run_and_say(self.step(), FAILURE)
        assert said == f"no {all_shown} - try {all_shown}"

    async def test_a_stream_is_stored_without_it(self) -> None:
        text = "".join(f"{name}: {form}\n" for name, form in FORMS.items())
        assert await self.streams(text) == "".join(f"{name}: {SHOWN}\n" for name in FORMS)
        assert self.get_nth_step(0).getCurrentSummary() == {"step": f"HTML: {SHOWN}"}

    async def test_progress_that_is_cut_shows_no_half_of_it(self) -> None:
        await self.streams(f"{'x' * 115}{SECRET}\n")
        assert self.get_nth_step(0).getCurrentSummary() == {"step": f"{'x' * 115}{SHOWN[:5]}"}

    async def test_a_password_that_is_no_secret_of_buildbot_is_hidden_too(self) -> None:
        for form in FORMS.values():
            self._steps.clear()
            self.setup_build()
            said = await self.streams(f"{form}\n", password=SECRET)
            assert said == "<password of localhost>\n"

    async def test_the_traceback_of_a_bug_is_stored_without_it(self) -> None:
        step = self.setup_step(self.step())

        async def bug(*_: object) -> int:
            raise ValueError("\n".join(FORMS.values()))

        step._command = bug
        self.expect_outcome(result=EXCEPTION)
        await self.run_step()
        self.flushLoggedErrors(ValueError)  # type: ignore[no-untyped-call]
        assert list(step.logs) == ["err.text"]
        text = step.logs["err.text"].stdout
        assert SHOWN in text
        assert not [form for form in FORMS.values() if form in text]

    async def test_it_travels_on_standard_input_only(self) -> None:
        verb: ExpectVerb = self.expect_verb("gc", ended("gc"))
        envelope = await self.run_and_read(self.step(), SUCCESS, verb)
        assert envelope["credentials"][0]["password"] == SECRET
        sent = {**verb.sent, "initial_stdin": ""}
        assert not [form for form in FORMS.values() if form in json.dumps(sent, default=str)]


class TestKey(SecretsCase):
    """A private key: lines of a stream come one by one."""

    password = KEY

    async def test_each_line_is_hidden(self) -> None:
        lines = KEY.splitlines(keepends=True)
        assert await self.streams(*lines) == f"{lines[0]}{SHOWN}\n{SHOWN}\n{lines[-1]}"


class TestShortSecret(SecretsCase):
    """A secret of three characters is in every text: it is not hidden."""

    password = "don"

    async def test_texts_stay_readable(self) -> None:
        assert await self.streams("don't\n") == "don't\n"
