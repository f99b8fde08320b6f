"""Packaging of buildbot-ship; tool settings are in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
# Python 3.14 has zstd in its standard library.
ZSTD = "backports.zstd>=1.0; python_version<'3.14'"
# docker 7.2 honours contexts and works with Engine 29; packaging 26.4 reads pylock.toml.
ENGINE = ["docker>=7.2", "pyelftools>=0.31", "requests>=2.32", "urllib3>=2.2", ZSTD]
EXPORT = ["tomli-w>=1.1"]
SECRETS = ["pynacl>=1.5"]
COMPLETION = ["shtab>=1.7"]

setup(
    name="buildbot-ship",
    version="0.1.0",
    description="Buildbot steps and a command line that ship Python applications in Docker",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="MIT",
    license_files=["LICENSE"],
    keywords="buildbot docker pex reproducible-builds continuous-delivery",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Environment :: Plugins",
        "Framework :: Buildbot",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(11, 16)),
        "Topic :: Software Development :: Build Tools",
        "Topic :: System :: Software Distribution",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["buildbot_ship", "buildbot_ship.*"]),
    package_data={
        "buildbot_ship": ["py.typed"],
        "buildbot_ship.inside": ["*/*"],
        "buildbot_ship.www": ["VERSION", "static/*"],
    },
    install_requires=["attrs>=23.2", "cattrs>=24.1", "packaging>=26.4"],
    extras_require={
        "cli": [*ENGINE, *SECRETS, *EXPORT],
        "secrets": SECRETS,
        "completion": COMPLETION,
        "worker": [*ENGINE, *SECRETS, "buildbot-worker>=4.3"],
        "master": ["buildbot[bundle]>=4.3", "twisted>=24.7"],
    },
    entry_points={
        "console_scripts": ["buildbot-ship = buildbot_ship.cli:main"],
        "sqlalchemy.plugins": ["buildbot_ship = buildbot_ship.steps.database:PatientDatabase"],
        "buildbot.steps": [
            f"{step} = buildbot_ship.steps:{step}"
            for step in (
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
                "PromoteImage",
                "VerifyReproducible",
                "CollectGarbage",
            )
        ]
        + ["OpenMergeRequest = buildbot_ship.steps.forge.merge_request:OpenMergeRequest"],
        "buildbot.www": ["ship = buildbot_ship.www.plugin:ep"],
        "buildbot.util": [
            f"{name} = buildbot_ship.steps.factories.ship:{name}"
            for name in ("ship_factory", "harden_factory", "retag_factory")
        ]
        + ["promote_factory = buildbot_ship.steps.factories.promotion:promote_factory"]
        + ["add_to_master = buildbot_ship.steps.factories.joining:add_to_master"]
        + ["ShipImage = buildbot_ship.steps.factories.images:ShipImage"]
        + ["ShipMessages = buildbot_ship.steps.messages.ship_messages:ShipMessages"]
        + ["Forge = buildbot_ship.steps.forge.forge:Forge"]
        + ["ResumedBuild = buildbot_ship.steps.factories.resumed:ResumedBuild"]
        + [
            f"{name} = buildbot_ship.steps.factories.nightly:{name}"
            for name in (
                "derive_factory",
                "propose_bases_factory",
                "propose_requirements_factory",
            )
        ],
    },
)
