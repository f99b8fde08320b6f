"""Targets: lock files of other tools, and ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Callable

from buildbot_ship.model.locks.formats import read_lock
from buildbot_ship.model.locks.lock import Scope
from buildbot_ship.model.requirements.header import Interpreter
from buildbot_ship.model.requirements.loose import Selected, read_loose
from buildbot_ship.model.requirements.pyproject import Project
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.staleness import environment_of
from lab.soak.fuzz.promise import PLANTED, attempt, expect, same
from lab.soak.fuzz.target import text_target

_SECRET = PLANTED.encode()
_HASH = b'"sha256:' + b"0f" * 32 + b'"'
PYTHON = Interpreter("3.11.2", "cpython-311-x86_64-linux-gnu", "linux-x86_64")
SCOPE = Scope(environment_of(PYTHON), (".",), ("x",), ("dev",))
UV = (
    b"""version = 1
revision = 3
requires-python = ">=3.11"
[[package]]
name = "app"
version = "1"
source = { editable = "." }
dependencies = [
    { name = "six", extra = ["a"], marker = "python_version < '4' and os_name == 'posix'" },
    { name = "attrs", version = "2", source = { registry = "https://u:%(secret)s@h/" } },
]
[package.optional-dependencies]
x = [{ name = "attrs" }]
[package.dev-dependencies]
dev = [{ name = "six" }]
[package.metadata]
requires-dist = [{ name = "six", specifier = ">=1" }]
[[package]]
name = "six"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://h/six-1.0.tar.gz", hash = %(hash)s }
[[package]]
name = "attrs"
version = "2"
source = { registry = "https://u:%(secret)s@h/" }
wheels = [
    { url = "https://h/attrs-2-py3-none-any.whl", hash = %(hash)s, size = 1 },
]
""",
    b"""version = 1
[[package]]
name = "app"
source = { virtual = "." }
dependencies = [{ name = "b" }]
optional-dependencies = { x = [] }
dev-dependencies = { dev = [] }
[[package]]
name = "b"
version = "%(secret)s"
source = { git = "https://%(secret)s@h/b#0a" }
""",
)
POETRY = (
    b"""[[package]]
name = "six"
version = "1.0"
optional = false
python-versions = ">=2"
groups = ["main", "dev"]
markers = {main = "extra == 'x'", dev = "python_version < '4'"}
files = [
    {file = "six-1.0.tar.gz", hash = %(hash)s},
]
[package.dependencies]
attrs = {version = ">=1", extras = ["a"]}
[package.source]
type = "legacy"
url = "https://u:%(secret)s@h/"
[[package]]
name = "attrs"
version = "%(secret)s"
groups = ["main"]
files = [{file = "a.whl", hash = "md5:%(secret)s"}]
[extras]
x = ["six"]
[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
""",
)
PYLOCK = (
    b"""lock-version = "1.0"
created-by = "x"
requires-python = ">=3.11"
extras = ["x"]
dependency-groups = ["dev"]
default-groups = ["dev"]
environments = ["os_name == 'posix'"]
[[packages]]
name = "six"
version = "1.0"
marker = "'x' in extras or 'dev' in dependency_groups"
wheels = [
    { url = "https://u:%(secret)s@h/six-1.0-py3-none-any.whl", hashes = {sha256 = %(bare)s} },
]
sdist = { url = "https://h/six-1.0.tar.gz", hashes = {sha256 = %(bare)s} }
[[packages]]
name = "b"
directory = { path = "%(secret)s" }
[[packages]]
name = "c"
vcs = { type = "git", url = "https://%(secret)s@h", commit-id = "0a" }
""",
)
PROJECT = (
    b"""[project]
name = "app"
dynamic = ["version"]
dependencies = ["six>=1", "attrs[a]; os_name == 'posix'", "app[x]"]
[project.optional-dependencies]
x = ["klein", "app[y]"]
y = ["a @ https://u:%(secret)s@h/a.whl"]
[dependency-groups]
dev = ["pytest", {include-group = "more"}]
more = ["%(secret)s token", {include-group = "dev"}]
[build-system]
requires = ["setuptools>=77"]
""",
)
WORDS = (
    b"[[package]]", b"[[packages]]", b"[package.source]", b"{", b"}", b"[", b"]", b'"', b"'",
    b'"""', b"=", b".", b"a.b.c = 1", b"name = ", b"version = ", b"dependencies = [",
    b"marker = ", b"source = { git = ", b"{ registry = ", b"editable = ", b"hash = ",
    b"extra == 'x'", b"python_version < '3'", b"true", b"nan", b"9" * 40, b"1979-05-27",
    b"\\uD800", b"\r", b"# ", b"lock-version = ", b"include-group = ", b"[project]",
)  # fmt: skip


def _filled(texts: tuple[bytes, ...]) -> tuple[bytes, ...]:
    values = {b"secret": _SECRET, b"hash": _HASH, b"bare": _HASH.replace(b"sha256:", b"")}
    return tuple(text % values for text in texts)


def _lock_target(path: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        lock = attempt(lambda: read_lock(data, path, SCOPE), files=[path])
        for pin in () if lock is None else lock.pins:
            (again,) = parse_strict(pin.text, "strict.txt")
            same((again.key, again.hashes), (pin.key, pin.hashes), "a pin")
            expect(pin.line > 0, "a pin has no line")

    return check


def project(data: bytes) -> None:
    """Read *data* as a ``pyproject.toml``."""
    path = "pyproject.toml"
    files = {path: data}
    selected = Selected(("x",), ("dev",))
    attempt(lambda: read_loose(path, files.get, selected=selected), files=files)
    found = attempt(lambda: Project.parse(data, path).build_requirements(), files=files)
    expect(all(each.url is None for each in found or ()), "a requirement has a URL")


TARGETS = (
    text_target("uv.lock", _lock_target("uv.lock"), _filled(UV), WORDS),
    text_target("poetry.lock", _lock_target("poetry.lock"), _filled(POETRY), WORDS),
    text_target("pylock.toml", _lock_target("pylock.toml"), _filled(PYLOCK), WORDS),
    text_target("pyproject.toml", project, _filled(PROJECT), WORDS),
)
