"""What Buildbot says of a wrong option, and what the documentation says of every option."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from buildbot.config.errors import ConfigErrors, capture_config_errors
from buildbot.plugins import steps, util

from buildbot_ship.steps import ShipStep

OWN = "registry.example.com/team"
SECRETS = "build_secrets"
"""The option that is rendered later, so that the step object holds no secret."""
NAMES = (
    "RetagBase",
    "DeriveBase",
    "PinBase",
    "ProposeChange",
    "HardenRequirements",
    "CheckRequirements",
    "CheckSecrets",
    "FindPublished",
    "BuildWheels",
    "BuildPex",
    "BuildRuntimeImage",
    "SmokeTest",
    "PushTagged",
    "VerifyReproducible",
    "CollectGarbage",
)
STEPS = [getattr(steps, name) for name in NAMES]


def proposal(**options: Any) -> Any:
    given = {"topic": "bases", "files": ["*.docker"], "message": "Newer bases", **options}
    return steps.ProposeChange(**given)


def smoke(
    *, containers: Any = ({"name": "app"},), checks: Any = ({"exits": True},), **more: Any
) -> Any:
    return steps.SmokeTest([{"containers": containers, "checks": checks, **more}])


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: steps.SmokeTest([]), "SmokeTest: tests: name at least one"),
    (lambda: steps.SmokeTest("app"), "tests: 'app' is not a list of mappings with containers"),
    (lambda: steps.SmokeTest([7]), "tests: [7] is not a list of mappings"),
    (lambda: smoke(containers="app"), "tests: containers: 'app' is not a list of mappings"),
    (lambda: smoke(containers=[]), "tests: containers: name at least one"),
    (lambda: smoke(containers=[{}]), "tests: containers: name: this option is required"),
    (lambda: smoke(containers=[{"name": 7}]), "containers: name: 7 is not a string"),
    (lambda: smoke(containers=[{"name": "a", "port": 1}]), "port is not one of name, image"),
    (
        lambda: smoke(containers=[{"name": "a", "environment": ["A=1"]}]),
        "environment: ('A=1',) is not a mapping of strings",
    ),
    (
        lambda: smoke(containers=[{"name": "a"}, {"name": "a"}]),
        "tests: containers: two containers have the name 'a'",
    ),
    (lambda: smoke(checks=[{"url": "ftp://app"}]), "tests: checks: url: 'ftp://app' is not of"),
    (lambda: smoke(checks=[{"exits": "yes"}]), "checks: exits: 'yes' is not True or False"),
    (lambda: smoke(checks=[{}]), "tests: checks: a check has one of url, command"),
    (lambda: smoke(deadline="long"), "tests: deadline: 'long' is not a number"),
    (lambda: smoke(deadline=0), "tests: deadline: 0 is less than 0.1"),
    (lambda: steps.RetagBase({}), "RetagBase: copies: name at least one"),
    (
        lambda: steps.RetagBase("python:3.11"),
        "RetagBase: copies: 'python:3.11' is not a mapping",
    ),
    (lambda: steps.RetagBase(["python:3.11"]), "copies: ['python:3.11'] is not a mapping"),
    (lambda: steps.RetagBase({"python": OWN}), "copies: 'python' has no tag"),
    (lambda: steps.RetagBase({"python:3.11": f"{OWN}/a:1"}), "copies: "),
    (lambda: steps.RetagBase({"python:3.11": 7}), "copies: 7 is not a string"),
    (lambda: steps.RetagBase({"python:3.11": OWN}, through="air"), "through: 'air' is not one"),
    (lambda: steps.DeriveBase({}), "DeriveBase: bases: name at least one"),
    (lambda: steps.DeriveBase("a.docker"), "bases: 'a.docker' is not a mapping of Dockerfiles"),
    (lambda: steps.DeriveBase({"/a": OWN}), "bases: '/a' is not a path inside"),
    (lambda: steps.DeriveBase({"a": f"{OWN}:1"}), "bases: "),
    (
        lambda: steps.DeriveBase({"a": OWN}, older_than_days=-1),
        "older_than_days: -1 is less than 0",
    ),
    (
        lambda: steps.HardenRequirements(loose="/etc/passwd"),
        "loose: '/etc/passwd' is not a path",
    ),
    (
        lambda: steps.HardenRequirements(upgrade="six==1"),
        "upgrade: 'six==1' is not all, nothing, or names",
    ),
    (lambda: steps.PinBase(dockerfiles=["/x"]), "dockerfiles: '/x' is not a path"),
    (lambda: proposal(topic="a b"), "topic: 'a b' is not a topic"),
    (lambda: proposal(files=[]), "files: name at least one"),
    (lambda: proposal(message="a\nb"), "message: write one line of at most 200"),
    (lambda: proposal(prefix="ship"), "prefix: 'ship' is not a prefix of branch names"),
    (lambda: proposal(prefix="../"), "prefix: '../' is not a prefix of branch names"),
    (lambda: proposal(author="me"), "author: 'me' is not of the form"),
    (lambda: proposal(repourl="--upload-pack=x"), "repourl: this is not the name or URL"),
    (lambda: proposal(repourl="ext::sh -c x"), "repourl: this is not the name or URL"),
    (lambda: proposal(repourl="https://u:hunter2@a.com/x"), "repourl: it contains a password"),
    (lambda: proposal(push_options=["a\nb"]), "push_options: write each as one line"),
    (lambda: proposal(again="yes"), "again: 'yes' is not True or False"),
    (lambda: steps.CheckRequirements(strict="../x"), "strict: '../x' is not a path"),
    (lambda: steps.CheckSecrets(folder="../x"), "folder: '../x' is not a path inside"),
    (lambda: steps.CheckSecrets(folder="."), "folder: '.' is not the path of a folder"),
    (lambda: steps.BuildWheels(packages="."), "packages: '.' is not a list of strings"),
    (lambda: steps.BuildWheels(packages=["../x"]), "packages: '../x' is not a path inside"),
    (lambda: steps.BuildWheels(revision="-x"), "revision: '-x' is not a git revision"),
    (lambda: steps.BuildWheels(revision="a..b"), "revision: 'a..b' is a range"),
    (lambda: steps.BuildPex("a/b", ["x"]), "BuildPex: pex: 'a/b' is not a plain file name"),
    (lambda: steps.BuildPex("a.pex", "twisted"), "requirements: 'twisted' is not a list"),
    (lambda: steps.BuildPex("a.pex", ["x==1"]), "requirements: 'x==1': write the name only"),
    (lambda: steps.BuildPex("a.pex", []), "requirements: name at least one"),
    (
        lambda: steps.BuildPex("a.pex", ["x"], module="x", script="x"),
        "module and script: give one of them, not both",
    ),
    (
        lambda: steps.BuildPex("a.pex", ["x"], layout="loose"),
        "layout: 'loose' is not one of layered, zipapp",
    ),
    (
        lambda: steps.BuildRuntimeImage("app", missing_libraries="maybe"),
        "missing_libraries: 'maybe' is not one of report, fail, ignore",
    ),
    (
        lambda: steps.BuildPex("a.pex", ["x"], conflicts="warn"),
        "conflicts: 'warn' is not one of report, fail, ignore",
    ),
    (lambda: steps.BuildRuntimeImage("App"), "image: 'App' is not an image name"),
    (lambda: steps.BuildRuntimeImage(None), "image: this option is required"),
    (lambda: steps.BuildRuntimeImage("app", labels={"a": 1}), "labels: "),
    (lambda: steps.PushTagged("app", f"{OWN}/app:latest"), "repository: "),
    (lambda: steps.PushTagged("app", "Team/app"), "repository: 'Team/app' is not an image"),
    (
        lambda: steps.PushTagged("app", f"{OWN}/app", publication="../x"),
        "publication: '../x' is not the key of a publication",
    ),
    (
        lambda: steps.FindPublished(pexes=[], images=[{"image": "App"}], pushes=[]),
        "FindPublished: images: image: 'App' is not an image name",
    ),
    (
        lambda: steps.FindPublished(pexes=[], images=[], pushes=[{"image": "app"}]),
        "pushes: repository: this option is required",
    ),
    (
        lambda: steps.VerifyReproducible(wheels=["."]),
        "wheels: ['.'] is not a mapping of options of BuildWheels",
    ),
    (
        lambda: steps.VerifyReproducible(pexes={"pex": "a"}),
        "pexes: {'pex': 'a'} is not a list of mappings for BuildPex",
    ),
    (
        lambda: steps.VerifyReproducible(wheels={"package": ["."]}),
        "wheels: package is not an option of BuildWheels",
    ),
    (
        lambda: steps.VerifyReproducible(pexes=[{"pex": "a/b", "requirements": ["x"]}]),
        "VerifyReproducible: pexes: pex: 'a/b' is not a plain file name",
    ),
    (
        lambda: steps.VerifyReproducible(
            pexes=[{"pex": "a", "requirements": ["x"], "module": "x", "script": "x"}]
        ),
        "pexes: module and script: give one of them, not both",
    ),
    (
        lambda: steps.VerifyReproducible(images=[{"image": "App"}]),
        "images: image: 'App' is not an image name",
    ),
    (lambda: steps.CollectGarbage(finish="yes"), "finish: 'yes' is not True or False"),
    (lambda: steps.CollectGarbage(older_than_hours=-1), "older_than_hours"),
    (lambda: steps.CollectGarbage(memory="4g"), "memory: '4g' is not an integer"),
    (lambda: steps.CollectGarbage(memory=1), "memory: "),
    (lambda: steps.CollectGarbage(seconds=True), "seconds: True is not an integer"),
    (lambda: steps.CollectGarbage(index_url=7), "index_url: 7 is not a string"),
    (lambda: steps.CollectGarbage(extra_index_urls="https://a"), "extra_index_urls: "),
    (lambda: steps.CollectGarbage(env={"A": util.Secret("x")}), "env: it has a secret"),
    *(
        (
            lambda given=given: steps.SmokeTest(
                [{"containers": [{"name": "a", **given}], "checks": [{"url": "http://a:1/"}]}]
            ),
            f"containers: {key} has a secret, which the engine shows: use secrets",
        )
        for key, given in {
            "arguments": {"arguments": [util.Secret("x")]},
            "environment": {"environment": {"A": util.Interpolate("%(secret:x)s")}},
        }.items()
    ),
    *(
        (untrusted, f"trusted: an untrusted build publishes nothing, so it cannot run {verb}")
        for verb, untrusted in {
            "push": lambda: steps.PushTagged("app", "r.example.com/app", trusted=False),
            "retag": lambda: steps.RetagBase({"a:1": "r.example.com/a"}, trusted=False),
            "derive": lambda: steps.DeriveBase({"a.docker": "r.example.com/a"}, trusted=False),
            "propose": lambda: proposal(trusted=False),
        }.items()
    ),
    (lambda: steps.CollectGarbage(work="ship"), "work: 'ship' may be inside the checkout"),
    (lambda: steps.CollectGarbage(python=""), "python: '' is not a path"),
    (lambda: steps.CollectGarbage(retries="2"), "retries: '2' is not an integer"),
    (
        lambda: steps.CollectGarbage(insecure_registries=["http://a.lab"]),
        "insecure_registries: 'http://a.lab' is not the host of a registry",
    ),
    (
        lambda: steps.CollectGarbage(insecure_registries=["10.0.0.0/8"]),
        "insecure_registries: '10.0.0.0/8' is not the host of a registry",
    ),
    (lambda: steps.CollectGarbage(credentials=["x"]), "credentials: write {"),
    (
        lambda: steps.CollectGarbage(credentials={"a.com/team": ("u", "p")}),
        "credentials: 'a.com/team' is not the host of a registry",
    ),
    (
        lambda: steps.CollectGarbage(credentials={"a.com": "secret"}),
        "credentials: 'a.com' needs a pair",
    ),
    (lambda: steps.CollectGarbage(command=["x"]), "command is not an option of this step"),
    (lambda: steps.CollectGarbage(initialStdin="x"), "initialStdin is not an option"),
    (lambda: steps.CollectGarbage(colour="red"), "colour is not an option of this step ("),
    (
        lambda: steps.CollectGarbage(insecure_registries=["http://a.com:5000"]),
        "'http://a.com:5000' is not the host of a registry, with its port if it has one: "
        "leave out http://",
    ),
    (
        lambda: steps.CollectGarbage(credentials={"https://a.com": ("a", "b")}),
        "credentials: 'https://a.com' is not the host of a registry, without a path: "
        "leave out https://",
    ),
    (
        lambda: steps.PushTagged("app", f"https://{OWN}/app"),
        f"repository: 'https://{OWN}/app' is not an image reference: leave out https://",
    ),
]


@pytest.mark.parametrize(("make", "expected"), WRONG, ids=[text for _, text in WRONG])
def test_a_wrong_option_is_a_configuration_error(
    make: Callable[[], Any], expected: str
) -> None:
    with capture_config_errors() as errors:
        make()
    assert [text for text in errors.errors if expected in text], errors.errors


CONFIGURATION = """\
from buildbot.plugins import steps, util
IMAGE = util.ShipImage("app", "registry.example.com/team/app", "app.pex", ["app"], module="app")
# ca_bundel = "in a comment"
OPTIONS = {
    "no_cache": False,
    %s,
}
for number in range(2):
    util.ship_factory("https://git.example.com/app.git", [IMAGE], packages=["."], **OPTIONS)
    util.harden_factory("https://git.example.com/app.git", **OPTIONS)
    util.promote_factory(**OPTIONS)
"""


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            '"ca_bundel": "/ca.pem"',
            ["ca_bundel is not an option of its steps: did you mean ca_bundle? (own.cfg:6)"],
        ),
        ('"memory": "2G"', ["memory: '2G' is not an integer (own.cfg:6)"]),
        (
            '"cpu": 2, "disk": 0',
            [
                "cpu is not an option of its steps: did you mean cpus? (own.cfg:6)",
                "disk: 0 is less than 67108864 (own.cfg:6)",
            ],
        ),
        (
            '"timeout": "long"',
            ["the option timeout must be an instance of int or float or None"],
        ),
        ('"zzz": 2', ["zzz is not an option of its steps (own.cfg:6)"]),
        (
            '"extra": 2',
            ["extra is not an option of its steps: did you mean extras? (own.cfg:6)"],
        ),
    ],
)
def test_a_wrong_option_of_all_steps_is_reported_once(
    tmp_path: Path, option: str, said: list[str]
) -> None:
    file = tmp_path / "own.cfg"
    file.write_text(CONFIGURATION % option)
    with capture_config_errors() as errors:
        exec(compile(file.read_text(), str(file), "exec"), {})  # noqa: S102
    assert errors.errors == [f"ship_factory: {each}" for each in said]


def test_a_wrong_option_of_all_steps_hides_no_other_error() -> None:
    image = util.ShipImage("App", f"{OWN}/app", "app.pex", ["app"], module="app")
    with capture_config_errors() as errors:
        util.ship_factory("https://git.example.com/app.git", [image], memory="2G")
    assert "memory: '2G'" in errors.errors[0]
    assert any("image: 'App' is not an image name" in each for each in errors.errors[1:])
    assert str(errors).count("2G") == 1


def test_the_line_of_an_option_of_one_step_is_named() -> None:
    with capture_config_errors() as errors:
        steps.BuildWheels(package=["."])
    (said,) = errors.errors
    assert said.startswith("BuildWheels: package is not an option of this step: did you mean ")
    assert re.search(r"packages\? \(test_configuration\.py:\d+\)$", said)


def test_every_wrong_option_is_reported_at_once() -> None:
    with capture_config_errors() as errors:
        steps.BuildPex("a/b", [], module="1", memory="x")
    assert [text.split(": ")[1] for text in errors.errors] == [
        "pex",
        "requirements",
        "module",
        "memory",
    ]


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    with pytest.raises(ConfigErrors) as raised:
        steps.CollectGarbage(credentials={"a.com": "hunter2"})
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("secrets", "options", "why"),
    [
        ("hunter2", {}, 'build_secrets: write {"netrc"'),
        ({"a": ("hunter2",)}, {}, "build_secrets: the secret a is not a text"),
        ({1: "hunter2"}, {}, "build_secrets: 1 is not the id"),
        ({"a": util.Secret("x")}, {"trusted": False}, "build_secrets: an untrusted build gets"),
    ],
)
def test_wrong_secrets_of_a_build_are_not_repeated(
    secrets: Any, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigErrors) as raised:
        steps.BuildRuntimeImage("app", build_secrets=secrets, **options)
    assert f"BuildRuntimeImage: {why}" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_renderables_pass_unseen() -> None:
    later = util.Property("x")
    with capture_config_errors(raise_on_error=True):
        steps.RetagBase([(later, later)], through=later)
        steps.DeriveBase({"a": later}, older_than_days=later, revision=later, source=later)
        steps.BuildPex(later, [later], module="a", script=later)
        steps.PushTagged(later, later, revision=later, work=later, python=later)
        steps.VerifyReproducible(wheels=later, pexes=later, images=[{"image": later}])
        pushes = [{"image": later, "repository": later}]
        steps.FindPublished(pexes=later, images=later, pushes=pushes)
        steps.CollectGarbage(
            finish=later,
            memory=later,
            extra_index_urls=[later],
            credentials={"a.com": (later, util.Secret("x"))},
        )


def options_of(step: Any) -> list[str]:
    parameters = inspect.signature(step.__init__).parameters.values()
    return [
        each.name
        for each in parameters
        if each.name != "self" and each.kind is not inspect.Parameter.VAR_KEYWORD
    ]


@pytest.mark.parametrize("step", [*STEPS, ShipStep])
def test_every_option_is_documented(step: Any) -> None:
    documented = re.findall(r":param (\w+): \S", inspect.getdoc(step) or "")
    assert documented == options_of(step)


@pytest.mark.parametrize("step", STEPS)
def test_every_option_of_a_request_is_renderable(step: Any) -> None:
    plain = [option for option in options_of(step) if option != SECRETS]
    assert list(step.renderables) == plain == list(step.request_options)


@pytest.mark.parametrize("step", STEPS)
def test_options_are_the_fields_of_the_request(step: Any) -> None:
    fields = [step.field_of_option.get(option, option) for option in step.request_options]
    assert sorted(fields) == sorted({*attrs.fields_dict(step.request_type)} - {SECRETS})


@pytest.mark.parametrize("step", STEPS)
def test_defaults_are_those_of_the_request(step: Any) -> None:
    fields = attrs.fields_dict(step.request_type)
    for option, parameter in inspect.signature(step.__init__).parameters.items():
        field = fields.get(step.field_of_option.get(option, option))
        if field is None or parameter.default in (None, inspect.Parameter.empty):
            continue
        assert parameter.default == field.default, option


def test_pieces_of_the_pipeline_are_found_as_plugins() -> None:
    assert util.ShipImage.__name__ == "ShipImage"
    assert callable(util.ship_factory)
    assert callable(util.harden_factory)
    assert callable(util.retag_factory)
