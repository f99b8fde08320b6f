"""Say what to do after ``buildbot-ship init``: commands in their order."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from .files import without_login
from .fragment import FRAGMENT
from .plan import Plan
from .service import Service

WIDTH = 92
STRICT, BUILD_LOCK = "requirements.strict.txt", "requirements.build.txt"


def commands(
    plan: Plan, written: Iterable[str], source: str, *, is_repository: bool
) -> Iterator[str]:
    """Yield shell commands, and comments that begin with ``#``.

    They go from the files *written* to images in the registry.  *source* is the URL of the
    repository.  Without *is_repository*, the folder is no git repository yet.
    """
    pins = plan.pins
    if not is_repository:
        yield "git init --initial-branch=main"
        yield "git add --all"
    if lacking := dict.fromkeys(each.lacks for each in plan.services if each.lacks):
        if pins.is_lock:
            yield f"# {pins.strict} has no server for production:"
            yield from (pins.add_command(each) for each in lacking)
        elif not pins.text:
            yield f"# {pins.loose} has no server for production: add {' and '.join(lacking)}"
    if plan.copies:
        yield "# Copy the public bases into your registry, and write their new tag into FROM:"
        pairs = (f"{source}={own}" for source, own in plan.copies.items())
        yield wrapped(["buildbot-ship", "retag", *pairs])
        yield "buildbot-ship pin"
    yield "# Pin what the images and their builds need, and review the files:"
    keep = ["--upgrade", "nothing"] if pins.is_lock else []
    yield wrapped(["buildbot-ship", "harden", *_words(pins.loose_options), *keep])
    pinned = [*([pins.strict] if pins.is_lock else [STRICT]), BUILD_LOCK]
    sources = ["pyproject.toml"] if lacking and pins.is_lock else []
    yield wrapped(["git", "add", *dict.fromkeys([*written, *pinned, *sources])])
    yield "git commit --message 'Ship with buildbot-ship'"
    yield wrapped(["buildbot-ship", "check", *_words(pins.loose_options)])
    yield "# Build each image, run it, and publish it:"
    for service in plan.services:
        yield from _ship(plan, service, source)
    yield "buildbot-ship gc"


def trial(plan: Plan) -> Iterator[str]:
    """Yield commands that run the published images."""
    for service in plan.services:
        port = ["--publish", f"{service.port}:{service.port}"] if service.port else []
        words = ["docker", "run", "--detach", "--read-only", "--name", service.name, *port]
        image = f"{plan.wishes.registry}/{service.name}"
        yield f'{shlex.join(words)} \\\n    "{image}:$(git rev-parse HEAD)"'


def on_a_master() -> Iterator[str]:
    """Yield commands for a master in the folder MASTER, whose interpreter is PYTHON."""
    yield "# In a clone of buildbot-ship; each worker needs '.[worker]' in the same way:"
    yield "PYTHON -m pip install '.[master]'"
    yield "# Add what this says, then what ships this repository, and check again:"
    yield "buildbot-ship adopt MASTER"
    yield f"cat {FRAGMENT} >> MASTER/master.cfg"
    yield "buildbot-ship adopt MASTER"
    yield "# A running master sees a new plugin only after a restart; later, reconfig will do:"
    yield "buildbot restart MASTER"


def _ship(plan: Plan, service: Service, source: str) -> Iterator[str]:
    option, value = service.entry
    pex = f"{service.pex}={','.join(service.requirements)}"
    made = ["--pex", pex, f"--{option}", value, "--image", service.name]
    # A master labels its images with the URL.  Without it, they would differ from these.
    made += ["--source", without_login(source)]
    yield wrapped(["buildbot-ship", "build", *_words(plan.pins.options), *made])
    check = service.check
    what = (
        ["--url", check["url"]]
        if "url" in check
        else ["--command", shlex.join(check["command"])]
    )
    yield wrapped(["buildbot-ship", "smoke", "--container", service.name, *what])
    target = f"{plan.wishes.registry}/{service.name}"
    yield wrapped(["buildbot-ship", "push", "--tested", service.name, target])


def _words(options: Iterable[tuple[str, str]]) -> list[str]:
    return [word for name, value in options for word in (f"--{name}", value)]


def wrapped(words: Iterable[str]) -> str:
    """Return a shell command, on several lines if it is long; an option stays at its value."""
    parts: list[str] = []
    for word in words:
        quoted = shlex.quote(word)
        if parts and parts[-1].startswith("--") and " " not in parts[-1] and word[:2] != "--":
            parts[-1] += f" {quoted}"
        else:
            parts.append(quoted)
    lines, line = [], ""
    for part in parts:
        if line and len(line) + len(part) > WIDTH:
            lines.append(line)
            line = f"    {part}"
        else:
            line = f"{line} {part}" if line else part
    return " \\\n".join([*lines, line])
