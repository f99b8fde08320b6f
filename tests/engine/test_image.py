"""Images assembled by us, beside what `docker build` makes of the same Dockerfile."""

from __future__ import annotations

import attrs
import pytest

from .conftest import Repository
from .yard import APP, COMMIT, Yard

DOCKERFILES = {
    "the article's": 'COPY app.pex /\nENTRYPOINT ["/app.pex", "web", \\\n  "--wsgi"]',
    "renamed": "COPY app.pex /twist.pex\nCMD echo hi   \"there\"",
    "both commands": 'CMD ["a", "$b"]\nENTRYPOINT exec /app.pex\nCOPY app.pex /',
    "no command": "ENTRYPOINT []\nCMD []",
    "into new folders": "COPY a.txt sub/c /srv/new/deep/\nCOPY app.pex /opt/x/y",
    "over links and modes": "COPY a.txt /lib/x\nCOPY sub/c /bin\nCOPY a.txt /tmp/q/\n"
    "COPY a.txt /root/r\nCOPY app.pex /etc/os-release\nCOPY a.txt /var/tmp",
    "work folders": "WORKDIR /app/\nWORKDIR x/../y\nCOPY a.txt ./\nCOPY sub/c z/q\n"
    "WORKDIR /root\nWORKDIR /lib/zz\nCOPY app.pex .\nCOPY a.txt ../../up",
    "a work folder with spaces": "WORKDIR \"a b\"/c d\nCOPY [\"d x\", \"/e f/\"]",
    "copied twice": "COPY a.txt /x\nCOPY app.pex /x\nCOPY a.txt /e/f\nCOPY sub/c /e/f",
    "variables": "ENV A=1 B=\"x y\" C='l $m' D=e\\ f G=\nENV H the  rest of \"it\"\n"
    "ENV A=2 PATH=/x:/usr/bin \\\n  # comment\n\n  L=\"\\x\\\"\\\\\" M=\\n\\$o",
    "labels": "LABEL a=1 \"b c\"=\"d\\\"e\" f='g'\nLABEL h the rest\nLABEL a=3",
    "users and ports": "USER 1000:1000\nEXPOSE 8080 53/UDP 90-92\nUSER \"nobody\"\nEXPOSE 8080",
    "lines of windows": "\r\n# x\r\nENV a=b \\\r\n  c=d\r\nCMD [\"x\"]\r\n",
    "volumes": 'VOLUME /data /x/y\nVOLUME ["/a b", "/c"]',
    "a signal": "STOPSIGNAL SIGINT\nSTOPSIGNAL 9",
    "a check": "HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=500ms --retries=3 "
    '\\\n  CMD ["/app.pex", "$x"]',
    "a check in a shell": "healthcheck --interval=5s cmd curl -f http://x/  || exit $?",
    "no check": "HEALTHCHECK CMD true\nHEALTHCHECK NONE",
    "accents": "ENV \u00e9=\u00fc\nCOPY a.txt /\u00e4/\u00f6\nLABEL \u00e9=\"\u4e2d\"",
}  # fmt: skip


@pytest.mark.parametrize("name", DOCKERFILES)
def test_docker_build_makes_the_same_of_a_dockerfile(yard: Yard, name: str) -> None:
    yard.assert_same(f"FROM {yard.base}\n{DOCKERFILES[name]}\n")


def test_an_image_runs_and_has_the_same_id_again(yard: Yard) -> None:
    dockerfile = (
        f"FROM {yard.base}\nENV HOME_OF=us\nUSER 65534\nWORKDIR /srv/app\n"
        'COPY app.pex /\nENTRYPOINT ["/app.pex", "one"]\nCMD ["two"]\n'
    )
    first, second = yard.assemble(dockerfile), yard.assemble(dockerfile, "elsewhere")
    assert attrs.evolve(second, loaded_as=first.loaded_as) == first
    assert yard.run(first.loaded_as) == "hello one two us 65534 /srv/app\n"
    assert yard.run(second.loaded_as, "three") == "hello one three us 65534 /srv/app\n"


def test_the_engine_calls_an_image_as_we_do(yard: Yard) -> None:
    record = yard.assemble(f"FROM {yard.base}\nCOPY app.pex /\n")
    found = yard.client.api.inspect_image(record.loaded_as)
    assert found["Id"] == record.image_id
    assert found["RootFS"]["Layers"][-1] == record.layers[0].diff_id
    assert found["Created"] == "2026-11-23T04:50:49Z"
    assert found["Config"]["Labels"]["org.opencontainers.image.revision"] == COMMIT


def test_an_image_is_loaded_though_the_engine_lacks_its_base(yard: Yard) -> None:
    # A base of its own, since others use the one of the tests.
    repository = f"{yard.base.partition('/')[0]}/tests/own-base"
    built = yard.build(f"FROM {yard.base}\nCOPY sub/c /marker\n")
    yard.client.api.tag(built, repository, "1")
    yard.client.api.push(repository, "1")
    for name in (f"{repository}:1", built):
        yard.client.images.remove(name, force=True)
    yard.made.remove(built)
    record = yard.assemble(f"FROM {repository}:1\nCOPY app.pex /\n")
    yard.made.append(record.base.replace(":1@", "@"))
    assert {"/marker", "/app.pex"} <= yard.files(record.loaded_as).keys()


def test_docker_history_reads_what_we_wrote(yard: Yard) -> None:
    record = yard.assemble(f"FROM {yard.base}\nCOPY app.pex /\n")
    newest = yard.client.api.history(record.loaded_as)[0]
    assert newest["CreatedBy"] == "buildbot-ship image: COPY app.pex /"
    assert newest["Size"] == len(APP.data)


def test_the_command_line_makes_an_image_that_runs(repository: Repository, yard: Yard) -> None:
    repository.succeed("wheels", "--package", ".")
    repository.succeed("pex", "tiny.pex", "tiny", "--script", "tiny")
    first = repository.succeed("image", "tiny")["properties"]["ship_image_tiny"]
    second = repository.succeed("image", "tiny")["properties"]["ship_image_tiny"]
    assert first["image_id"] == second["image_id"]
    assert first["manifest_digest"] == second["manifest_digest"]
    yard.made += [first["loaded_as"], second["loaded_as"]]
    assert yard.run(first["loaded_as"], "a", "b") == "tiny ['a', 'b'] six\n"
