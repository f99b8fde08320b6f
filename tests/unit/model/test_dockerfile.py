from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile import Dockerfile, base_of, read
from buildbot_ship.model.instruction import (
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    Label,
    User,
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
    text = (
        "# x\nRUN make\n" + FROM + "USER\nADD a /\nFROM b:1\nUSER ok\nEXPOSE x\nCOPY *.py /\n"
    )
    found = problems(text)
    assert [line.split(" ")[0] for line in found] == [
        f"app.docker:{number}:" for number in (2, 3, 4, 5, 6, 8, 9)
    ]
    assert "RUN is not one of FROM, COPY, " in found[0]
    assert "belongs into a base of its own" in found[0]
    assert "move it before line 2" in found[1]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_is_a_problem_in_line_1(text: str) -> None:
    (found,) = problems(text)
    assert found.startswith("app.docker:1: it is empty: write FROM")


def test_a_file_without_from_is_a_problem_in_the_line_where_it_should_be() -> None:
    (found,) = problems("# hi\nCOPY a /\n")
    assert found.startswith("app.docker:2: there is no FROM: begin with")


def test_another_encoding_is_a_problem_in_its_line() -> None:
    (found,) = problems(FROM.encode() + b"USER \xe9\n")
    assert found == "app.docker:2: it is not UTF-8: save the file in that encoding"


def test_control_characters_and_a_strange_escape_are_problems() -> None:
    found = problems("# escape=x\n" + FROM + "USER a\x00\nUSER \x1bb\n")
    assert [line.split()[0] for line in found] == [f"app.docker:{n}:" for n in (1, 3, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "ENV a=$B", "ENV a=${B}", 'LABEL a="$B"', "ENV $A=b", "USER ${U}", "WORKDIR /$X",
        "EXPOSE $PORT", "COPY $A /", 'COPY ["${A}", "/"]', "ENV a rest $B",
    ],
)  # fmt: skip
def test_a_variable_is_refused_where_docker_would_expand_it(text: str) -> None:
    assert "variables are not expanded: write the value" in problem(text)


def test_a_variable_in_from_is_refused() -> None:
    assert "variables are not expanded" in problems("FROM ${BASE}\n")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY a", "COPY takes sources and a destination"),
        ("COPY a b /c", "end it with /"),
        ("COPY --from=x a /", "--from is not supported: remove it"),
        ("COPY --chown=1:1 a /", "--chown is not supported"),
        ("COPY --chmod=755 a /", "--chmod is not supported"),
        ("COPY a* /", "is a pattern: name every file"),
        ("COPY . /", "is a folder: name every file"),
        ("COPY src/ /", "is a folder: name every file"),
        ("COPY ../a /", "leads out of the repository"),
        ("COPY a/../../b /", "leads out of the repository"),
        ("COPY <<EOF /a", "here-document"),
        ('COPY "a b" /', "without its end"),
        ("ENTRYPOINT", "it runs nothing"),
        ("ENTRYPOINT ['/a']", "not a JSON array of strings"),
        ('CMD ["a",]', "not a JSON array of strings"),
        ('CMD ["a", 1]', "not a JSON array of strings"),
        ('CMD ["a"] # b', "not a JSON array of strings"),
        ("ENV", "it sets nothing"),
        ("ENV a", "a has no value: write a=value"),
        ("ENV a=1 b", "b has no value: write b=value"),
        ("ENV =a", "has no name"),
        ("ENV a='b", "without its end"),
        ("USER a b", "USER takes one user"),
        ("USER a # comment", "USER takes one user"),
        ("WORKDIR", "WORKDIR takes a folder"),
        ("EXPOSE 0", "0 is not a port"),
        ("EXPOSE 9-8", "9-8 is not a port"),
        ("EXPOSE 80/foo", "80/foo is not a port"),
        ("EXPOSE 70000", "70000 is not a port"),
        ("VOLUME /data", "VOLUME is not one of"),
        ("ARG a=1", "write the value where it is used"),
        ("COPYa b", "COPYA is not one of"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(text: str, expected: str) -> None:
    assert expected in problem(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM", "takes one reference"),
        ("FROM a:1 b", "takes one reference"),
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
        ("", 1, "it is empty"),
        ("RUN x\n", 1, "there is no FROM"),
        ("FROM a\n", 1, "has no tag"),
        (FROM + "RUN x\nFROM b:1\n", 3, "there is a FROM before it, in line 1"),
    ],
)
def test_base_of_names_what_is_wrong_with_from(text: str, line: int, expected: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        base_of(text, "build.docker")
    (found,) = caught.value.problems
    assert (found.file, found.line) == ("build.docker", line)
    assert expected in found.text
