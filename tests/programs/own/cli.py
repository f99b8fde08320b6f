"""Cases that work in every virtual environment; each prints one line of what it found."""

import http.client
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from own.work import square, where

PREFIX = "/opt/ship"


def run(*command: str, **options: Any) -> str:
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, **options
    ).stdout.strip()


def child(code: str, *options: str, **more: Any) -> str:
    return run(sys.executable, *options, "-c", code, **more)


def ask() -> dict[str, Any]:
    for _ in range(600):
        time.sleep(0.1)
        try:
            with urllib.request.urlopen("http://127.0.0.1:8000/") as said:
                return json.load(said)
        # A server that reloads may end in the middle of its answer.
        except (OSError, ValueError, http.client.HTTPException):
            continue
    raise SystemExit("no answer")


def answer(*command: str, reloads: bool = False, **environment: str) -> dict[str, Any]:
    """Start a server on port 8000; return its answer, and who it was that answered.

    One that *reloads* starts anew when a module changes, which lies in a writable folder.
    """
    changing = Path("/tmp/changing.py")
    changing.write_text("")
    environment = {**os.environ, "PYTHONPATH": "/tmp", **environment}
    with subprocess.Popen(command, env=environment) as server:
        try:
            first = last = ask()
            for _ in range(300 if reloads else 0):
                changing.write_text("changed = True\n")
                last = ask()
                if last["pid"] != first["pid"]:
                    break
            reloaded = last["pid"] != first["pid"]
            return {**last, "pid": last["pid"] != server.pid, "reloaded": reloaded}
        finally:
            server.terminate()


# --- child interpreters


def joblib() -> Any:
    from joblib import Parallel, delayed

    return Parallel(n_jobs=2)(delayed(square)(n) for n in range(4))


def import_own() -> Any:
    return child("import own.plugin; print(own.plugin.plugin())")


def run_module() -> Any:
    return run(sys.executable, "-m", "own.cli", "arguments", "a b")


def arguments() -> Any:
    return [*sys.argv[1:], __name__]


def isolated() -> Any:
    return child("import own, sys; print(sys.prefix)", "-I")


def empty_environment() -> Any:
    return child("import own, sys; print(sys.prefix)", env={})


def other_folder() -> Any:
    return child("import own; print('found')", cwd="/tmp")


def flags() -> Any:
    options = subprocess._args_from_interpreter_flags()
    return [options, child("import own; print('found')", *options)]


# --- multiprocessing


def spawn() -> Any:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return [pool.map(square, range(4)), list(pool.map(where, [0])[0])]


def forkserver() -> Any:
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        return pool.map(square, range(4))


def executor() -> Any:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(square, range(4)))


# --- what is on PATH


def which() -> Any:
    names = ("own", "own-helper", "python", "python3", "gunicorn", "pytest")
    return [shutil.which(name) for name in names]


def helper() -> Any:
    return run("own-helper", "x")


def other_script() -> Any:
    return run("own-again", "x")


def environment() -> Any:
    return [os.environ["PATH"].split(":")[0], os.environ["VIRTUAL_ENV"]]


# --- what tools read


def prefixes() -> Any:
    import site
    import sysconfig

    return [
        sys.prefix, sys.exec_prefix, sys.base_prefix != sys.prefix, sys.executable,
        site.getsitepackages()[0], site.ENABLE_USER_SITE, sysconfig.get_path("scripts"),
        sysconfig.get_path("purelib"), sys.flags.no_site,
    ]


def module_site() -> Any:
    return "ENABLE_USER_SITE: False" in run(sys.executable, "-m", "site")


def plugins() -> Any:
    code = (
        "from importlib.metadata import entry_points; from importlib.resources import files; "
        "print([p.load()() for p in entry_points(group='own.plugins')], "
        "(files('own') / 'words.txt').read_text().strip())"
    )
    return child(code)


def venv() -> Any:
    run(sys.executable, "-m", "venv", "--without-pip", "/tmp/other")
    code = "import sys; print(sys.prefix, sys.base_prefix)"
    return run("/tmp/other/bin/python", "-c", code).split()


# --- servers, queues, test runners


def django() -> Any:
    settings = {"DJANGO_SETTINGS_MODULE": "own.site.settings"}
    command = (sys.executable, "-m", "django", "runserver", "8000")
    return answer(*command, reloads=True, **settings)


def django_script() -> Any:
    settings = {"DJANGO_SETTINGS_MODULE": "own.site.settings"}
    return answer("django-admin", "runserver", "8000", reloads=True, **settings)


def gunicorn() -> Any:
    options = ("--workers", "2", "--bind", "127.0.0.1:8000", "--worker-tmp-dir", "/dev/shm")
    return answer("gunicorn", *options, "--reload", "own.web:wsgi", reloads=True)


def uvicorn() -> Any:
    return answer(sys.executable, "-m", "uvicorn", "--workers", "2", "own.web:asgi")


def uvicorn_reload() -> Any:
    command = ("uvicorn", "--reload", "--reload-dir", "/tmp", "own.web:asgi")
    return answer(*command, reloads=True)


def celery() -> Any:
    from own import tasks

    for folder in (tasks.FOLDER, f"{tasks.FOLDER}-control"):
        os.mkdir(folder)
    found = tasks.square.delay(7)
    command = [sys.executable, "-m", "celery", "-A", "own.tasks", "worker", "-c", "1"]
    with subprocess.Popen([*command, "--loglevel", "ERROR"], stdout=subprocess.DEVNULL) as worker:
        try:
            return found.get(timeout=60)
        finally:
            worker.terminate()


def dask() -> Any:
    from distributed import Client

    with Client(n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        return list(client.submit(where, 1).result())


def pytest() -> Any:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    return run(*command, "--pyargs", "own.tests").splitlines()[-1].partition(" in ")[0]


def pytest_script() -> Any:
    options = ("-q", "-p", "no:cacheprovider", "--pyargs", "own.tests")
    return run("pytest", *options).splitlines()[-1].partition(" in ")[0]


def wait() -> None:
    print("waiting", flush=True)
    time.sleep(600)


def main() -> None:
    cases: dict[str, Callable[[], Any]] = globals()
    print(json.dumps(cases[sys.argv[1]]()))


if __name__ == "__main__":
    main()
