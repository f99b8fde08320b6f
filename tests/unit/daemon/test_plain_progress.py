"""What the lines of Docker's command line say; they are those of 20.10 and of buildx 0.29."""

from __future__ import annotations

import pytest

from buildbot_ship.daemon.images.buildkit_progress import Output, Vertex
from buildbot_ship.daemon.images.plain_progress import PlainProgress

RUN = "[stage-0 2/2] RUN --mount=type=secret,id=z echo hu; exit 3"
WHY = 'process "/bin/sh -c echo hu; exit 3" did not complete successfully: exit code: 3'
OLD = f"""\
#1 [internal] load remote build context
#1 sha256:d2c4170cd17ba2e55d0178c5ef6963b0231de56d9a77bd82190398f3736e51e6
#1 DONE 0.0s

#5 {RUN}
#5 sha256:cee5c45ed6fe3e9729cd0cb8dfcf2799d2ac6cfb74e1b72f7e98c0d08c2ddf6e
#5 0.332 hu
#5 ...

#5 {RUN}
#5 12.3 #6 ERROR: only printed
#5 ERROR: {WHY}
------
 > {RUN}:
------
{WHY}
"""
NEW = f"""\
#0 building with "default" instance using docker driver

#1 [internal] load remote build context
#1 WARN: FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)
#1 CACHED

#5 {RUN}
#5 0.145 hu
#5 1.235e+04 #6 ERROR: only printed
#5 ERROR: {WHY}
------
 > {RUN}:
0.145 hu
------
a.docker:2
--------------------
   1 |     FROM team/slim:1
   2 | >>> {RUN}
--------------------
ERROR: failed to build: failed to solve: {WHY}
"""


@pytest.mark.parametrize("text", [OLD, NEW])
def test_steps_their_output_and_the_reason_are_read(text: str) -> None:
    progress = PlainProgress()
    found = [each for line in text.splitlines() if (each := progress.read(line))]
    assert found == [
        Vertex("1", "[internal] load remote build context", started=True, error=""),
        Vertex("5", RUN, started=True, error=""),
        Output("5", b"hu\n"),
        Output("5", b"#6 ERROR: only printed\n"),
        Vertex("5", RUN, started=True, error=WHY),
    ]
    assert progress.reason == WHY


@pytest.mark.parametrize(
    "line",
    [
        "failed to solve with frontend dockerfile.v0: failed to build LLB: why",
        "ERROR: failed to solve: why",
        "why",
    ],
)
def test_the_reason_is_without_what_every_reason_begins_with(line: str) -> None:
    progress = PlainProgress()
    progress.read(line)
    assert progress.reason == "why"


def test_the_end_of_a_step_is_no_output() -> None:
    progress = PlainProgress()
    progress.read("#5 [2/2] RUN x")
    assert progress.read("#5 0.25 no line end#5 DONE 0.3s") == Output("5", b"no line end\n")
    assert progress.read("#5 0.25") == Output("5", b"\n")


def test_a_client_that_says_nothing_has_no_reason() -> None:
    assert PlainProgress().reason == "it gives no reason"
