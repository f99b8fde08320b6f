from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.command import Cmd, Entrypoint, Healthcheck
from buildbot_ship.model.dockerfile.copy import Copy
from buildbot_ship.model.dockerfile.document import Dockerfile, EngineOnly, base_of, read
from buildbot_ship.model.dockerfile.instruction import (
    Env,
    Expose,
    Label,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from buildbot_ship.model.reference import Reference

FROM = "FROM example.com/team/slim:1\n"
DIGEST = "sha256:" + "a" * 64


def only(text: str | bytes) -> object:
    (instruction,) = parse(text).instructions
    return instruction


def parse(text: str | bytes) -> Dockerfile:
    return read(text if isinstance(text, bytes) else FROM + text, "app.docker")


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        read(text, "app.docker")
    return caught.value.details.splitlines()


def problem(text: str) -> str:
    (found,) = problems(FROM + text)
    assert found.startswith("app.docker:2: ")
    return found.removeprefix("app.docker:2: ")


def test_the_article_s_dockerfile_reads_as_it_means() -> None:
    text = (
        "# fancycalculator.docker\n"
        "FROM moshez/python36-slim:2017-03-09T04-50-49-169150\n"
        "COPY fc-twist.pex /twist.pex\n"
        'ENTRYPOINT ["/twist.pex", "web", "--wsgi", \\\n'
        '            "fancycalculator.app"]\n'
    )
    found = read(text, "fancycalculator.docker")
    assert found == Dockerfile(
        "fancycalculator.docker",
        Reference.parse("docker.io/moshez/python36-slim:2017-03-09T04-50-49-169150"),
        2,
        (
            Copy(3, ("fc-twist.pex",), "/twist.pex"),
            Entrypoint(4, ("/twist.pex", "web", "--wsgi", "fancycalculator.app")),
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY a b/c /d/", Copy(2, ("a", "b/c"), "/d/")),
        ("copy ./a .//b/../c .", Copy(2, ("a", "c"), ".")),
        ('COPY ["a b", "/c d/"]', Copy(2, ("a b",), "/c d/")),
        ("COPY /a 'b' /x/", Copy(2, ("a", "b"), "/x/")),
        ('ENTRYPOINT  [ "/a" ,"b" ]  ', Entrypoint(2, ("/a", "b"))),
        ("ENTRYPOINT []", Entrypoint(2, ())),
        ('ENTRYPOINT exec "$A"   b', Entrypoint(2, ('exec "$A"   b',), for_shell=True)),
        ('CMD ["$HOME", "\\u00e9"]', Cmd(2, ("$HOME", "\u00e9"))),
        ("CMD [ -f /x ] && ls", Cmd(2, ("[ -f /x ] && ls",), for_shell=True)),
        ("CMD echo \\\\", Cmd(2, ("echo \\\\",), for_shell=True)),
        ("ENV a=1 b=\"x y\" c='$l m' d=e\\ f g=", ENV_WORDS := Env(
            2, (("a", "1"), ("b", "x y"), ("c", "$l m"), ("d", "e f"), ("g", ""))
        )),
        ("eNv\ta=1 \\\n  b=\"x y\" \\\n# no\n\n c='$l m' d=e\\ f g=", ENV_WORDS),
        ('ENV a the  rest of "it" ', Env(2, (("a", "the  rest of it"),))),
        ('ENV a="\\x\\"\\\\\\$" b=\\n\\$c', Env(2, (("a", '\\x"\\$'), ("b", "n$c")))),
        ("ENV a=b#c d==", Env(2, (("a", "b#c"), ("d", "=")))),
        ('LABEL "b c"="d" e=f', Label(2, (("b c", "d"), ("e", "f")))),
        ('USER "1000:1000"', User(2, "1000:1000")),
        ("WORKDIR a b/", Workdir(2, "a b/")),
        ("EXPOSE 8080 53/UDP 90-91", Expose(2, ("8080/tcp", "53/udp", "90/tcp", "91/tcp"))),
        ("USER a \\", User(2, "a")),
        ("COPY . src/ *.py /x/", Copy(2, (".", "src", "*.py"), "/x/")),
        ("COPY --chown=a:b --chmod=0750 x /", Copy(2, ("x",), "/", "a:b", 0o750)),
        ('VOLUME ["/a b", "c"]', Volume(2, ("/a b", "c"))),
        ("VOLUME /a  /b", Volume(2, ("/a", "/b"))),
        ("STOPSIGNAL RTMIN+3", Stopsignal(2, "RTMIN+3")),
        ("HEALTHCHECK none", Healthcheck(2, {"Test": ["NONE"]})),
        (
            "HEALTHCHECK --interval=1h1.5s --retries=2 CMD [\"a\"]",
            Healthcheck(
                2, {"Test": ["CMD", "a"], "Interval": 3_601_500_000_000, "Retries": 2}
            ),
        ),
        ("HEALTHCHECK cmd a  $b", Healthcheck(2, {"Test": ["CMD-SHELL", "a  $b"]})),
    ],
)  # fmt: skip
def test_an_instruction_reads_as_docker_reads_it(text: str, expected: object) -> None:
    assert only(text) == expected
    assert only(text.replace("\n", "\r\n") + "\r\n") == expected


def test_blank_lines_comments_and_a_byte_order_mark_are_nothing() -> None:
    text = "\ufeff# a\n\n  # b\n" + FROM + "\n \t\n#USER x\n\tUSER y\n"
    found = read(text.encode(), "app.docker")
    assert (found.base_line, found.instructions) == (4, (User(8, "y"),))


def test_another_escape_character_is_understood() -> None:
    text = "# syntax=docker/dockerfile:1\n# Escape = `\n" + FROM + "CMD a `\n b \\\nUSER x\n"
    assert read(text, "f").instructions == (Cmd(4, ("a  b \\",), for_shell=True), User(6, "x"))


def test_escape_after_the_first_comment_is_a_comment() -> None:
    assert read("# a\n# escape=`\n" + FROM + "CMD a `\n", "f").instructions == (
        Cmd(4, ("a `",), for_shell=True),
    )


def test_from_takes_a_digest_and_a_stage_name() -> None:
    text = f"FROM example.com/team/slim@{DIGEST} AS run\n"
    assert read(text, "f").base == Reference.parse(f"example.com/team/slim@{DIGEST}")


def test_every_problem_is_named_at_once_each_in_its_line() -> None:
    text = "# x\nRUM make\n" + FROM + "USER\nADDD a /\nFROM b\nUSER ok\nEXPOSE x\nCOPY ../y /\n"
    found = problems(text)
    assert [line.split(" ")[0] for line in found] == [
        f"app.docker:{number}:" for number in (2, 3, 4, 5, 6, 8, 9)
    ]
    assert "RUM is not one of FROM, ARG, COPY, " in found[0]
    assert "move it before line 2" in found[1]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_is_a_problem_in_line_1(text: str) -> None:
    (found,) = problems(text)
    assert found.startswith("app.docker:1: the file is empty: write FROM")


def test_a_file_without_from_is_a_problem_in_the_line_where_it_should_be() -> None:
    (found,) = problems("# hi\nCOPY a /\n")
    assert found.startswith("app.docker:2: there is no FROM: begin with")


def test_another_encoding_is_a_problem_in_its_line() -> None:
    (found,) = problems(FROM.encode() + b"USER \xe9\n")
    assert found == "app.docker:2: the file is not UTF-8: save it as UTF-8"


def test_control_characters_and_a_strange_escape_are_problems() -> None:
    found = problems("# escape=x\n" + FROM + "USER a\x00\nUSER \x1bb\n")
    assert [line.split()[0] for line in found] == [f"app.docker:{n}:" for n in (1, 3, 4)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("USER $U", User(2, "me")),
        ("USER ${NO:-you}", User(2, "you")),
        ("WORKDIR ${U:+/home/$U}", Workdir(2, "/home/me")),
        ("EXPOSE $P", Expose(2, ("1/tcp", "2/udp"))),
        ('COPY ["$U/*", "/"]', Copy(2, ("me/*",), "/")),
        ("ENV a=$U-$NO- b='$U' c=\\$U", Env(2, (("a", "me--"), ("b", "$U"), ("c", "$U")))),
        ("CMD $U", Cmd(2, ("$U",), for_shell=True)),
    ],
)
def test_the_base_s_variables_are_put_in_once_they_are_known(
    text: str, expected: object
) -> None:
    environment = [("U", "me"), ("P", "1 2/udp")]
    found = read(FROM + text, "app.docker", environment)
    assert found.instructions == (expected,)


def test_a_fault_that_the_base_may_mend_is_told_when_the_base_is_known() -> None:
    text = FROM + "USER $U\nEXPOSE ${PORT}\nEXPOSE ${PORT:-x}\n"
    read(text, "app.docker")
    with pytest.raises(InvalidFile) as caught:
        read(text, "app.docker", [("PORT", "1")])
    assert [problem.line for problem in caught.value.problems] == [2]


def test_arguments_have_their_defaults_and_env_wins() -> None:
    text = (
        "ARG TAG=1 X=before\nFROM a:$TAG\nARG A=a B=$A- X\nARG C=$A\nENV A=env\n"
        "LABEL a=$A b=$B c=$C x=$X t=$TAG\n"
    )
    found = read(text, "f", ())
    assert str(found.base).endswith("/a:1")
    labels = (("a", "env"), ("b", "-"), ("c", "a"), ("x", "before"), ("t", ""))
    assert found.instructions[-1] == Label(6, labels)


@pytest.mark.parametrize(
    ("text", "engine_only"),
    [
        ("RUN make", [EngineOnly(2, "RUN", "make")]),
        ("USER x\nADD a /", [EngineOnly(3, "ADD", "a /")]),
        ("COPY --from=x a /", [EngineOnly(2, "COPY", "--from=x a /")]),
        ("SHELL [\"/bin/bash\"]\nONBUILD USER x", [
            EngineOnly(2, "SHELL", '["/bin/bash"]'), EngineOnly(3, "ONBUILD", "USER x"),
        ]),
        ("FROM b:1", [EngineOnly(2, "FROM", "")]),
    ],
)  # fmt: skip
def test_what_only_the_engine_can_follow_is_found(
    text: str, engine_only: list[EngineOnly]
) -> None:
    assert parse(text).engine_only == tuple(engine_only)


def test_the_base_is_that_of_the_last_stage() -> None:
    text = "FROM a:1 AS one\nFROM b:1 as Two\nFROM scratch AS three\nFROM two\n"
    found = read(text, "f")
    assert (found.base, found.base_line) == (Reference.parse("b:1"), 2)
    assert found.others == (Reference.parse("a:1"),)
    assert [found.places[f"Step {n}"] for n in (1, 2, 3, 4)] == [
        f"f:{n}: FROM" for n in (1, 2, 3, 4)
    ]
    assert problems("FROM scratch AS x\nFROM x\n") == [
        "app.docker:1: FROM: the last stage has no base: "
        "begin it with a base that RetagBase pushed"
    ]


def test_a_variable_in_from_has_to_be_an_argument_before_it() -> None:
    assert "FROM needs one reference" in problems("FROM ${BASE}\n")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY a", "COPY needs sources and a destination"),
        ("COPY a b /c", "end it with /"),
        ("COPY ../a /", "leads out of the repository"),
        ("COPY a/../../b /", "leads out of the repository"),
        ('COPY "a b" /', "without its end"),
        ("ENTRYPOINT", "the command is empty"),
        ("ENTRYPOINT ['/a']", "not a JSON array of strings"),
        ('CMD ["a",]', "not a JSON array of strings"),
        ('CMD ["a", 1]', "not a JSON array of strings"),
        ('CMD ["a"] # b', "not a JSON array of strings"),
        ("ENV", "nothing is set"),
        ("ENV a", "a has no value: write a=value"),
        ("ENV a=1 b", "b has no value: write b=value"),
        ("ENV =a", "has no name"),
        ("ENV a='b", "without its end"),
        ("USER a b", "USER needs one user"),
        ("USER a # comment", "USER needs one user"),
        ("WORKDIR", "WORKDIR needs a folder"),
        ("EXPOSE 0", "0 is not a port"),
        ("EXPOSE 9-8", "9-8 is not a port"),
        ("EXPOSE 80/foo", "80/foo is not a port"),
        ("EXPOSE 70000", "70000 is not a port"),
        ("COPY --link a /", "--link is not supported"),
        ("COPY --chown=a:b:c a /", "is not an owner"),
        ("COPY --chmod=u+x a /", "is not a mode: write it in octal"),
        ("VOLUME", "VOLUME needs folders"),
        ("VOLUME ['/a']", "not a JSON array of strings"),
        ("STOPSIGNAL SIGFOO", "is not a signal"),
        ("STOPSIGNAL 0", "is not a signal"),
        ("HEALTHCHECK", "write HEALTHCHECK CMD command"),
        ("HEALTHCHECK curl x", "write HEALTHCHECK CMD command"),
        ("HEALTHCHECK NONE x", "NONE without anything else"),
        ("HEALTHCHECK CMD []", "the command is empty"),
        ("HEALTHCHECK --interval=5 CMD x", "5 is not a time"),
        ("HEALTHCHECK --timeout=1us CMD x", "at least 1ms"),
        ("HEALTHCHECK --retries=0 CMD x", "is not a number of retries"),
        ("HEALTHCHECK --every=1s CMD x", "--every is not supported"),
        ("ARG", "nothing is declared"),
        ("ARG =x", "has no name"),
        ("ENV a=${b", "write ${name}"),
        ("ENV a=${b:-c", "without its }"),
        ("ENV a=${b:?c}", "write ${name}, ${name:-default}"),
        ("COPYa b", "COPYA is not one of"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(text: str, expected: str) -> None:
    assert expected in problem(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM", "needs one reference"),
        ("FROM a:1 b", "needs one reference"),
        ("FROM python", "has no tag"),
        ("FROM scratch", "has no tag"),
        ("FROM --platform=linux/amd64 a:1", "--platform is not supported"),
        ("FROM UPPER/a:1", "lower-case"),
    ],
)
def test_from_names_one_base_with_a_tag(text: str, expected: str) -> None:
    (found,) = problems(text)
    assert expected in found
    assert found.startswith("app.docker:1: FROM: ")


def test_base_of_looks_at_nothing_but_from() -> None:
    text = FROM + "RUN pip install\nCOPY * $X\n"
    assert base_of(text, "build.docker") == Reference.parse("example.com/team/slim:1")


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "the file is empty"),
        ("RUN x\n", 1, "there is no FROM"),
        ("FROM a\n", 1, "has no tag"),
        (FROM + "RUN x\nFROM b:1\n", 3, "there is already a FROM on line 1"),
    ],
)
def test_base_of_names_what_is_wrong_with_from(text: str, line: int, expected: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        base_of(text, "build.docker")
    (found,) = caught.value.problems
    assert (found.file, found.line) == ("build.docker", line)
    assert expected in found.text


# --- Files that go on without end ------------------------------------------------------


@pytest.mark.parametrize("depth", [33, 500, 10_000])
@pytest.mark.parametrize("line", ["ENV A={}", 'ENV A="{}"', "COPY {} /", "LABEL a={}"])
def test_variables_nested_without_end_are_refused(line: str, depth: int) -> None:
    word = "${X:-" * depth + "}" * depth
    assert "nests ${ more than 32 deep" in problem(line.format(word))


def test_variables_nested_as_people_do_are_read() -> None:
    nested = "${A:-${B:-${C:+c}${D:-d}}}"
    assert only(f"ENV X={nested}") == Env(2, (("X", "d"),))
    beside = "${A:-a}" * 100
    assert only(f"ENV X={beside}") == Env(2, (("X", "a" * 100),))


def test_a_variable_that_doubles_with_every_line_is_refused() -> None:
    lines = "ENV A=0123456789\n" + "ENV A=$A$A\n" * 40
    (first, *_) = problems(FROM + lines)
    # Ten characters, doubled 14 times: the line after the last that is short enough.
    assert first.startswith("app.docker:16: ENV: $A$A expands to more than 131072 characters")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (FROM + "ENV A=" + "x" * 10_000_000, 2),
        (FROM + "ENV A=b\n" * 1_000_000, 131_070),
        (FROM + "# comment\n\n" * 1_000_000, 190_646),
    ],
    ids=["a line", "instructions", "comments"],
)
@pytest.mark.parametrize("reader", [read, base_of])
def test_a_file_without_end_is_refused_with_the_line(
    text: str, line: int, reader: Callable[[str, str], object]
) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidFile) as caught:
        reader(text, "app.docker")
    assert time.monotonic() - began < 1
    assert str(caught.value).startswith(f"app.docker:{line}: the file exceeds 1048576 bytes")


def test_more_instructions_than_anybody_writes_are_refused() -> None:
    assert problems(FROM + "ENV A=b\n" * 2_000) == [
        "app.docker:2001: the file has more than 2000 instructions: shorten it"
    ]
    assert len(parse("ENV A=b\n" * 1_999).instructions) == 1_999


@pytest.mark.parametrize("word", ["ENTRYPOINT", "CMD", "COPY", "VOLUME", "HEALTHCHECK CMD"])
def test_arrays_nested_without_end_are_refused(word: str) -> None:
    found = problem(f"{word} " + "[" * 100_000 + "]" * 100_000)
    assert "is not a JSON array of strings" in found
    assert len(found) < 300
