"""The developer's day: own the bases, pin them, harden, commit, and see it shipped."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from lab.buildmaster import CHECKOUT, Master
from lab.errors import LabError
from lab.git_server import BRANCH, Developer
from lab.pins import own_copies, pin
from lab.progress import Say
from lab.rest import Json, result_name
from lab.settings import HARDEN, RETAG, SHIP

EXAMPLE = CHECKOUT / "docker" / "example"
HARDENED = ("requirements.strict.txt", "requirements.build.txt")
PINNING = "new-bases"
IMAGES = ("remotemath", "fancycalculator")
BUILD_SECONDS = 600.0
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@dataclass(frozen=True)
class Shipped:
    """An image as the registry holds it after a build."""

    name: str
    repository: str
    tag: str
    digest: str
    size: int
    seconds: float

    @property
    def reference(self) -> str:
        """Return its reference by digest."""
        return f"{self.repository}@{self.digest}"


@dataclass(frozen=True)
class Story:
    """One repository, one master, and what is said about them."""

    master: Master
    developer: Developer
    say: Say

    def found(self) -> None:
        """Create the repository from the example's files."""
        files = {
            str(path.relative_to(EXAMPLE)): path.read_bytes()
            for path in sorted(EXAMPLE.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        self.developer.write(files)
        commit = self.developer.commit("Two applications, one repository")
        self.developer.push()
        self.say(f"developer: created the repository, commit {commit[:12]}")

    def retag(self) -> dict[str, str]:
        """Force the re-tagging; return the own copies of the bases by name."""
        build = self._forced(RETAG)
        properties = self.master.rest.properties(build)
        copies = own_copies(properties, self.master.settings.registry)
        if not copies:
            raise LabError(f"the re-tagging names no new tag in its properties: {properties}")
        for reference in copies.values():
            self.say(f"retag: {reference}")
        return copies

    def pin(self, copies: dict[str, str]) -> None:
        """Write the new bases into the FROM lines, on a branch."""
        for path in sorted(self.developer.tree.glob("*.docker")):
            path.write_text(pin(path.read_text(encoding="utf-8"), copies), encoding="utf-8")
        commit = self.developer.commit("Pin the bases")
        self.developer.push(PINNING)
        self.say(f"developer: pinned the bases in the FROM lines, commit {commit[:12]}")

    def harden(self) -> None:
        """Force the hardening of that branch; take over the two files that it wrote."""
        build = self._forced(HARDEN, branch=PINNING)
        files = hardened_files(self.master, build)
        self.developer.write(files)
        lines = sum(text.count("--hash=") for text in files.values())
        self.say(f"harden: {' and '.join(files)}, {lines} hashes")

    def publish(self) -> str:
        """Put bases and hardened requirements on the main branch, as one commit."""
        commit = self.developer.squash("Pin the bases and harden the requirements")
        self.developer.push(BRANCH)
        self.say(f"developer: pushed commit {commit[:12]} to {BRANCH}")
        return commit

    def ship(self, commit: str) -> list[Shipped]:
        """Wait for the master's own build of a commit; return what it published."""
        build = self.master.rest.build_of_commit(SHIP, commit, branch=BRANCH)
        self.say(f"{SHIP}: build {build} of {commit[:12]} begins")
        ended = self._awaited(SHIP, build)
        return [self._shipped(name, commit, ended) for name in IMAGES]

    def _forced(self, builder: str, branch: str = BRANCH) -> int:
        build = self.master.rest.force(builder, branch=branch)
        self.say(f"{builder}: forced, build {build}")
        self._awaited(builder, build)
        return build

    def _awaited(self, builder: str, build: int) -> Json:
        rest = self.master.rest
        ended = rest.wait(build, BUILD_SECONDS, lambda line: self.say(f"{builder}:   {line}"))
        if ended["results"] != 0:
            logs = "\n".join(rest.failing_logs(build))
            word = result_name(ended["results"])
            said = ended["state_string"]
            raise LabError(f"build {build} of {builder} is {word}: {said}\n{logs}")
        return ended

    def _shipped(self, name: str, commit: str, build: Json) -> Shipped:
        repository = f"{self.master.settings.registry}/{name}"
        digest, manifest = look_up(repository, commit)
        parts = [manifest["config"], *manifest["layers"]]
        pushed = [
            step["complete_at"]
            for step in self.master.rest.steps(build["buildid"])
            if step["name"].replace(" ", "-") == f"push-{name}"
        ]
        seconds = max(pushed, default=build["complete_at"]) - build["started_at"]
        size = sum(part["size"] for part in parts)
        return Shipped(name, repository, commit, digest, size, seconds)


def hardened_files(master: Master, build: int) -> dict[str, str]:
    """Return the full text of the files that a hardening wrote, by name."""
    return {name: master.rest.data(build, name) for name in HARDENED}


def look_up(repository: str, tag: str) -> tuple[str, Json]:
    """Return the digest and the manifest that a registry on loopback has under a tag."""
    address, _, path = repository.partition("/")
    url = f"http://{address}/v2/{path}/manifests/{tag}"
    reply = requests.get(url, headers={"Accept": ", ".join(MANIFESTS)}, timeout=30)
    if not reply.ok:
        raise LabError(f"{repository}:{tag} is not in the registry: {reply.status_code}")
    return reply.headers["Docker-Content-Digest"], reply.json()
