"""The launcher as a process of its own, with trees in a folder of the test's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest

from buildbot_ship import inside
from buildbot_ship.errors import InvalidRequest
from buildbot_ship.model.application.launcher import (
    Entry,
    find_entry,
    start_in_environment,
    write_launcher,
)
from buildbot_ship.model.application.layer_plan import PREFIX
from buildbot_ship.model.artefact import Wheel
from buildbot_ship.model.request import PexRequest
from buildbot_ship.model.runtime.virtual_environment import environment_members

SOURCE = inside.launcher().decode()
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
APP = """\
import sys
def main():
    print(sys.argv[1:], sys.prefix, __name__, flush=True)
    return 3
if __name__ == "__main__":
    main()
"""
AS_PROCESS_1 = "os.getpid() == 1", f"os.getppid() == {os.getpid()}"


@attrs.define
class Tree:
    """What is at the prefix, and launchers that run it."""

    prefix: Path

    def __attrs_post_init__(self) -> None:
        self.site.mkdir(parents=True)
        for member in environment_members(os.path.realpath(sys.executable), MINOR):
            path = self.prefix / os.path.relpath(f"/{member.path}", PREFIX)
            if member.target:
                path.symlink_to(member.target)
            elif member.opener is not None:
                path.write_bytes(member.opener().read())
            else:
                path.mkdir(exist_ok=True)

    @property
    def python(self) -> str:
        return f"{self.prefix}/bin/python"

    @property
    def site(self) -> Path:
        return self.prefix / "lib" / f"python{MINOR}" / "site-packages"

    def write(self, path: str, text: str) -> Path:
        file = self.prefix / path if path.startswith("bin/") else self.site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def launcher(self, kind: str, target: str = "", *, init: bool = False) -> list[str]:
        text = write_launcher(SOURCE, MINOR, Entry(kind, target)).decode()
        if init:
            assert AS_PROCESS_1[0] in text
            text = text.replace(*AS_PROCESS_1)
        path = self.prefix / f"{kind}.pex"
        path.write_text(text.replace(f"'{PREFIX}'", repr(str(self.prefix)), 1))
        return [self.python, str(path)]

    def run(
        self, command: list[str], *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )

    def said(self, command: list[str], *arguments: str, **environment: str) -> str:
        done = self.run(command, *arguments, **environment)
        return done.stdout.strip() or done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "ship")
    tree.write("app/__init__.py", APP)
    tree.write(
        "app/__main__.py", "from . import main\nprint(__name__)\nraise SystemExit(main())\n"
    )
    return tree


def test_a_function_gets_the_arguments_and_gives_the_status(tree: Tree) -> None:
    done = tree.run(tree.launcher("function", "app:main"), "a b", "-c")
    assert done.stdout == f"['a b', '-c'] {tree.prefix} app\n"
    assert done.returncode == 3


def test_a_module_runs_as_the_main_one(tree: Tree) -> None:
    done = tree.run(tree.launcher("module", "app"), "x")
    assert done.stdout == f"__main__\n['x'] {tree.prefix} app\n"
    assert done.returncode == 3


GARBAGE = """\
import gc
print(gc.get_threshold())
{}
print(gc.get_threshold(), gc.callbacks)
"""


@pytest.mark.parametrize(
    "first",
    ["gc.collect()", "made = [[] for _ in range(300_000)]"],
    ids=["asked for", "by itself"],
)
def test_the_first_collection_of_garbage_is_late_and_the_others_as_ever(
    tree: Tree, first: str
) -> None:
    usual = tree.said([sys.executable, "-c", "import gc; print(gc.get_threshold())"])
    tree.write("late/__main__.py", GARBAGE.format(first))
    before, after = tree.said(tree.launcher("module", "late")).splitlines()
    assert before == usual.replace("(700,", "(200000,").replace("(2000,", "(200000,")
    assert before != usual
    assert after == f"{usual} []"


def test_an_application_that_says_how_garbage_is_collected_is_obeyed(tree: Tree) -> None:
    tree.write("late/__main__.py", GARBAGE.format("gc.set_threshold(5, 5, 5)\ngc.collect()"))
    assert tree.said(tree.launcher("module", "late")).endswith("(5, 5, 5) []")


def test_a_script_runs_here_and_another_program_in_our_place(tree: Tree) -> None:
    script = tree.write(
        "bin/script", "#!/usr/bin/env python3\nimport sys\nprint(sys.argv[1:])\n"
    )
    assert tree.said(tree.launcher("script", str(script)), "x") == "['x']"
    program = tree.write("bin/program", '#!/bin/sh\necho "program $*"\n')
    program.chmod(0o755)
    assert tree.said(tree.launcher("script", str(program)), "x", "y") == "program x y"


def test_with_no_entry_it_is_an_interpreter(tree: Tree) -> None:
    command = tree.launcher("interpreter")
    show = "import sys, app; print(sys.argv, __name__)"
    assert tree.said(command, "-c", show, "x") == "['-c', 'x'] __main__"
    assert tree.said(command, "-m", "app", "x").startswith("__main__\n['x']")
    file = tree.write("../file.py", show)
    assert tree.said(command, str(file), "x") == f"['{file}', 'x'] __main__"
    done = subprocess.run(command, input=show, capture_output=True, text=True, check=True)
    assert done.stdout == "[''] __main__\n"


SHOW = "import sys; print([p for p in sys.path if p == '' or 'site-packages' in p])"


def test_only_the_trees_and_the_standard_library_can_be_imported(tree: Tree) -> None:
    tree.write("shown/__main__.py", SHOW)
    assert tree.said(tree.launcher("module", "shown")) == str([str(tree.site)])


def test_what_the_environment_adds_to_the_path_counts_as_in_any_environment(
    tree: Tree, tmp_path: Path
) -> None:
    (tmp_path / "plugin.py").write_text("print('plugged')")
    tree.write("shown/__main__.py", "import plugin\n")
    launcher = tree.launcher("module", "shown")
    assert tree.said(launcher, PYTHONPATH=str(tmp_path)) == "plugged"
    assert "No module named 'plugin'" in tree.said(launcher)


def test_children_are_in_the_environment_too(tree: Tree) -> None:
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import app, sys; "
    tree.write("child/__main__.py", f"{code}print(sys.prefix)'])\n")
    assert tree.said(tree.launcher("module", "child")) == str(tree.prefix)


def test_it_is_a_virtual_environment_of_the_bases_python(tree: Tree) -> None:
    code = (
        "import site, sys, sysconfig; print(sys.executable, sys.prefix, sys.exec_prefix, "
        "sys.base_prefix, sys.flags.no_site, site.ENABLE_USER_SITE, site.getsitepackages()[0], "
        "sysconfig.get_path('purelib'))"
    )
    base = tree.said([os.path.realpath(sys.executable), "-c", "import sys; print(sys.prefix)"])
    said = tree.said(tree.launcher("interpreter"), "-c", code).split(" ")
    prefix, site = str(tree.prefix), str(tree.site)
    assert said == [tree.python, prefix, prefix, base, "0", "False", site, site]


@pytest.mark.parametrize("name", ["python", "python3", f"python{MINOR}"])
def test_started_by_its_interpreter_it_is_not_started_again(tree: Tree, name: str) -> None:
    tree.write("shown/__main__.py", "import sys; print(sys.orig_argv[1:])")
    _, path = tree.launcher("module", "shown")
    python = f"{tree.prefix}/bin/{name}"
    assert tree.said([python, "-X", "dev", path], "x") == str(["-X", "dev", path, "x"])
    elsewhere = [os.path.realpath(sys.executable), "-X", "dev", path]
    assert tree.said(elsewhere, "x") == str(["-X", "dev", path, "x"])


def test_another_interpreter_becomes_that_of_the_environment(tree: Tree) -> None:
    tree.write("shown/__main__.py", "import sys; print(sys.executable, sys.argv[1:])")
    _, path = tree.launcher("module", "shown")
    said = tree.said([os.path.realpath(sys.executable), path], "x")
    assert said == f"{tree.python} ['x']"


def test_other_variables_and_options_of_the_interpreter_count(tree: Tree) -> None:
    _, path = tree.launcher("interpreter")
    show = "import sys; print(sys.flags.dev_mode, sys.flags.optimize)"
    for python in (tree.python, os.path.realpath(sys.executable)):
        said = tree.said([python, "-X", "dev", path], "-c", show, PYTHONOPTIMIZE="1")
        assert said == "True 1"


def test_options_after_the_file_are_those_of_the_interpreter(tree: Tree) -> None:
    show = "import sys; print(sys.flags.optimize, sys.warnoptions)"
    said = tree.said(tree.launcher("interpreter"), "-OO", "-W", "error", "-c", show)
    assert said == "2 ['error']"


def test_pth_files_are_read_and_helpers_are_there(tree: Tree) -> None:
    more = tree.write("../more/moved.py", "").parent
    tree.write("a.pth", f"{more}\nimport sys; sys.marked = 'yes'\n")
    show = "import sys, moved; print(sys.marked, callable(exit), callable(help))"
    assert tree.said(tree.launcher("interpreter"), "-c", show) == "yes True True"


def test_without_its_trees_it_says_where_it_runs(tree: Tree) -> None:
    command = tree.launcher("module", "app")
    tree.prefix.rename(tree.prefix.with_name("elsewhere"))
    path = tree.prefix.with_name("elsewhere") / "module.pex"
    done = tree.run([os.path.realpath(sys.executable), str(path)])
    assert command == [tree.python, str(tree.prefix / path.name)]
    assert done.returncode == 1
    assert f"{tree.python} does not exist: this pex runs in an image" in done.stderr
    assert 'layout="zipapp"' in done.stderr


# --- As process 1 --------------------------------------------------------------------


def start(tree: Tree, code: str) -> subprocess.Popen[str]:
    command = [*tree.launcher("interpreter", init=True), "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=10)
    return process.returncode, output.strip()


@pytest.mark.parametrize("status", [0, 7])
def test_it_ends_as_the_application_ends(tree: Tree, status: int) -> None:
    assert end(start(tree, f"raise SystemExit({status})"))[0] == status


def test_a_signal_that_kills_the_application_is_128_more(tree: Tree) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert end(start(tree, code))[0] == 128 + signal.SIGKILL


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]
)
def test_signals_are_passed_on(tree: Tree, number: signal.Signals) -> None:
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda n, frame: sys.exit(n + 40))\n"
        "print('ready', flush=True)\n"
        # Not signal.pause(): a signal just before it would be waited for without end.
        "while True: time.sleep(0.05)\n"
    )
    process = start(tree, code)
    assert line(process) == "ready"
    process.send_signal(number)
    assert end(process)[0] == number + 40


def test_an_application_without_a_handler_ends_on_sigterm(tree: Tree) -> None:
    process = start(tree, "import time; print('ready', flush=True); time.sleep(30)")
    assert line(process) == "ready"
    began = time.monotonic()
    process.terminate()
    assert end(process)[0] == 128 + signal.SIGTERM
    assert time.monotonic() - began < 5


def test_the_application_is_in_a_group_of_its_own_with_nothing_blocked(tree: Tree) -> None:
    code = (
        "import os, signal; blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
        "print(os.getpgid(0) == os.getpid(), blocked)"
    )
    assert end(start(tree, code)) == (0, "True set()")


THREAD = """\
import threading
asked, answered = threading.Event(), threading.Event()
threading.Thread(target=lambda: (asked.wait(), answered.set()), daemon=True).start()
"""


def test_threads_that_a_pth_file_starts_live_in_the_application(tree: Tree) -> None:
    tree.write("worker.py", THREAD)
    tree.write("a.pth", "import worker\n")
    tree.write("asks/__main__.py", "import worker; worker.asked.set(); "
               "print(worker.answered.wait(5))")  # fmt: skip
    process = subprocess.Popen(
        tree.launcher("module", "asks", init=True), stdout=subprocess.PIPE, text=True
    )
    assert end(process) == (0, "True")


# --- What runs -----------------------------------------------------------------------


WHEELS = [
    Wheel("app-1-py3-none-any.whl", "sha256:0", 1, scripts={"app": "app.cli:main", "raw": ""}),
    Wheel("other-1-py3-none-any.whl", "sha256:0", 1, scripts={"raw": "other:main", "file": ""}),
]


def entry(**options: str) -> Entry:
    return find_entry(PexRequest("app.pex", ("app",), **options), WHEELS)


def test_what_runs_is_found_when_the_pex_is_made() -> None:
    assert entry() == Entry("interpreter", "")
    assert entry(module="app.web") == Entry("module", "app.web")
    assert entry(module="app:run") == Entry("function", "app:run")
    assert entry(script="app") == Entry("function", "app.cli:main")
    assert entry(script="raw") == Entry("function", "other:main")
    assert entry(script="file") == Entry("script", f"{PREFIX}/bin/file")
    with pytest.raises(InvalidRequest, match=r"no package of app.pex has the script 'gone'"):
        entry(script="gone")


def test_of_two_scripts_of_one_name_the_one_runs_whose_file_the_image_holds() -> None:
    own = attrs.evolve(WHEELS[0], own=True)
    request = PexRequest("app.pex", ("app",), script="raw")
    assert find_entry(request, [own, WHEELS[1]]) == Entry("script", f"{PREFIX}/bin/raw")


def test_the_launcher_names_its_python_and_holds_any_target() -> None:
    text = write_launcher(SOURCE, "3.12", Entry("script", r"a'\1\n"))
    assert text.startswith(b"#!/usr/bin/env python3.12\n")
    assert rb"""KIND, TARGET = ('/opt/ship', 'script', "a'\\1\\n")""" in text


def test_in_an_image_the_first_line_starts_the_python_of_the_environment() -> None:
    text = write_launcher(SOURCE, "3.12", Entry())
    first, _, rest = start_in_environment(text).partition(b"\n")
    assert first == b"#!/opt/ship/bin/python"
    assert rest == text.partition(b"\n")[2]
