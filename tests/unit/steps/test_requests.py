"""What each step sends to its worker."""

from __future__ import annotations

from typing import Any

from buildbot.plugins import util
from buildbot.process.results import FAILURE, SUCCESS

from buildbot_ship.model import request
from buildbot_ship.model.request import settings
from buildbot_ship.model.request.wire import envelope_from_json
from buildbot_ship.steps import (
    BuildPex,
    BuildRuntimeImage,
    BuildWheels,
    CheckRequirements,
    CheckSecrets,
    CollectGarbage,
    DeriveBase,
    FindPublished,
    HardenRequirements,
    PinBase,
    ProposeChange,
    PushTagged,
    RetagBase,
    SmokeTest,
    VerifyReproducible,
)
from tests.unit.steps.step_case import BUILDER, NUMBER, StepCase, ended

OWN = "registry.example.com/team"


class TestRequests(StepCase):
    """A step renders its options into a request, and runs one command."""

    async def sent(self, step: Any) -> request.Envelope:
        verb = self.expect_verb(step.request_type.verb, ended(step.request_type.verb))
        return envelope_from_json(await self.run_and_read(step, SUCCESS, verb))

    async def test_retag_sends_its_copies(self) -> None:
        step = RetagBase({"docker.io/library/python:3.11": f"{OWN}/python311"})
        copies = (request.BaseCopy("docker.io/library/python:3.11", f"{OWN}/python311"),)
        assert (await self.sent(step)).request == request.RetagRequest(copies)

    async def test_retag_renders_pairs(self) -> None:
        step = RetagBase([(util.Interpolate("python:%(kw:v)s", v="3.11"), f"{OWN}/python311")])
        copies = (request.BaseCopy("python:3.11", f"{OWN}/python311"),)
        assert (await self.sent(step)).request == request.RetagRequest(copies)

    async def test_derive_sends_its_bases(self) -> None:
        step = DeriveBase({"pq.docker": f"{OWN}/pq"}, older_than_days=1, source="x")
        bases = (request.DerivedBase("pq.docker", f"{OWN}/pq"),)
        expected = request.DeriveRequest(bases, older_than_days=1, source="x")
        assert (await self.sent(step)).request == expected

    async def test_pin_sends_its_dockerfiles(self) -> None:
        assert (await self.sent(PinBase())).request == request.PinRequest()

    async def test_secrets_are_checked_in_their_folder(self) -> None:
        step = CheckSecrets(folder="sealed", key_file=util.Interpolate("%(kw:f)s", f="/key"))
        expected = request.CheckSecretsRequest("sealed", key_file="/key")
        assert (await self.sent(step)).request == expected

    async def test_propose_sends_what_and_where_to(self) -> None:
        step = ProposeChange("bases", ["*.docker"], "Newer bases", push_options=["a"])
        expected = request.ProposeRequest(
            "bases", ("*.docker",), "Newer bases", push_options=("a",)
        )
        assert (await self.sent(step)).request == expected

    async def test_harden_sends_its_files(self) -> None:
        step = HardenRequirements(loose="loose.txt", packages=["."])
        expected = request.HardenRequest(loose="loose.txt", packages=(".",))
        assert (await self.sent(step)).request == expected

    async def test_harden_may_be_told_by_the_force_form_what_to_upgrade(self) -> None:
        step = HardenRequirements(upgrade=util.Property("upgrade", default="nothing"))
        assert (await self.sent(step)).request == request.HardenRequest(upgrade="nothing")

    async def test_check_sends_its_files(self) -> None:
        step = CheckRequirements(strict="strict.txt", packages=["."])
        expected = request.CheckRequest(strict="strict.txt", packages=(".",))
        assert (await self.sent(step)).request == expected

    async def test_wheels_sends_what_is_built(self) -> None:
        expected = request.WheelsRequest(packages=("own", "."))
        assert (await self.sent(BuildWheels(packages=["own", "."]))).request == expected

    async def test_smoke_renders_what_is_inside_of_its_tests(self) -> None:
        secrets = {"/run/secrets/key": util.Interpolate("%(kw:k)s", k="hunter2")}
        container = {"name": "app", "arguments": ["--port=1"], "secrets": secrets}
        checks = [{"command": ["a", "b"], "text": "x"}, {"url": "tcp://app:1"}]
        step = SmokeTest([{"containers": [container], "checks": checks, "deadline": 5}])
        expected = request.SystemTest(
            (
                request.SmokeContainer(
                    "app", arguments=("--port=1",), secrets={"/run/secrets/key": "hunter2"}
                ),
            ),
            (
                request.SmokeCheck(command=("a", "b"), text="x", container="app"),
                request.SmokeCheck("tcp://app:1"),
            ),
            deadline=5,
        )
        assert (await self.sent(step)).request == request.SmokeRequest((expected,))

    async def test_pex_sends_name_and_entry_point(self) -> None:
        step = BuildPex("twist.pex", ["twisted", "remotemath"], module="twisted")
        expected = request.PexRequest("twist.pex", ("twisted", "remotemath"), module="twisted")
        assert expected.layout == "layered"
        assert (await self.sent(step)).request == expected

    async def test_pex_sends_its_layout(self) -> None:
        expected = request.PexRequest("a.pex", ("a",), layout="zipapp", conflicts="fail")
        step = BuildPex("a.pex", ["a"], layout="zipapp", conflicts="fail")
        assert (await self.sent(step)).request == expected

    async def test_image_is_built_from_the_dockerfile_of_its_name(self) -> None:
        step = BuildRuntimeImage("app", source="https://git.example.com/app", labels={"a": "b"})
        sent = (await self.sent(step)).request
        assert sent == request.ImageRequest(
            "app", source="https://git.example.com/app", labels={"a": "b"}
        )
        assert isinstance(sent, request.ImageRequest)
        assert sent.dockerfile == "app.docker"

    async def test_image_sends_what_follows_from_a_missing_library(self) -> None:
        step = BuildRuntimeImage("app", missing_libraries="fail")
        sent = (await self.sent(step)).request
        assert sent == request.ImageRequest("app", missing_libraries="fail")

    async def test_push_sends_where_to(self) -> None:
        self.set_built()
        expected = request.PushRequest("app", f"{OWN}/app")
        assert (await self.sent(PushTagged("app", f"{OWN}/app"))).request == expected

    async def test_garbage_sends_what_may_go(self) -> None:
        expected = request.GarbageRequest(finish=True, older_than_hours=1)
        step = CollectGarbage(finish=True, older_than_hours=1)
        assert (await self.sent(step)).request == expected

    async def test_verify_sends_what_the_others_sent(self) -> None:
        self.setup_build()
        step = VerifyReproducible(
            wheels={"packages": ["."]},
            pexes=[{"pex": "app.pex", "requirements": ["app"], "module": "app"}],
            images=[{"image": util.Interpolate("%(kw:x)s", x="app"), "source": None}],
        )
        assert (await self.sent(step)).request == request.VerifyRequest(
            request.WheelsRequest(packages=(".",)),
            (request.PexRequest("app.pex", ("app",), module="app"),),
            (request.ImageRequest("app"),),
        )

    async def test_verify_may_look_at_wheels_alone(self) -> None:
        sent = (await self.sent(VerifyReproducible())).request
        assert sent == request.VerifyRequest(request.WheelsRequest())

    async def test_find_sends_what_the_others_will_send(self) -> None:
        self.setup_build()
        step = FindPublished(
            wheels={"packages": ["."], "lazy": True},
            pexes=[{"pex": "app.pex", "requirements": ["app"], "module": None}],
            images=[{"image": "app", "load": False}],
            pushes=[{"image": "app", "repository": util.Interpolate(f"{OWN}/app")}],
            check={"packages": ["."], "strict": "locked.txt"},
        )
        assert (await self.sent(step)).request == request.FindRequest(
            request.WheelsRequest(packages=(".",), lazy=True),
            (request.PexRequest("app.pex", ("app",)),),
            (request.ImageRequest("app", load=False),),
            (request.PushRequest("app", f"{OWN}/app"),),
            request.CheckRequest(packages=(".",), strict="locked.txt"),
        )

    async def test_a_push_sends_the_key_that_was_found(self) -> None:
        self.set_built()
        name = f"published-{'0a' * 32}"
        step = PushTagged("app", f"{OWN}/app", publication=name)
        expected = request.PushRequest("app", f"{OWN}/app", publication=name)
        assert (await self.sent(step)).request == expected

    async def test_options_are_rendered(self) -> None:
        self.set_built()
        step = PushTagged(
            util.Interpolate("%(kw:x)s", x="app"),
            util.Interpolate(f"{OWN}/%(kw:x)s", x="app"),
            revision=util.Property("missing"),
            seconds=util.Transform(int, "7"),
            extra_index_urls=[util.Interpolate("https://a/")],
        )
        sent = await self.sent(step)
        assert sent.request == request.PushRequest("app", f"{OWN}/app")
        assert sent.limits == settings.Limits(seconds=7)
        assert sent.index == settings.Index(extra_urls=("https://a/",))


class TestEnvelope(StepCase):
    """What travels with a request, and how."""

    async def test_the_command_is_isolated_and_names_no_secret(self) -> None:
        step = CollectGarbage(
            python="/opt/ship/bin/python",
            credentials={"registry.example.com": ("robot", util.Secret("password"))},
        )
        verb = self.expect_verb("gc", ended("gc"))
        sent = await self.run_and_read(step, SUCCESS, verb)
        assert sent["credentials"] == [
            {"registry": "registry.example.com", "username": "robot", "password": "hunter2"}
        ]
        assert verb.sent["command"] == [
            *["/opt/ship/bin/python", "-I", "-m", "buildbot_ship", "gc"],
            *["--request", "-", "--result", self.path("gc")],
        ]
        assert "hunter2" not in str({**verb.sent, "initial_stdin": ""})
        assert "hunter2" not in str(vars(self.get_nth_step(0)))

    async def test_a_secret_of_a_build_travels_on_standard_input_only(self) -> None:
        given = {
            "netrc": util.Secret("password"),
            "more": util.Interpolate("%(kw:k)s", k="x1y2"),
        }
        step = BuildRuntimeImage("app", build_secrets=given)
        verb = self.expect_verb("image", ended("image", summary="x1y2"))
        sent = await self.run_and_read(step, SUCCESS, verb)
        assert sent["request"]["build_secrets"] == {"netrc": "hunter2", "more": "x1y2"}
        assert "hunter2" not in str({**verb.sent, "initial_stdin": ""})
        assert "hunter2" not in str(vars(self.get_nth_step(0)))
        said = self.get_nth_step(0).getResultSummary()["step"]
        assert said == "<secret more>"

    async def test_cancel_sends_term_first(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        await self.run_and_read(CollectGarbage(), SUCCESS, verb)
        assert 0 < verb.sent["sigtermTime"] < 10
        assert verb.sent["logEnviron"] is False

    async def test_silence_is_allowed_for_longer_than_a_container_runs(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        await self.run_and_read(CollectGarbage(seconds=5000), SUCCESS, verb)
        assert verb.sent["timeout"] == 5300

    async def test_a_timeout_that_is_given_holds(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        await self.run_and_read(CollectGarbage(timeout=9), SUCCESS, verb)
        assert verb.sent["timeout"] == 9

    async def test_the_build_is_named_by_builder_and_number(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        sent = await self.run_and_read(CollectGarbage(), SUCCESS, verb)
        assert sent["build"].endswith(f"-{BUILDER}-{NUMBER}")
        assert sent["work"] == "../ship"

    async def test_an_untrusted_build_has_a_work_folder_of_its_own(self) -> None:
        self.work = "/srv/ship-untrusted"
        for trusted in (False, util.Transform(bool, "")):
            self._steps.clear()
            self.setup_build()
            verb = self.expect_verb("gc", ended("gc"))
            step = CollectGarbage(work="/srv/ship/", trusted=trusted)
            sent = await self.run_and_read(step, SUCCESS, verb)
            assert (sent["work"], sent["cache"]["trusted"]) == ("/srv/ship-untrusted", False)

    async def test_an_untrusted_build_that_renders_so_publishes_nothing(self) -> None:
        step = PushTagged("app", "r.example.com/app", trusted=util.Transform(bool, ""))
        said = await self.run_and_say(step, FAILURE)
        assert "an untrusted build publishes nothing, so it cannot run push" in said

    async def test_index_and_limits_travel(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        step = CollectGarbage(
            index_url="https://index/simple",
            proxy="http://proxy:3128",
            ca_bundle="/etc/ca.pem",
            registry_ca_bundle="/etc/registries.pem",
            insecure_registries=["registry.lab:5000"],
            memory=2**30,
            processes=99,
            disk=2**31,
        )
        sent = envelope_from_json(await self.run_and_read(step, SUCCESS, verb))
        assert sent.index == settings.Index(
            "https://index/simple", (), "http://proxy:3128", "/etc/ca.pem"
        )
        assert sent.limits == settings.Limits(2**30, 99, disk=2**31)
        assert sent.registries == settings.RegistryOptions(
            "/etc/registries.pem", ("registry.lab:5000",)
        )
