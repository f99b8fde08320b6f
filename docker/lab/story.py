"""The work of a developer: seal the token, pin the bases, harden, commit, await the images."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from lab.buildmaster import CHECKOUT, Master
from lab.errors import LabError
from lab.git_server import BRANCH, Developer
from lab.pins import own_copies, pin
from lab.progress import Say
from lab.rest import Json, result_name
from lab.sealing import BUILDERS, RECIPIENTS, TOKEN, Keys, seal_token
from lab.settings import HARDEN, RETAG, SHIP, SMOKE_SECRET

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
    """An image in the registry after a build."""

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
    """One repository and one master, with a function that prints progress."""

    master: Master
    developer: Developer
    say: Say

    @property
    def keys(self) -> Keys:
        """Return the private keys, which lie beside the checkout."""
        return Keys(self.developer.tree.with_suffix(".keys"), self.developer.tree)

    def found(self) -> None:
        """Create the repository from the files of the example, with the token of the service.

        The master gets the private key of the builders as a Buildbot secret.
        """
        files = {
            str(path.relative_to(EXAMPLE)): path.read_bytes()
            for path in sorted(EXAMPLE.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        self.developer.write(files)
        commit = self.developer.commit("Two applications, one repository")
        self.say(f"developer: created the repository with commit {commit[:12]}")
        self._add_token()
        self.developer.push()

    def _add_token(self) -> None:
        self.keys.make()
        names = " and ".join(RECIPIENTS)
        self.say(f"developer: made the keys of {names}; the private keys stay out of git")
        key = self.keys.file(BUILDERS).read_text(encoding="utf-8")
        self.master.secrets[SMOKE_SECRET] = key
        seal_token(self.developer.tree)
        commit = self.developer.commit("Seal the token of the service")
        self.say(f"developer: sealed {TOKEN} without a private key, in commit {commit[:12]}")

    def retag(self) -> dict[str, str]:
        """Force the builder that copies the bases; return the own copies by name."""
        build = self._forced(RETAG)
        properties = self.master.rest.properties(build)
        copies = own_copies(properties, self.master.settings.registry)
        if not copies:
            raise LabError(f"the build has no property with a new base: {properties}")
        for reference in copies.values():
            self.say(f"retag: copied {reference}")
        return copies

    def pin(self, copies: dict[str, str]) -> None:
        """Write the new bases into the FROM lines, on a branch."""
        for path in sorted(self.developer.tree.glob("*.docker")):
            path.write_text(pin(path.read_text(encoding="utf-8"), copies), encoding="utf-8")
        commit = self.developer.commit("Pin the bases")
        self.developer.push(PINNING)
        self.say(f"developer: updated the FROM lines in commit {commit[:12]}")

    def harden(self) -> None:
        """Force the hardening of that branch, and write the two resulting files."""
        build = self._forced(HARDEN, branch=PINNING)
        files = hardened_files(self.master, build)
        self.developer.write(files)
        lines = sum(text.count("--hash=") for text in files.values())
        self.say(f"harden: wrote {' and '.join(files)} with {lines} hashes")

    def publish(self) -> str:
        """Push the bases and the hardened requirements to the main branch as one commit."""
        commit = self.developer.squash("Pin the bases and harden the requirements")
        self.developer.push(BRANCH)
        self.say(f"developer: pushed commit {commit[:12]} to {BRANCH}")
        return commit

    def ship(self, commit: str) -> list[Shipped]:
        """Wait until the master has built a commit; return the published images."""
        build = self.master.rest.build_of_commit(SHIP, commit, branch=BRANCH)
        self.say(f"{SHIP}: started build {build} of commit {commit[:12]}")
        ended = self._awaited(SHIP, build)
        return [self._shipped(name, commit, ended) for name in IMAGES]

    def _forced(self, builder: str, branch: str = BRANCH) -> int:
        build = self.master.rest.force(builder, branch=branch)
        self.say(f"{builder}: forced build {build}")
        self._awaited(builder, build)
        return build

    def _awaited(self, builder: str, build: int) -> Json:
        rest = self.master.rest
        ended = rest.wait(build, BUILD_SECONDS, lambda line: self.say(f"{builder}:   {line}"))
        if ended["results"] != 0:
            logs = "\n".join(rest.failing_logs(build))
            word = result_name(ended["results"])
            said = ended["state_string"]
            raise LabError(f"build {build} of {builder} ended as {word}: {said}\n{logs}")
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
    """Return the full text of the files that a build of `harden` wrote, by name."""
    return {name: master.rest.data(build, name) for name in HARDENED}


def look_up(repository: str, tag: str) -> tuple[str, Json]:
    """Return the digest and the manifest of a tag in a registry on loopback."""
    address, _, path = repository.partition("/")
    url = f"http://{address}/v2/{path}/manifests/{tag}"
    reply = requests.get(url, headers={"Accept": ", ".join(MANIFESTS)}, timeout=30)
    if not reply.ok:
        raise LabError(f"{repository}:{tag} is not in the registry: {reply.status_code}")
    return reply.headers["Docker-Content-Digest"], reply.json()
