"""`docker/demo`: ship two applications and run them, until the page shows `Result:12`.

`bootstrap` starts it in the virtual environment that it created.
"""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lab.application import SERVICE, Application
from lab.bases import publish_bases
from lab.buildmaster import Master
from lab.debian import SHOWN
from lab.errors import LabError
from lab.git_server import GitServer
from lab.options import DemoOptions, parse_demo
from lab.packages import hub_answers
from lab.ports import free_port
from lab.progress import Say, progress, table
from lab.registries import serve
from lab.runs import Run, all_runs, running
from lab.sealing import PRODUCTION
from lab.settings import (
    CA_BUNDLE_IN_WORKER,
    HUB_PREFIX,
    WEB_USER,
    Settings,
    host_ca_bundle,
    host_index_url,
)
from lab.story import Shipped, Story
from lab.worker import ContainerWorker
from lab.worker_image import build_worker_image

KIND = "demo"
REPOSITORY = "calculator"
TEAM = "team"
WEB_PORT, WORKER_PORT = 8010, 9989


def main(argv: Sequence[str]) -> int:
    """Run the demo, or stop demos that are kept running; return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options, say = parse_demo(argv), progress()
    try:
        if options.stop:
            return stop_kept(say)
        play(options, say)
    except LabError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def play(options: DemoOptions, say: Say) -> None:
    """Run the demo from the engine to the page, then stop everything unless `--keep` is set."""
    with running(KIND, say) as run:
        master, story = prepare(run)
        try:
            page = perform(run, master, story)
            if options.keep:
                run.keep()
                say(f"everything keeps running; web UI: {master.settings.url}, page: {page}")
                say(f"log in as {WEB_USER} with the password in {master.web_password_file}")
                say("to stop it, run: docker/demo --stop")
        finally:
            if not run.kept:
                say("stopping and removing everything that the demo started")
                master.stop()


def prepare(run: Run) -> tuple[Master, Story]:
    """Start engine, registries and git server; return their master and the story."""
    run.start_engine()
    own = serve(run, "own", preferred=5000)
    upstream = _upstream(run)
    git = GitServer.start(run, preferred=9418)
    settings = Settings.on_free_ports(
        web_port=free_port(WEB_PORT),
        worker_port=free_port(WORKER_PORT),
        git_url=git.url(REPOSITORY),
        registry=f"{own.address}/{TEAM}",
        upstream=upstream,
        worker_password=secrets.token_hex(16),
        ca_bundle=CA_BUNDLE_IN_WORKER if host_ca_bundle() else None,
        index_url=host_index_url(),
    )
    master = Master(run, settings)
    return master, Story(master, git.repository(REPOSITORY), run.say)


def perform(run: Run, master: Master, story: Story) -> str:
    """Start master and worker, ship, and run the images; return the URL of the page."""
    with ThreadPoolExecutor() as pool:
        base = f"{master.settings.upstream}/python:{SHOWN}"
        image = pool.submit(build_worker_image, base, master.settings.index_url)
        # Push before the master starts: the first poll of a branch builds nothing.
        story.found()
        master.create()
        master.start()
        run.say("worker: waiting until its image is built")
        worker = ContainerWorker(run, master.settings, image.result())
    worker.create()
    worker.start()
    shipped = tell(story)
    application = Application(run)
    references = {image.name: image.reference for image in shipped}
    application.start(references, story.keys.file(PRODUCTION))
    run.say(f"started both images; -v mounts the key of {PRODUCTION}")
    run.say(f"the page {application.page_url} says {application.ask()}")
    application.check_guard()
    run.say(f"{SERVICE} answers 401 to a request without the token")
    report(shipped, master.settings.url)
    return application.page_url


def tell(story: Story) -> list[Shipped]:
    """Do the work of the developer; return the shipped images."""
    story.pin(story.retag())
    story.harden()
    return story.ship(story.publish())


def report(shipped: Sequence[Shipped], url: str) -> None:
    """Print a table of the shipped images."""
    head = ("image", "tag", "digest", "size", "seconds")
    rows = [
        (each.name, each.tag, each.digest, f"{each.size / 1e6:.1f} MB", f"{each.seconds:.0f}")
        for each in shipped
    ]
    print(f"\n{table(head, rows)}\n\nweb UI: {url}\n", flush=True)


def stop_kept(say: Say) -> int:
    """Stop all demos that are kept running."""
    kept = [run for run in all_runs(say) if run.kept]
    if not kept:
        say("no demo is running")
    for run in kept:
        say(f"stopping and removing {run.name}")
        run.end()
    return 0


def _upstream(run: Run) -> str:
    if hub_answers():
        run.say(f"bases: Docker Hub is reachable, using {HUB_PREFIX}")
        return HUB_PREFIX
    registry = serve(run, "upstream", preferred=5001)
    bases = publish_bases(run.cache, registry.address, minor=SHOWN)
    run.say(f"bases: using {bases.full.reference} and {bases.slim.reference}")
    return bases.prefix


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
