"""The factories, and the example that is made of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from buildbot.config.errors import ConfigErrors
from buildbot.config.master import FileLoader
from buildbot.plugins import util
from buildbot.process.properties import Properties
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.www.authz.authz import Forbidden

from buildbot_ship.steps.base.option_check import freeze
from buildbot_ship.steps.base.skip_reason import RunUnless
from buildbot_ship.steps.factories.images import ShipImage
from buildbot_ship.steps.factories.nightly import (
    derive_factory,
    propose_bases_factory,
    propose_requirements_factory,
)
from buildbot_ship.steps.factories.ship import harden_factory, retag_factory, ship_factory
from buildbot_ship.steps.requirements import HardenRequirements

EXAMPLE = Path(__file__).resolve().parents[4] / "master.cfg.example"
URL = "https://git.example.com/app.git"
OWN = "registry.example.com/team"
MATH = ShipImage("math", f"{OWN}/math", "math.pex", ["twisted", "math"], module="twisted")
PAGE = ShipImage("page", f"{OWN}/page", "page.pex", ["twisted", "page"], module="twisted")


def steps_of(factory: Any) -> list[Any]:
    return [each.buildStep() for each in factory.steps]


def names(factory: Any, ended: int = SUCCESS, **properties: object) -> list[str]:
    """Return the steps that would run in a build with *properties*, which is *ended*."""
    found = []
    for step in steps_of(factory):
        step.getProperty = Properties(**properties).getProperty if properties else fallback
        step.build = SimpleNamespace(results=ended)
        if step.doStepIf is True or step.doStepIf(step):
            found.append(step.name)
    return found


def fallback(_: str, default: object = None) -> object:
    return default


@pytest.fixture
def factory() -> Any:
    return ship_factory("https://git.example.com/app.git", [MATH, PAGE], packages=["."])


def test_a_commit_builds_and_pushes_all(factory: Any) -> None:
    assert names(factory) == [
        *["checkout", "find", "collect-garbage", "check-requirements", "wheels"],
        *["pex-math-pex", "pex-page-pex"],
        *["image-math", "image-page", "push-math", "push-page", "clean-up"],
    ]


def test_of_a_published_commit_nothing_is_built(factory: Any) -> None:
    done = names(factory, images="all", push=True, ship_published=True)
    assert done == ["checkout", "find", "clean-up"]
    assert names(factory, images="all", push=True, ship_published=False) == names(factory)


def reasons(factory: Any, ended: int = SUCCESS, **properties: object) -> dict[str, str]:
    """Return why steps would be skipped in a build with *properties*, which is *ended*."""
    found = {}
    for step in steps_of(factory):
        step.getProperty = Properties(**properties).getProperty
        step.build = SimpleNamespace(results=ended)
        if isinstance(step.doStepIf, RunUnless) and not step.doStepIf(step):
            found[step.name] = step.doStepIf.why_not(step)
    return found


def test_every_step_that_is_skipped_has_its_reason() -> None:
    tested = ShipImage(**{**attrs.asdict(MATH), "smoke": {"checks": [{"url": "http://math/"}]}})
    factory = ship_factory(URL, [tested, PAGE])
    published = reasons(factory, ship_published=True, ship_leftovers=False)
    assert published.pop("verify") == "nobody asked for it"
    assert published.pop("clean-up") == "nothing left behind"
    assert set(published.values()) == {"already published"}
    assert len(published) == 10
    one = reasons(factory, images="page", push=False, ship_checked=True, ship_leftovers=False)
    assert one == {
        "find": "the build was forced without push",
        "collect-garbage": "nothing left behind",
        "check-requirements": "the requirements are checked already",
        "pex-math-pex": "this build is for page",
        "image-math": "this build is for page",
        "verify": "nobody asked for it",
        "smoke": "no test for these images",
        "push-math": "this build is for page",
        "push-page": "the build was forced without push",
        "clean-up": "nothing left behind",
    }
    assert "clean-up" not in reasons(factory, FAILURE, ship_leftovers=False)
    again = "everything is built again to verify it"
    assert reasons(factory, verify=True) == {"find": again}


def test_secrets_are_checked_first_and_for_a_published_commit_too(factory: Any) -> None:
    checked = ship_factory("https://git.example.com/app.git", [MATH], secrets="sealed")
    published: dict[str, Any] = {"images": "all", "push": True, "ship_published": True}
    assert names(checked, **published) == ["checkout", "check-secrets", "find", "clean-up"]
    assert steps_of(checked)[1].folder == "sealed"
    assert "check-secrets" not in names(factory)


def test_nothing_is_collected_where_nothing_was_left(factory: Any) -> None:
    clean = names(factory, images="all", push=True, ship_published=False, ship_leftovers=False)
    collectors = ("collect-garbage", "clean-up")
    assert clean == [name for name in names(factory) if name not in collectors]
    left = names(factory, images="all", push=True, ship_published=False, ship_leftovers=True)
    assert left == names(factory)


def test_what_was_checked_already_is_not_checked_again(factory: Any) -> None:
    asked: dict[str, Any] = {"images": "all", "push": True, "ship_published": False}
    done = names(factory, ship_checked=True, **asked)
    assert done == [name for name in names(factory) if name != "check-requirements"]
    assert "check-requirements" in names(factory, ship_checked=False, **asked)
    unchecked = ship_factory("https://git.example.com/app.git", [MATH], check=False)
    assert steps_of(unchecked)[1].check is None


def test_a_build_ends_with_a_clean_up_unless_it_is_known_to_have_left_nothing(
    factory: Any,
) -> None:
    published: dict[str, Any] = {"images": "all", "push": True, "ship_published": True}
    assert names(factory, ship_leftovers=False, **published) == ["checkout", "find"]
    assert names(factory, ship_leftovers=True, **published)[-1] == "clean-up"
    assert names(factory, FAILURE, ship_leftovers=False, **published)[-1] == "clean-up"


def test_nobody_looks_for_what_is_not_to_be_published_or_to_be_verified(factory: Any) -> None:
    assert "find" not in names(factory, images="all", push=False)
    assert "find" not in names(factory, images="all", push=True, verify=True)
    always = ship_factory("https://git.example.com/app.git", [MATH], verify=True)
    assert "find" not in names(always)
    assert "find" in names(always, images="all", push=True, verify=False)


REQUIREMENTS: dict[str, Any] = {
    "loose": "app/pyproject.toml",
    "strict": "app/uv.lock",
    "build_lock": "app/build.txt",
    "dockerfile": "app/build.docker",
    "packages": ["app"],
    "upgrade": "six",
    "no_binary": "lxml",
    "only_binary": ":all:",
    "extras": ["fancy"],
    "groups": ["metrics"],
    "cooldown": 7.0,
    "cooldown_except": ["six"],
}
"""A value for each option of `HardenRequirements`, none of them the default."""


def given(step: Any) -> dict[str, Any]:
    """Return the options about requirements that a step has."""
    known = [name for name in step.request_options if name in REQUIREMENTS]
    return {name: getattr(step, name) for name in known}


def expected(step: Any) -> dict[str, Any]:
    return {name: REQUIREMENTS[name] for name in given(step)}


def test_each_step_gets_the_options_about_requirements_that_it_has() -> None:
    assert set(REQUIREMENTS) == set(HardenRequirements.request_options)
    ship = {step.name: step for step in steps_of(ship_factory(URL, [MATH], **REQUIREMENTS))}
    check, wheels = ship["check-requirements"], ship["wheels"]
    assert set(given(check)) == set(REQUIREMENTS) - {"upgrade", "cooldown", "cooldown_except"}
    assert set(given(wheels)) >= {"strict", "build_lock", "packages", "extras", "groups"}
    for step in (check, wheels):
        assert given(step) == expected(step)
    assert ship["find"].check == given(check)
    assert ship["find"].wheels == {**given(wheels), "lazy": True}
    assert ship["verify"].wheels == given(wheels)
    for factory in (harden_factory, propose_requirements_factory):
        step = next(s for s in steps_of(factory(URL, **REQUIREMENTS)) if s.name == "harden")
        assert given(step) == REQUIREMENTS


def test_an_untrusted_builder_gets_the_same_requirements() -> None:
    factory = ship_factory(URL, [MATH], trusted=False, **REQUIREMENTS)
    wheels = next(step for step in steps_of(factory) if step.name == "wheels")
    assert given(wheels) == expected(wheels)


def test_an_option_that_no_step_has_is_an_error() -> None:
    for make in (partial(ship_factory, URL, [MATH]), partial(harden_factory, URL)):
        with pytest.raises(ConfigErrors, match="strikt"):
            steps_of(make(strikt="uv.lock"))


def test_the_upgrade_is_a_property_of_the_build_unless_it_is_given() -> None:
    for factory in (harden_factory, propose_requirements_factory):
        step = steps_of(factory(URL))[2]
        assert step.upgrade.getRenderingFor(Properties(upgrade="six")).result == "six"
        assert steps_of(factory(URL, upgrade="nothing"))[2].upgrade == "nothing"


def test_each_strict_file_of_a_proposal_can_have_other_options() -> None:
    files: list[dict[str, Any]] = [
        {},
        {"strict": "b.txt", "build_lock": "c.txt", "no_binary": "six", "groups": ["b"]},
    ]
    factory = propose_requirements_factory(URL, files=files, **REQUIREMENTS)
    first, second = steps_of(factory)[2:4]
    assert given(first) == REQUIREMENTS
    assert given(second) == REQUIREMENTS | files[1]


def test_what_is_looked_for_is_what_would_be_built() -> None:
    factory = ship_factory("https://git.example.com/a.git", [MATH, PAGE], packages=["."])
    find = next(step for step in steps_of(factory) if step.name == "find")
    assert find.wheels == {"packages": ["."], "lazy": True}
    for chosen, wanted in (("page", ["page"]), ("all", ["math", "page"])):
        props = Properties(images=chosen)
        for kind, verb in ((find.pexes, "pex"), (find.images, "image"), (find.pushes, "push")):
            told = kind.fn(props)
            built = {
                step.name: step
                for step in steps_of(factory)
                if step.name.startswith(f"{verb}-")
            }
            assert len(told) == len(wanted)
            for name, options in zip(wanted, told, strict=True):
                step = built[f"pex-{name}-pex" if verb == "pex" else f"{verb}-{name}"]
                for option, value in options.items():
                    assert freeze(getattr(step, option)) == value, (name, option)


def test_a_push_makes_known_what_was_looked_for(factory: Any) -> None:
    push = next(step for step in steps_of(factory) if step.name == "push-page")
    keys = {"page": "published-1", "math": "published-2"}
    assert push.publication.fn(Properties(ship_publications=keys)) == "published-1"
    assert push.publication.fn(Properties()) is None


def test_one_image_can_be_chosen(factory: Any) -> None:
    assert names(factory, images="page", push=True) == [
        *["checkout", "find", "collect-garbage", "check-requirements", "wheels"],
        *["pex-page-pex"],
        *["image-page", "push-page", "clean-up"],
    ]


def test_all_means_all(factory: Any) -> None:
    assert names(factory, images="all", push=True) == names(factory)


def test_nothing_is_published_unless_it_was_asked_for(factory: Any) -> None:
    chosen = names(factory, images="all", push=False)
    assert [name for name in chosen if name.startswith("push")] == []
    assert "image-page" in chosen


def test_a_stale_strict_file_is_found_before_anything_is_made(factory: Any) -> None:
    check, wheels = steps_of(factory)[3:5]
    assert (check.packages, check.haltOnFailure) == (wheels.packages, True)
    without = ship_factory("https://git.example.com/app.git", [MATH], check=False)
    assert "check-requirements" not in names(without)


def test_a_commit_is_verified_before_it_is_published_where_asked(factory: Any) -> None:
    assert "verify" not in names(factory)
    chosen = names(factory, images="all", push=True, verify=True)
    assert chosen.index("image-page") < chosen.index("verify") < chosen.index("push-math")
    always = ship_factory("https://git.example.com/app.git", [MATH], verify=True)
    assert "verify" in names(always)
    assert "verify" not in names(always, images="all", push=True, verify=False)


def test_what_is_verified_is_what_was_built() -> None:
    factory = ship_factory("https://git.example.com/a.git", [MATH, PAGE], packages=["."])
    verify = next(step for step in steps_of(factory) if step.name == "verify")
    options = ("image", "dockerfile", "source", "missing_libraries")
    for chosen in ("page", "all"):
        wanted = [PAGE] if chosen == "page" else [MATH, PAGE]
        props = Properties(images=chosen)
        pexes, images = (value.fn(props) for value in (verify.pexes, verify.images))
        assert [pex["pex"] for pex in pexes] == [image.pex for image in wanted]
        built = [step for step in steps_of(factory) if step.name.startswith("image-")]
        assert images == [
            {name: getattr(step, name) for name in options}
            for step in built
            if step.image in [image.name for image in wanted]
        ]
    assert verify.wheels == {"packages": ["."]}


def test_the_last_step_always_runs_and_fails_no_build(factory: Any) -> None:
    last = steps_of(factory)[-1]
    assert (last.alwaysRun, last.finish, last.flunkOnFailure) == (True, True, False)
    assert (last.haltOnFailure, last.warnOnFailure, last.retries) == (False, True, 0)


def test_images_may_share_a_pex() -> None:
    other = ShipImage("other", f"{OWN}/other", "math.pex", ["twisted", "math"], "twisted")
    factory = ship_factory("https://git.example.com/app.git", [MATH, other])
    assert names(factory).count("pex-math-pex") == 1
    assert "pex-math-pex" in names(factory, images="other", push=True)


CHECK = {"url": "http://page:8080/"}
CHECKS = {"checks": [CHECK]}
SYSTEM = {"containers": [{"name": "math"}, {"name": "page"}], "checks": [CHECK]}
TESTED = ShipImage(
    "page", f"{OWN}/page", "page.pex", ["twisted", "page"], module="twisted", smoke=SYSTEM
)
OTHER = ShipImage("other", f"{OWN}/other", "other.pex", ["other"], script="other")


def test_images_are_tested_together_before_any_is_pushed() -> None:
    factory = ship_factory(URL, [MATH, TESTED, OTHER])
    ran = names(factory)
    assert ran[ran.index("image-other") + 1 :] == [
        *["smoke", "push-math", "push-page", "push-other", "clean-up"]
    ]
    pushes = {step.name: step.tested for step in steps_of(factory) if "push-" in step.name}
    assert pushes == {"push-math": True, "push-page": True, "push-other": False}


@pytest.mark.parametrize("chosen", ["math", "page"])
def test_an_image_is_tested_with_those_that_it_needs_and_only_it_is_pushed(chosen: str) -> None:
    factory = ship_factory(URL, [MATH, TESTED, OTHER])
    ran = names(factory, images=chosen, push=True)
    assert ran[ran.index("wheels") + 1 :] == [
        *["pex-math-pex", "pex-page-pex", "image-math", "image-page"],
        *["smoke", f"push-{chosen}", "clean-up"],
    ]
    steps = {step.name: step for step in steps_of(factory)}
    props = Properties(images=chosen)
    assert steps["smoke"].tests.fn(props) == steps["find"].tests.fn(props) == [SYSTEM]


def test_an_image_without_a_test_is_published_without_one() -> None:
    factory = ship_factory(URL, [MATH, TESTED, OTHER])
    ran = names(factory, images="other", push=True)
    assert "smoke" not in ran
    assert "image-page" not in ran
    find = next(step for step in steps_of(factory) if step.name == "find")
    assert find.tests.fn(Properties(images="other")) == []
    assert "smoke" not in [step.name for step in steps_of(ship_factory(URL, [MATH, OTHER]))]


def test_what_is_not_pushed_is_tested_too() -> None:
    ran = names(ship_factory(URL, [MATH, TESTED]), images="all", push=False)
    assert [name for name in ran if name.startswith(("smoke", "push"))] == ["smoke"]


def test_a_test_has_one_container_of_its_image_unless_it_names_others() -> None:
    alone = ShipImage("app", f"{OWN}/app", "app.pex", ["app"], smoke={"checks": [CHECK]})
    assert alone.test == {"containers": [{"name": "app"}], "checks": [CHECK]}


@pytest.mark.parametrize(
    ("smoke", "why"),
    [
        ({}, "tests: checks: None is not a list of mappings"),
        ({"checks": [{"url": "http://other:1/"}]}, "'other' is not one of the containers page"),
        (
            {"containers": [{"name": "page", "image": "pages"}], "checks": [CHECK]},
            "the test of page runs the image 'pages', which is not one of the images",
        ),
        ({"checks": [CHECK], "dead_line": 3}, "dead_line is not one of containers, checks"),
    ],
)
def test_a_wrong_test_is_a_configuration_error(smoke: Any, why: str) -> None:
    image = ShipImage("page", f"{OWN}/page", "page.pex", ["page"], smoke=smoke)
    with pytest.raises(ConfigErrors, match=why):
        ship_factory(URL, [image])


def test_one_pex_is_not_described_in_two_ways() -> None:
    other = ShipImage("other", f"{OWN}/other", "math.pex", ["twisted"])
    with pytest.raises(ConfigErrors, match=r"two images give 'math\.pex' different options"):
        ship_factory("https://git.example.com/app.git", [MATH, other])


def test_two_images_of_one_name_are_an_error() -> None:
    with pytest.raises(ConfigErrors, match="two images have the name 'math'"):
        ship_factory("https://git.example.com/app.git", [MATH, MATH])


def test_the_label_of_the_source_holds_no_password() -> None:
    factory = ship_factory("https://dana:hunter2@git.example.com/app.git", [MATH])
    image = next(step for step in steps_of(factory) if step.name == "image-math")
    assert image.source == "https://git.example.com/app.git"


def test_options_reach_every_step(factory: Any) -> None:
    factory = ship_factory("https://git.example.com/a.git", [MATH], memory=2**30)
    assert {getattr(step, "memory", 2**30) for step in steps_of(factory)} == {2**30}


def test_hardening_and_retagging_are_framed_as_well() -> None:
    assert names(harden_factory("https://git.example.com/app.git")) == [
        *["checkout", "collect-garbage", "harden", "clean-up"]
    ]
    assert names(retag_factory({"python:3.11": f"{OWN}/python311"})) == [
        *["collect-garbage", "retag", "clean-up"]
    ]


def test_a_checkout_takes_the_options_of_git() -> None:
    git = {"submodules": True, "mode": "incremental", "method": None}
    for factory in (
        ship_factory(URL, [MATH], git=git),
        harden_factory(URL, git=git),
    ):
        checkout = steps_of(factory)[0]
        assert (checkout.submodules, checkout.mode) == (True, "incremental")
    assert steps_of(ship_factory(URL, [MATH]))[0].submodules is False


def test_bases_are_derived_from_a_checkout() -> None:
    url = "https://dana:hunter2@git.example.com/app.git"
    factory = derive_factory(url, {"pq.docker": f"{OWN}/pq"}, older_than_days=1)
    assert names(factory) == [*["checkout", "collect-garbage", "derive", "clean-up"]]
    derive = steps_of(factory)[2]
    assert (derive.older_than_days, derive.source) == (1, "https://git.example.com/app.git")


def test_proposals_push_to_where_the_checkout_came_from() -> None:
    url = "https://git.example.com/app.git"
    bases = propose_bases_factory(url, branch="release", proposal={"push_options": ["x"]})
    assert names(bases) == [*["checkout", "collect-garbage", "pin", "propose", "clean-up"]]
    propose = steps_of(bases)[3]
    assert (propose.repourl, propose.target, propose.files) == (url, "release", ["*.docker"])
    assert propose.push_options == ["x"]


def test_several_strict_files_are_one_proposal() -> None:
    files = [{}, {"loose": "w.txt", "strict": "w.strict.txt", "build_lock": "w.build.txt"}]
    factory = propose_requirements_factory("https://git.example.com/a.git", files=files)
    assert names(factory)[2:-1] == ["harden", "harden-2", "propose"]
    assert steps_of(factory)[4].files == [
        *["requirements.strict.txt", "requirements.build.txt"],
        *["w.strict.txt", "w.build.txt"],
    ]


def checkconfig(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `buildbot checkconfig` on a copy of the example."""
    shutil.copyfile(EXAMPLE, folder / "master.cfg")
    return subprocess.run(
        [Path(sys.executable).with_name("buildbot"), "checkconfig", "master.cfg"],
        cwd=folder,
        env={**plain_environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def with_secrets(folder: Path) -> None:
    (folder / "secrets").mkdir(mode=0o700)
    write_secret(folder, "worker-password", "w0rk")
    write_secret(folder, "web-password", "w3b")
    for name in (
        "registry-password",
        "git-password",
        "registry-reader-password",
        "git-reader-password",
    ):
        (folder / "secrets" / name).touch(mode=0o600)
    write_secret(folder, "hook-secret", "h00k")
    write_secret(folder, "forge-token", "f0rge")


def write_secret(folder: Path, name: str, text: str) -> None:
    (folder / "secrets" / name).touch(mode=0o600)
    (folder / "secrets" / name).write_text(f"{text}\n")


def plain_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("SHIP_")}


def test_the_example_passes_checkconfig_unchanged(tmp_path: Path) -> None:
    with_secrets(tmp_path)
    done = checkconfig(tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "Config file is good!"), done.stderr


def test_the_example_passes_with_every_setting(tmp_path: Path) -> None:
    with_secrets(tmp_path)
    done = checkconfig(
        tmp_path,
        SHIP_WORKERS="a b",
        SHIP_FORGE="gitlab",
        SHIP_FORGE_API="https://git.example.com:8443/api/v4",
        SHIP_KEEP_DAYS="7",
        SHIP_MAIL_TO="team@example.com ada@example.com",
        SHIP_MAIL_HOST="mail.example.com",
        SHIP_REGISTRY_USER="robot",
        SHIP_GIT_USER="robot",
        SHIP_GIT_READER="reader",
        SHIP_REGISTRY_READER="reader",
        SHIP_CHECKED_REFS="refs/heads/ refs/pull/",
        SHIP_GIT_KNOWN_HOSTS="git.example.com ssh-ed25519 AAAA",
        SHIP_REGISTRY="127.0.0.1:5000/team",
        SHIP_UPSTREAM="127.0.0.1:5001/library",
        SHIP_DERIVED="pq.docker=python311-pq lxml.docker=python311-lxml",
        SHIP_CA_BUNDLE="/etc/ca.pem",
        SHIP_INDEX_URL="https://index.example.com/simple",
        SHIP_WEB_PORT="8010:interface=127.0.0.1",
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("key", ["", "k"])
def test_the_example_mounts_a_smoke_key_if_there_is_one(tmp_path: Path, key: str) -> None:
    with_secrets(tmp_path)
    (tmp_path / "secrets" / "smoke-key").write_text(key)
    (tmp_path / "secrets" / "smoke-key").chmod(0o600)
    (ship,) = (b for b in example(tmp_path).builders if b.name == "ship")
    (smoke,) = (step for step in steps_of(ship.factory) if step.name == "smoke")
    (test,) = smoke.tests.fn(Properties(images="all"))
    assert bool(test["containers"][0]["secrets"]) == bool(key)


def test_the_example_without_a_workers_password_is_refused_with_the_remedy(
    tmp_path: Path,
) -> None:
    (tmp_path / "secrets").mkdir()
    done = checkconfig(tmp_path)
    assert done.returncode != 0
    assert "write one into the file secrets/worker-password" in done.stderr + done.stdout


@pytest.mark.parametrize("has_password", [False, True])
def test_only_who_logs_in_may_force_a_build_of_the_example(
    tmp_path: Path, has_password: bool
) -> None:
    with_secrets(tmp_path)
    if not has_password:
        (tmp_path / "secrets" / "web-password").unlink()
    www = example(tmp_path).www
    assert isinstance(www["auth"], util.UserPasswordAuth) == has_password
    authz = www["authz"]
    authz.setMaster(None)
    for user, action, may in (
        ({"anonymous": True}, "get", True),
        ({"anonymous": True}, "force", False),
        ({"anonymous": True}, "stop", False),
        ({"username": "somebody"}, "force", False),
        ({"username": "ship"}, "force", True),
        ({"username": "ship"}, "rebuild", True),
    ):
        asked = authz.assertUserAllowed(("forceschedulers", "force-ship"), action, {}, user)
        asked.addErrback(lambda failure: failure.trap(Forbidden))
        assert (asked.result is None) == may, (user, action)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SHIP_REGISTRY": "Registry.example.com/Team"}, "repository: "),
        (
            {"SHIP_GIT_URL": "git@git.example.com:team/app.git", "SHIP_GIT_USER": "git"},
            "names no server: write ssh://git@host/path",
        ),
    ],
)
def test_a_wrong_setting_of_the_example_is_named(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    with_secrets(tmp_path)
    done = checkconfig(tmp_path, **settings)
    assert done.returncode != 0
    assert said in done.stderr + done.stdout


def example(folder: Path) -> Any:
    """Load a copy of the example in *folder*, which has its secrets."""
    if not (folder / "secrets").exists():
        with_secrets(folder)
    shutil.copyfile(EXAMPLE, folder / "master.cfg")
    return FileLoader(str(folder), "master.cfg").loadConfig()


def test_every_builder_of_the_example_has_collapsing_off(tmp_path: Path) -> None:
    config = example(tmp_path)
    assert {builder.name: builder.collapseRequests for builder in config.builders} == {
        "ship": False,
        "check": False,
        "harden": False,
        "promote": False,
        "retag": False,
        "propose-bases": False,
        "propose-requirements": False,
        # It removes old logs.
        "__Janitor": None,
    }
    assert config.buildbotNetUsageData is None


def test_the_example_checks_the_secrets_of_every_commit(tmp_path: Path) -> None:
    config = example(tmp_path)
    (ship,) = (builder for builder in config.builders if builder.name == "ship")
    assert names(ship.factory)[:2] == ["checkout", "check-secrets"]


READERS = {"registry.example.com": ("reader", util.Secret("reader"))}
SECRET_TESTS: dict[str, Any] = {
    "a secret file": {"containers": [{"name": "page", "secrets": {"/run/key/k": "x"}}]},
    "a function": {
        "containers": [{"name": "page", "environment": {"A": util.Transform(str, "x")}}]
    },
}


def untrusted(*images: ShipImage, **options: Any) -> Any:
    return ship_factory(URL, images, trusted=False, **options)


@pytest.mark.parametrize("push", [None, True, False])
def test_an_untrusted_builder_has_no_step_that_publishes(push: bool | None) -> None:
    factory = untrusted(MATH, TESTED, secrets="sealed", cache=f"{OWN}/cache")
    ran = names(factory, images="all", push=push) if push is not None else names(factory)
    assert ran == [
        *["checkout", "check-secrets", "collect-garbage", "check-requirements", "wheels"],
        *["pex-math-pex", "pex-page-pex", "image-math", "image-page", "smoke", "clean-up"],
    ]
    every = [step.name for step in steps_of(factory)]
    assert not [name for name in every if name.startswith(("push", "find"))]


def test_no_step_of_an_untrusted_builder_is_trusted_or_has_a_login() -> None:
    for factory, logins in (
        (untrusted(MATH, TESTED, secrets="sealed", cache=f"{OWN}/cache"), {}),
        (untrusted(MATH, TESTED, secrets="sealed", readers=READERS, credentials={}), READERS),
    ):
        steps = steps_of(factory)[1:]
        assert len(steps) > 8
        assert [step.trusted for step in steps] == [False] * len(steps)
        assert [step.credentials for step in steps] == [logins] * len(steps)


@pytest.mark.parametrize("trusted", [True, False])
def test_the_secrets_of_an_image_reach_its_step_in_a_trusted_builder_only(
    trusted: bool,
) -> None:
    secrets = {"netrc": util.Secret("netrc")}
    image = attrs.evolve(MATH, build_secrets=secrets)
    factory = ship_factory(URL, [image], trusted=trusted)
    found = {step.name: getattr(step, "build_secrets", None) for step in steps_of(factory)}
    given = [name for name, secrets in found.items() if secrets]
    assert given == (["image-math"] if trusted else [])


@pytest.mark.parametrize("smoke", SECRET_TESTS.values(), ids=SECRET_TESTS)
def test_tests_with_secrets_are_left_out_with_a_warning(smoke: Any) -> None:
    page = ShipImage("page", f"{OWN}/page", "page.pex", ["page"], smoke={**smoke, **CHECKS})
    factory = untrusted(MATH, page)
    assert "smoke" not in names(factory)
    assert "tests-left-out" in names(factory)
    assert "tests-left-out" not in names(factory, images="math", push=True)
    step = next(step for step in steps_of(factory) if step.name == "tests-left-out")
    assert step.getResultSummary()["step"].startswith("warning: the tests of page need secrets")
    assert not any((step.warnOnWarnings, step.flunkOnWarnings, step.haltOnFailure))
    trusted = names(ship_factory(URL, [MATH, page]))
    assert "smoke" in trusted
    assert "tests-left-out" not in trusted


def test_tests_without_secrets_run_in_an_untrusted_builder() -> None:
    plain = util.Interpolate("%(prop:branch)s")
    container = {"name": "page", "secrets": {}, "environment": {"BRANCH": plain}}
    page = ShipImage(
        "page", f"{OWN}/page", "p.pex", ["page"], smoke={"containers": [container], **CHECKS}
    )
    assert "smoke" in names(untrusted(page))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"credentials": READERS}, "credentials are not accepted: give logins that can only"),
        ({"env": {"TOKEN": util.Secret("x")}}, "has no secrets: remove the one in env"),
        (
            {"index_url": util.Interpolate("https://u:%(secret:x)s@index/simple")},
            "has no secrets: remove the one in index_url",
        ),
    ],
)
def test_a_secret_of_an_untrusted_builder_is_a_configuration_error(
    options: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigErrors, match=why):
        untrusted(MATH, **options)


def test_trust_is_decided_in_the_configuration() -> None:
    with pytest.raises(ConfigErrors, match="is not True or False"):
        ship_factory(URL, [MATH], trusted=util.Property("trusted"))
    with pytest.raises(ConfigErrors, match="readers are for trusted=False: use credentials"):
        ship_factory(URL, [MATH], readers=READERS)


def test_only_the_shipped_branch_of_the_example_reaches_a_builder_with_secrets(
    tmp_path: Path,
) -> None:
    config = example(tmp_path)
    by_commit = {
        name: scheduler
        for name, scheduler in config.schedulers.items()
        if name in ("ship-on-commit", "check-proposals")
    }
    assert {name: s.builderNames for name, s in by_commit.items()} == {
        "ship-on-commit": ["ship"],
        "check-proposals": ["check"],
    }
    for branch in ("ship/bases-1-x", "refs/pull/1/head", "mainly"):
        change = SimpleNamespace(branch=branch)
        filters = {
            name: scheduler._config_kwargs["change_filter"].filter_change(change)
            for name, scheduler in by_commit.items()
        }
        assert filters == {"ship-on-commit": False, "check-proposals": True}
    check = next(builder for builder in config.builders if builder.name == "check")
    assert not [name for name in names(check.factory) if name.startswith("push")]
