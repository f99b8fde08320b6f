"""The actions of ``secrets`` on real git repositories, with real keys, as a user calls them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import attrs
import pytest
from lab.git_server import git

from buildbot_ship import sealed
from buildbot_ship.cli.arguments import read
from buildbot_ship.cli.call import run
from buildbot_ship.errors import KeyFileRefused
from buildbot_ship.model.request import SECRETS_ACTIONS
from buildbot_ship.model.secrets.sealed_file import Box, read_sealed
from buildbot_ship.store.private_files import refuse_in_checkout

ID = "example.com/team/app"
BINARY = b"line\n\0\xff\r\n end"


@attrs.frozen
class Ended:
    status: int
    out: bytes
    error: str

    @property
    def text(self) -> str:
        return self.out.decode() + self.error


@attrs.define
class Team:
    """A repository with sealed secrets, and a folder for keys beside it."""

    top: Path

    @classmethod
    def new(cls, folder: Path, repository: str = ID) -> Team:
        team = cls(folder)
        team.app.mkdir(parents=True)
        git(team.app, "init", "-q")
        team.succeed("keygen", "prod", "--repository", repository, key="prod")
        return team

    @property
    def app(self) -> Path:
        return self.top / "app"

    def key(self, name: str) -> Path:
        return self.top / f"{name}.key"

    def run(self, *arguments: str, stdin: bytes = b"", key: str = "") -> Ended:
        options = ["--key-file", str(self.key(key))] if key else []
        call = ["secrets", *arguments, *options, "--checkout", str(self.app)]
        out, error = TextIOWrapper(BytesIO()), StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin", TextIOWrapper(BytesIO(stdin)))
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", error)
            patch.setattr("buildbot_ship.cli.call.handle_stop_signals", lambda: None)
            try:
                status = run(call)
            except SystemExit as ended:
                status = int(ended.code or 0)
        out.flush()
        return Ended(status, out.buffer.getvalue(), error.getvalue())

    def succeed(self, *arguments: str, stdin: bytes = b"", key: str = "") -> Ended:
        ended = self.run(*arguments, stdin=stdin, key=key)
        assert ended.status == 0, ended.text
        return ended

    def commit(self) -> str:
        git(self.app, "add", "-A")
        git(self.app, "commit", "-q", "-m", "change")
        return git(self.app, "rev-parse", "HEAD")

    def read(self, name: str) -> str:
        return (self.app / "secrets" / name).read_text()

    def write(self, name: str, text: str) -> None:
        path = self.app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def files(self) -> dict[str, str]:
        return {p.name: p.read_text() for p in sorted((self.app / "secrets").iterdir())}

    def open(self, name: str, key: str = "prod", repository: str | None = None) -> bytes:
        folder = str(self.app / "secrets")
        return sealed.open_secret(name, folder, str(self.key(key)), repository)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team.new(tmp_path)


def test_a_secret_is_added_without_a_key_checked_and_opened(team: Team) -> None:
    hidden = team.key("prod").rename(team.top / "elsewhere")
    assert (
        "review and commit secrets/token.sealed"
        in team.succeed("seal", "token", stdin=BINARY).text
    )
    team.commit()
    assert "1 sealed secret intact, no plain secret in 1 file" in team.succeed("check").text
    hidden.rename(team.key("prod"))
    assert "1 sealed secret opened" in team.succeed("check", key="prod").text
    ended = team.succeed("unseal", "token", key="prod")
    assert (ended.out, ended.error) == (BINARY, "secrets: opened token\n")
    assert team.open("token") == BINARY
    assert BINARY.decode("latin-1") not in str(team.files())


def test_the_key_is_private_and_nothing_is_overwritten(team: Team) -> None:
    before, key = team.files(), team.key("prod").read_bytes()
    assert team.key("prod").stat().st_mode & 0o777 == 0o600
    again = team.run("keygen", "alice", key="prod")
    assert again.status == 62
    assert "prod.key exists already: nothing was changed" in again.text
    same = team.run("keygen", "prod", key="new")
    assert "the recipient prod in secrets/recipients.txt exists already" in same.text
    assert not team.key("new").exists()
    assert (team.files(), team.key("prod").read_bytes()) == (before, key)

    team.succeed("seal", "token", stdin=b"one")
    ended = team.run("seal", "token", stdin=b"two")
    assert ended.status == 62
    assert "or give the option --replace" in ended.text
    assert team.open("token") == b"one"
    team.succeed("seal", "token", "--replace", stdin=b"two")
    assert team.open("token") == b"two"
    ended = team.run("unseal", "token", "--output", str(team.key("prod")), key="prod")
    assert ended.status == 62
    assert team.key("prod").read_bytes() == key
    team.succeed("unseal", "token", "--output", str(team.top / "out"), key="prod")
    assert (team.top / "out").read_bytes() == b"two"
    assert (team.top / "out").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (b"", "secret token: it is empty"),
        (b"x" * 65_537, "secret token: it is larger than 64 KiB (65536 bytes)"),
        (b"x" * 10_000_000, "secret token: it is larger than 64 KiB (65536 bytes)"),
    ],
    ids=["empty", "over", "10 MB"],
)
def test_an_empty_or_a_large_secret_is_refused(team: Team, secret: bytes, message: str) -> None:
    path = team.top / "input"
    path.write_bytes(secret)
    ended = team.run("seal", "token", "--input", str(path))
    assert ended.status == 60
    assert message in ended.text
    assert "remedy: " in ended.text
    assert list(team.files()) == ["recipients.txt"]


def test_the_largest_secret_and_a_newline_at_the_end(team: Team) -> None:
    team.succeed("seal", "large", stdin=b"x" * 65_536)
    assert team.open("large") == b"x" * 65_536
    warned = team.succeed("seal", "line", stdin=b"value\n")
    assert "warning: the secret ends with a newline" in warned.text
    assert team.open("line") == b"value\n"
    team.commit()
    team.succeed("check", key="prod")


def test_a_key_that_others_can_read_or_in_the_checkout_is_refused(team: Team) -> None:
    team.succeed("seal", "token", stdin=b"value")
    for mode in (0o640, 0o604, 0o660):
        team.key("prod").chmod(mode)
        for action in (["unseal", "token"], ["rotate"]):
            ended = team.run(*action, key="prod")
            assert ended.status == 61
            assert f"other users can read it (mode {mode:04o})" in ended.text
            assert "chmod 600" in ended.text
    team.key("prod").chmod(0o600)
    team.key("prod").rename(team.app / "prod.key")
    ended = team.run("unseal", "token", "--key-file", str(team.app / "prod.key"))
    assert ended.status == 61
    assert "where it could be committed" in ended.text
    ended = team.run("keygen", "alice", "--key-file", str(team.app / "secrets" / "alice.key"))
    assert ended.status == 61
    (team.app / "sub").mkdir()
    with pytest.raises(KeyFileRefused, match="where it could be committed"):
        refuse_in_checkout(team.app / "new.key", team.app / "sub")
    assert list(team.files()) == ["recipients.txt", "token.sealed"]
    team.commit()
    ended = team.run("check")
    assert ended.status == 13
    assert "prod.key:2: a private key of buildbot-ship lies here in plain text" in ended.text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("ship-pub-" + "0f" * 36, "has a public key"),
        ("ship-key-" + "0f" * 10, "has no private key of the form ship-key-"),
        ("ship-key-" + "0f" * 36, "has no private key of the form ship-key-"),
        ("-----BEGIN OPENSSH", "has no private key of the form ship-key-"),
        ("", "has no private key of the form ship-key-"),
    ],
)
def test_a_key_of_the_wrong_type_is_refused(team: Team, content: str, why: str) -> None:
    team.succeed("seal", "token", stdin=b"value")
    team.key("bad").write_text(content)
    team.key("bad").chmod(0o600)
    ended = team.run("unseal", "token", key="bad")
    assert ended.status == 61
    assert why in ended.text
    with pytest.raises(sealed.SecretError, match=why):
        team.open("token", "bad")
    assert team.run("unseal", "token", key="missing").status == 61


def test_a_removed_recipient_is_found_rotated_and_listed(team: Team) -> None:
    team.succeed("keygen", "alice", key="alice")
    team.succeed("seal", "token", stdin=b"value")
    first = team.commit()
    assert team.open("token", "alice") == b"value"
    text = "".join(
        line for line in team.read("recipients.txt").splitlines(True) if "alice" not in line
    )
    team.write("secrets/recipients.txt", text)
    team.commit()
    ended = team.run("check")
    assert ended.status == 13
    assert "secrets/token.sealed:5: alice can open it with the key" in ended.text
    assert "with an old key" in team.succeed("list").text

    team.succeed("rotate", key="prod")
    team.commit()
    team.succeed("check", key="prod")
    with pytest.raises(sealed.SecretError, match=r"has no box for the key .*, only for prod"):
        team.open("token", "alice")
    assert "has no box for the key" in team.run("unseal", "token", key="alice").text
    assert team.run("check", key="alice").status == 13
    listed = team.succeed("list").text
    assert f"could read it, last in {first[:12]}" in listed
    assert listed.count("can read it") == 1
    git(team.app, "rm", "-q", "secrets/token.sealed")
    team.commit()
    assert "deleted; it is still in earlier commits" in team.succeed("list").text


def test_earlier_readers_are_found_in_merges_with_any_git_settings(
    team: Team,
) -> None:
    team.succeed("keygen", "alice", key="alice")
    team.commit()
    main = git(team.app, "branch", "--show-current")
    git(team.app, "checkout", "-q", "-b", "other")
    team.succeed("seal", "token", stdin=b"value")
    reader = team.commit()
    git(team.app, "checkout", "-q", main)
    team.write("a b\n\u00e4.txt", "nothing")
    team.commit()
    git(team.app, "merge", "-q", "--no-ff", "-m", "merge", "other")
    for name, value in (
        ("log.showRoot", "false"),
        ("color.ui", "always"),
        ("core.abbrev", "4"),
    ):
        git(team.app, "config", name, value)
    git(team.app, "rm", "-q", "secrets/token.sealed")
    team.commit()
    listed = team.succeed("list").text
    assert "secret: token\n  deleted; it is still in earlier commits\n" in listed
    assert listed.count("could read it, last in ") == 2
    assert reader[:12] in listed or git(team.app, "rev-parse", "HEAD^")[:12] in listed


def test_a_file_in_the_place_of_the_folder_leaves_no_key(tmp_path: Path) -> None:
    team = Team(tmp_path)
    team.app.mkdir()
    git(team.app, "init", "-q")
    team.write("secrets", "a file")
    ended = team.run("keygen", "prod", "--repository", ID, key="prod")
    assert ended.status == 14
    assert "the folder secrets is not in the checkout, and cannot be made" in ended.text
    assert not team.key("prod").exists()


def test_a_new_recipient_reads_after_a_rotation(team: Team) -> None:
    team.succeed("seal", "token", stdin=BINARY)
    assert "run secrets rotate" in team.succeed("keygen", "alice", key="alice").text
    team.commit()
    assert "alice has no box for the key" in team.run("check").text
    assert "cannot: run secrets rotate" in team.succeed("list").text
    team.succeed("rotate", key="prod")
    assert team.open("token", "alice") == team.open("token", "prod") == BINARY


def reseal(team: Team, old: str, **changes: object) -> None:
    """Change the header of a sealed secret, as somebody would who wants to hide a move."""
    secret = read_sealed(team.read(f"{old}.sealed"), old)
    changed = attrs.evolve(secret, **changes)  # type: ignore[arg-type]
    team.write(f"secrets/{changed.name}.sealed", str(changed))


def test_a_box_moved_to_another_name_is_refused(team: Team) -> None:
    team.succeed("seal", "admin", stdin=b"one")
    team.succeed("seal", "guest", stdin=b"two")
    admin, guest = team.read("admin.sealed"), team.read("guest.sealed")
    team.write("secrets/guest.sealed", admin)
    team.commit()
    assert "secrets/guest.sealed:2: this is the secret admin" in team.run("check").text
    with pytest.raises(sealed.SecretError, match="was sealed under the name admin"):
        team.open("guest")

    team.write("secrets/guest.sealed", guest)
    reseal(team, "admin", name="guest")
    team.commit()
    team.succeed("check")
    for action in (["check"], ["unseal", "guest"], ["rotate"]):
        ended = team.run(*action, key="prod")
        assert ended.status in (13, 60)
        assert "was sealed under the name admin" in ended.text
    with pytest.raises(sealed.SecretError, match="was sealed under the name admin"):
        team.open("guest")


def test_a_box_of_another_repository_is_refused(team: Team, tmp_path: Path) -> None:
    other = Team.new(tmp_path / "other", "example.com/other")
    other.write(
        "secrets/recipients.txt", team.read("recipients.txt").replace(ID, "example.com/other")
    )
    other.succeed("seal", "token", stdin=b"theirs")
    team.write("secrets/token.sealed", other.read("token.sealed"))
    team.commit()
    assert f"it was sealed for example.com/other, not for {ID}" in team.run("check").text
    reseal(team, "token", repository=ID)
    team.commit()
    team.succeed("check")
    for action in (["check"], ["unseal", "token"], ["rotate"]):
        assert (
            "was sealed for the repository example.com/other"
            in team.run(*action, key="prod").text
        )
    with pytest.raises(sealed.SecretError, match="sealed for the repository example.com/other"):
        team.open("token")
    # The whole folder of another repository, with its own recipients.txt.
    team.write("secrets/recipients.txt", other.read("recipients.txt"))
    assert team.open("token") == b"theirs"
    with pytest.raises(sealed.SecretError, match="sealed for the repository example.com/other"):
        team.open("token", repository=ID)


def test_a_truncated_or_changed_box_is_refused(team: Team) -> None:
    team.succeed("seal", "token", stdin=b"value")
    good = team.read("token.sealed")
    box = read_sealed(good, "token").boxes[0]
    team.write("secrets/token.sealed", good[:-7])
    team.commit()
    assert "the box of prod is truncated" in team.run("check").text
    with pytest.raises(sealed.SecretError, match="its box is no base64; seal the secret again"):
        team.open("token")
    for data in (box.data[:-3], box.data[:40], box.data[:-1] + b"!", b"\0" * len(box.data)):
        reseal_box = Box(box.recipient, box.fingerprint, data)
        team.write("secrets/token.sealed", good)
        reseal(team, "token", boxes=(reseal_box,))
        with pytest.raises(
            sealed.SecretError, match="truncated, changed, or sealed to another"
        ):
            team.open("token")
    team.commit()
    ended = team.run("check", key="prod")
    assert "secrets/token.sealed:1: its box is truncated, changed" in ended.text


def test_a_link_is_no_sealed_secret(team: Team) -> None:
    (team.app / "secrets" / "token.sealed").symlink_to("../elsewhere")
    team.commit()
    assert "secrets/token.sealed:1: it is a link to ../elsewhere" in team.run("check").text


def test_a_key_that_nobody_can_use_is_refused(team: Team) -> None:
    with pytest.raises(sealed.SecretError, match="is not usable"):
        sealed.seal(b"x", bytes(32), ID, "token")
    with pytest.raises(sealed.SecretError, match="is not usable"):
        sealed.seal(b"x", bytes(31), ID, "token")


def test_plain_secrets_are_found_in_the_commit_unless_allowed(team: Team) -> None:
    value = "a1B2c3D4" + "e5F6g7H8"
    team.write("app/settings.py", f"# settings\nPASSWORD = '{value}'\n")
    team.write("app/data.bin", f"\0password = {value}")
    team.write("link/target.txt", "nothing\n")
    (team.app / "link" / "link").symlink_to("target.txt")
    team.commit()
    ended = team.run("check")
    assert ended.status == 13
    assert "app/settings.py:2: a random value with a telling name" in ended.text
    assert value not in ended.text
    team.write("secrets/allowed.txt", "app/settings.py  # a test\n")
    team.commit()
    assert "no plain secret in 3 files (1 binary or too large)" in team.succeed("check").text


def test_check_needs_no_secrets_and_no_library(tmp_path: Path) -> None:
    team = Team.new(tmp_path)
    (team.app / "secrets" / "recipients.txt").unlink()
    team.write("a.txt", "nothing\n")
    team.commit()
    assert "0 sealed secrets intact, no plain secret in 1 file" in team.succeed("check").text
    code = (
        "import sys; sys.modules['nacl'] = None; sys.modules['nacl.exceptions'] = None; "
        "from buildbot_ship.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    for arguments, status in ((["check"], 0), (["seal", "token"], 63)):
        done = subprocess.run(
            [sys.executable, "-c", code, "secrets", *arguments],
            cwd=team.app,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[4])},
            input=b"x",
            capture_output=True,
            check=False,
        )
        assert done.returncode == status, done.stdout
    assert b"pip install '.[secrets]'" in done.stdout


def test_nothing_is_sealed_without_recipients(tmp_path: Path) -> None:
    team = Team(tmp_path)
    team.app.mkdir()
    git(team.app, "init", "-q")
    ended = team.run("seal", "token", stdin=b"x")
    assert ended.status == 14
    assert "remedy: run buildbot-ship secrets keygen" in ended.text
    ended = team.run("keygen", "prod", key="prod")
    assert ended.status == 11
    assert "--repository example.com/team/app" in ended.text
    assert list(team.top.iterdir()) == [team.app]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["seal"], "secrets seal needs 1 name, not 0"),
        (["seal", "../x"], "'../x' is not a name"),
        (["rotate"], "secrets rotate needs it, for example --key-file"),
        (["list", "x"], "secrets list needs no name"),
        (["check", "--folder", "../x"], "is not a path inside the repository"),
        (["check", "--folder", "."], "is not the path of a folder"),
    ],
)
def test_wrong_options_are_named(team: Team, arguments: list[str], message: str) -> None:
    ended = team.run(*arguments)
    assert ended.status == 2
    assert message in ended.text


def test_the_module_for_images_stands_alone(team: Team) -> None:
    """It is copied into an image, where there is no buildbot-ship."""
    team.succeed("seal", "token", stdin=BINARY)
    (team.top / "copied.py").write_bytes(Path(sealed.__file__).read_bytes())
    code = (
        "import sys; sys.path.insert(0, '.'); import copied; "
        "assert not any(m.startswith('buildbot_ship') for m in sys.modules); "
        "sys.stdout.buffer.write(copied.open_secret('token', 'app/secrets'))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=team.top,
        env={"SHIP_SECRET_KEY_FILE": "prod.key"},
        capture_output=True,
        check=False,
    )
    assert done.stdout == BINARY, done.stderr


@pytest.mark.parametrize(
    ("name", "folder", "key", "message"),
    [
        ("../x", "secrets", "prod.key", "'../x' is not the name of a secret"),
        ("other", "secrets", "prod.key", "the secret other is not at .*COPY secrets/"),
        ("token", "nowhere", "prod.key", "the list of recipients is not at"),
        ("token", "secrets", "none.key", "the key file is not at .*SHIP_SECRET_KEY_FILE"),
    ],
)
def test_open_secret_names_what_is_missing(
    team: Team, name: str, folder: str, key: str, message: str
) -> None:
    team.succeed("seal", "token", stdin=b"value")
    with pytest.raises(sealed.SecretError, match=message):
        sealed.open_secret(name, str(team.app / folder), str(team.top / key))


def page_commands() -> list[list[str]]:
    """Return the arguments of each command in docs/secrets.md."""
    text = (Path(__file__).parents[4] / "docs" / "secrets.md").read_text("utf-8")
    found = re.findall(r"buildbot-ship (secrets [a-z]+[^`|>&\n]*)", text)
    return [shlex.split(each) for each in found]


@pytest.mark.parametrize("arguments", page_commands(), ids=" ".join)
def test_the_commands_of_the_page_are_requests(arguments: list[str]) -> None:
    call = read(arguments, {})
    assert call.envelope is not None
    assert call.envelope.request.verb == "secrets"


def test_the_page_shows_every_action() -> None:
    assert {each[1] for each in page_commands()} == {*SECRETS_ACTIONS}
