"""The contract of every engine, whatever its version and its image store.

A subclass provides three fixtures: ``daemon``; ``base``, a reference with a digest to an image
with Python; and ``place``, an unused repository on a running registry.
"""

from __future__ import annotations

import gzip
import io
import json
import time
import uuid
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import (
    RESULT,
    Build,
    Daemon,
    EngineImage,
    Job,
    JobFile,
    RunningServices,
    Service,
    ServiceState,
)
from buildbot_ship.errors import (
    BaseNotFound,
    BuildKitMissing,
    JobFailed,
    LimitExceeded,
    RegistryUnavailable,
)
from buildbot_ship.model.dockerfile.buildkit import BUILDKIT
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.image.base import content_of
from buildbot_ship.model.image.layer import Member, write_tar
from buildbot_ship.model.image.manifest import is_index
from buildbot_ship.model.reference import Reference, Repository, digest_of
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.copy import copy
from buildbot_ship.verbs.shared.base_image import fetch_base
from tests.contract.samples import PLAIN, load_over, store_platforms


def compress_job(image: str, **more: Any) -> Job:
    """Return a job that needs nothing but Python: it compresses one file."""
    inputs = (JobFile("a.tar", PLAIN * 1000),)
    return Job("compress", image, {"files": ["a.tar"]}, inputs=inputs, **more)


def endless(job: Job) -> Job:
    """Return *job* with an endless input, so that it runs until its timeout."""
    return attrs.evolve(job, arguments={"files": ["../../dev/zero"]})


@pytest.fixture
def pulled(daemon: Daemon, base: Reference) -> EngineImage:
    """The base, pulled by its digest."""
    return daemon.pull(base)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for the output of a job."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def here_document(base: Reference, context: Path) -> Build:
    """Return a build that needs BuildKit, with its *context*."""
    text = f"FROM {base}\nRUN <<EOF\ntrue\nEOF\n"
    with context.open("wb") as file:
        member = Member("a.docker", 0o644, len(text), lambda: io.BytesIO(text.encode()))
        write_tar([member], file)
    found, name = read(text, "a.docker"), f"ship.local/build:{uuid.uuid4().hex}"
    return Build(context, "a.docker", name, found.places, found.buildkit, str(base))


class DaemonContract:
    """The tests of the contract."""

    def test_a_pulled_image_is_known_by_digest_and_by_id(
        self, daemon: Daemon, base: Reference, pulled: EngineImage
    ) -> None:
        assert daemon.image(str(base)) == pulled
        assert str(base.repository.at(str(base.digest))) in pulled.digests
        by_id = daemon.image(pulled.image_id)
        assert by_id is not None
        assert by_id.image_id == pulled.image_id

    def test_an_image_has_the_content_of_its_config_in_every_store(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path
    ) -> None:
        upstream = fetch_base(base, daemon.platform(), RegistryClient())
        assert pulled.content == content_of(upstream.diff_ids, upstream.run)
        made, name = load_over(daemon, upstream, tmp_path)
        document = json.loads(made.config)
        loaded = daemon.image(name)
        assert loaded is not None
        assert loaded.image_id in (made.image_id, made.manifest_digest)
        assert loaded.content == content_of(document["rootfs"]["diff_ids"], document["config"])
        assert loaded.content != pulled.content
        daemon.remove_image(name)

    def test_a_pulled_tag_leads_to_its_digest(self, daemon: Daemon, base: Reference) -> None:
        tag = attrs.evolve(base, digest=None, tag="3.11-slim")
        assert str(base.repository.at(str(base.digest))) in daemon.pull(tag).digests
        assert daemon.image(str(tag)) == daemon.image(str(base))

    def test_a_job_runs_in_a_base_that_is_named_by_tag_and_digest(
        self, daemon: Daemon, base: Reference, out: Path
    ) -> None:
        both = attrs.evolve(base, tag="3.11-slim")
        assert daemon.pull(both) == daemon.image(str(base))
        daemon.run(compress_job(str(both)), out=out, log=print)
        assert (out / "a.tar.gz").is_file()

    def test_an_image_that_is_not_there_is_none(
        self, daemon: Daemon, place: Repository
    ) -> None:
        assert daemon.image(f"ship.local/contract:{uuid.uuid4().hex}") is None
        assert daemon.image(str(place.at(digest_of(uuid.uuid4().bytes)))) is None

    def test_a_temporary_image_goes_with_its_name(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, place: Repository
    ) -> None:
        copy(RegistryClient(), base, place.tagged("lent"))
        lent = place.at(str(base.digest))
        assert daemon.pull(lent, temporary=True).image_id == pulled.image_id
        assert daemon.remove_image(str(lent))
        assert daemon.image(str(lent)) is None
        assert daemon.image(str(base)) is not None

    def test_a_base_that_its_registry_lacks_is_not_found(
        self, daemon: Daemon, place: Repository
    ) -> None:
        with pytest.raises(BaseNotFound):
            daemon.pull(place.tagged("gone"))

    def test_a_registry_that_does_not_listen_is_unavailable(self, daemon: Daemon) -> None:
        # No process listens on port 1.
        with pytest.raises(RegistryUnavailable):
            daemon.pull(Reference.parse("127.0.0.1:1/team/app:1"))

    def test_an_image_loaded_over_its_base_exists_until_it_is_removed(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path
    ) -> None:
        made, name = load_over(
            daemon, fetch_base(base, daemon.platform(), RegistryClient()), tmp_path
        )
        found = daemon.image(name)
        assert found is not None
        assert found.image_id in (made.image_id, made.manifest_digest)
        assert daemon.remove_image(name)
        assert daemon.image(name) is None
        assert daemon.image(found.image_id) is None
        assert daemon.image(str(base)) == pulled
        assert not daemon.remove_image(name)

    def test_one_image_under_two_names_goes_with_the_second(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path
    ) -> None:
        over = fetch_base(base, daemon.platform(), RegistryClient())
        (_, first), (_, second) = (load_over(daemon, over, tmp_path) for _ in range(2))
        assert daemon.image(first) == daemon.image(second)
        assert daemon.remove_image(first)
        assert daemon.image(second) is not None
        assert daemon.remove_image(second)

    def test_a_loaded_image_runs(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path, out: Path
    ) -> None:
        over = fetch_base(base, daemon.platform(), RegistryClient())
        _, name = load_over(daemon, over, tmp_path)
        try:
            result = daemon.run(compress_job(name), out=out, log=print)
        finally:
            daemon.remove_image(name)
        assert gzip.decompress((out / "a.tar.gz").read_bytes()) == PLAIN * 1000
        assert result["files"]["a.tar"]["digest"] == digest_of((out / "a.tar.gz").read_bytes())

    def test_a_job_in_an_image_without_its_python_says_so(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, out: Path
    ) -> None:
        with pytest.raises(JobFailed, match="has no /nowhere/python"):
            daemon.run(compress_job(str(base), python="/nowhere/python"), out=out, log=print)

    def test_a_job_that_cannot_be_done_says_why(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, out: Path
    ) -> None:
        job = attrs.evolve(compress_job(str(base)), arguments={"files": ["nowhere.tar"]})
        with pytest.raises(JobFailed, match=r"nowhere\.tar") as caught:
            daemon.run(job, out=out, log=print)
        assert caught.value.remedy == "free disk space on the worker and on the engine's host"

    def test_a_script_that_breaks_is_named_with_its_status(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, out: Path
    ) -> None:
        job = attrs.evolve(compress_job(str(base)), arguments={})
        with pytest.raises(JobFailed, match=r"inside/compress\.py exited with status 1"):
            daemon.run(job, out=out, log=print)

    def test_a_container_that_is_not_there_is_not_removed(self, daemon: Daemon) -> None:
        assert not daemon.owned.remove_container(f"ship-contract-{uuid.uuid4().hex}")

    def test_a_job_past_its_timeout_says_so(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, out: Path
    ) -> None:
        job = compress_job(str(base), limits=Limits(seconds=2))
        with pytest.raises(LimitExceeded, match="2 seconds"):
            daemon.run(endless(job), out=out, log=print)

    def test_a_job_in_a_standby_container_has_the_same_result(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path
    ) -> None:
        first, *others = (tmp_path / name for name in ("first", "second", "third"))
        for folder in (first, *others):
            folder.mkdir()
        job = compress_job(str(base))
        alone = daemon.run(job, out=first, log=print, prepare_next=True)
        follows = attrs.evolve(job, inputs=(JobFile("a.tar", b"other bytes"),))
        other = daemon.run(follows, out=others[0], log=print)
        again = daemon.run(job, out=others[1], log=print)
        daemon.close()
        assert gzip.decompress((others[0] / "a.tar.gz").read_bytes()) == b"other bytes"
        assert other != alone
        assert again == alone

    def test_a_standby_container_can_be_prepared_before_the_first_job(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, out: Path
    ) -> None:
        job = compress_job(str(base))
        daemon.prepare_container(lambda: attrs.evolve(job, inputs=()))
        daemon.run(job, out=out, log=print)
        daemon.close()
        assert gzip.decompress((out / "a.tar.gz").read_bytes()) == PLAIN * 1000

    def test_a_standby_container_that_no_job_takes_is_removed(
        self, daemon: Daemon, base: Reference, pulled: EngineImage
    ) -> None:
        daemon.prepare_container(lambda: compress_job(str(base)))
        daemon.close()

    @pytest.mark.parametrize("image", [None, "ship.local/gone:1"])
    def test_a_job_without_its_standby_container_starts_another(
        self,
        daemon: Daemon,
        base: Reference,
        pulled: EngineImage,
        out: Path,
        image: str | None,
    ) -> None:
        daemon.prepare_container(lambda: None if image is None else compress_job(image))
        daemon.run(compress_job(str(base)), out=out, log=print)
        daemon.close()
        assert (out / "a.tar.gz").is_file()

    def test_a_standby_container_is_not_taken_by_a_job_with_other_limits(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path, out: Path
    ) -> None:
        first = tmp_path / "first"
        first.mkdir()
        daemon.run(compress_job(str(base)), out=first, log=print, prepare_next=True)
        job = compress_job(str(base), limits=Limits(seconds=2))
        with pytest.raises(LimitExceeded, match="2 seconds"):
            daemon.run(endless(job), out=out, log=print)
        daemon.close()

    def test_a_job_past_its_timeout_in_a_standby_container_says_so(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path, out: Path
    ) -> None:
        first = tmp_path / "first"
        first.mkdir()
        job = compress_job(str(base), limits=Limits(seconds=2))
        daemon.run(job, out=first, log=print, prepare_next=True)
        with pytest.raises(LimitExceeded, match="2 seconds"):
            daemon.run(endless(job), out=out, log=print)
        daemon.close()

    def test_a_kept_container_is_an_image_with_its_result(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path, out: Path
    ) -> None:
        name = f"ship.local/tools:{uuid.uuid4().hex}"
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        result = daemon.keep(compress_job(str(base)), name, scratch=scratch, log=print)
        try:
            kept = daemon.image(name)
            assert kept is not None
            assert json.loads(kept.labels[RESULT]) == result
            assert kept.image_id != pulled.image_id
            assert daemon.run(compress_job(name), out=out, log=print) == result
        finally:
            assert daemon.remove_image(name)
        assert daemon.image(name) is None

    def test_a_build_that_needs_buildkit_is_built_by_it_or_refused_with_its_line(
        self, daemon: Daemon, base: Reference, pulled: EngineImage, tmp_path: Path
    ) -> None:
        build = here_document(base, tmp_path / "context.tar")
        saved = tmp_path / "saved.tar"
        try:
            said = daemon.build(build, out=saved, log=print)
        except BuildKitMissing as error:
            said = str(error)
        needed = said.startswith("a.docker:2: the here-document of RUN needs BuildKit")
        assert needed or said == BUILDKIT
        assert needed != saved.exists()
        assert daemon.image(build.name) is None

    def test_a_pushed_image_is_pulled_by_the_reported_digest(
        self, daemon: Daemon, pulled: EngineImage, place: Repository
    ) -> None:
        reference = place.tagged("copied")
        daemon.tag(pulled.image_id, reference)
        digest = daemon.push(reference)
        assert RegistryClient().head(reference) == digest
        assert daemon.remove_image(str(reference))
        again = daemon.pull(place.at(digest))
        assert str(place.at(digest)) in again.digests
        daemon.remove_image(str(place.at(digest)))

    def test_the_engines_own_part_of_many_platforms_is_pushed(
        self, daemon: Daemon, base: Reference, place: Repository
    ) -> None:
        source, target = place.tagged("many"), Repository(place.registry, f"{place.path}-copy")
        store_platforms(base, source, daemon.platform())
        pulled, reference = daemon.pull(source), target.tagged("one")
        daemon.tag(pulled.image_id, reference)
        digest = daemon.push(reference)
        there = RegistryClient().manifest(reference)
        assert there is not None
        assert there.digest == digest
        assert not is_index(there.media_type)
        before = fetch_base(base, daemon.platform(), RegistryClient())
        assert (
            fetch_base(reference, daemon.platform(), RegistryClient()).config == before.config
        )
        for name in (reference, source):
            assert daemon.remove_image(str(name))

    def test_services_run_beside_each_other_until_the_end(
        self, daemon: Daemon, pulled: EngineImage
    ) -> None:
        code = "import time; print('up', flush=True); time.sleep(60)"
        lasting = Service("one", "lasting", pulled.image_id, ("python3", "-c", code))
        short = "import os; print(os.environ['WORD']); raise SystemExit(3)"
        ending = Service(
            "two", "ending", pulled.image_id, ("python3", "-c", short), {"WORD": "bye"}
        )
        with daemon.serve([lasting, ending]) as running:
            wait_until_ended(running, ending)
            assert running.state(ending) == ServiceState(running=False, exit_status=3)
            assert running.log(ending) == "bye\n"
            assert running.state(lasting) == ServiceState(running=True)
            greet = ("python3", "-c", "print('hello'); raise SystemExit(4)")
            assert running.execute(lasting, greet) == (4, "hello\n")

    def test_a_job_runs_beside_services(
        self, daemon: Daemon, pulled: EngineImage, out: Path
    ) -> None:
        code = "import time; time.sleep(60)"
        service = Service("one", "lasting", pulled.image_id, ("python3", "-c", code))
        with daemon.serve([service]) as running:
            result = running.run("one", compress_job(pulled.image_id), out=out, log=print)
        assert list(result["files"]) == ["a.tar"]

    def test_the_container_of_a_job_starts_with_the_services(
        self, daemon: Daemon, pulled: EngineImage, tmp_path: Path
    ) -> None:
        code = "import time; time.sleep(60)"
        service = Service("one", "lasting", pulled.image_id, ("python3", "-c", code))
        job, other = compress_job(pulled.image_id), compress_job(pulled.image_id)
        with daemon.serve([service], {"one": job}) as running:
            for number, each in enumerate((other, job, job)):
                out = tmp_path / str(number)
                out.mkdir()
                result = running.run("one", each, out=out, log=print)
                assert list(result["files"]) == ["a.tar"]
        # Also a container that no job used is removed: the fixture checks it.
        with daemon.serve([service], {"one": job}):
            pass


def wait_until_ended(running: RunningServices, service: Service) -> None:
    """Wait until a service has ended, at most half a minute."""
    deadline = time.monotonic() + 30
    while running.state(service).running and time.monotonic() < deadline:
        time.sleep(0.05)
