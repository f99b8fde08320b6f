"""What a layered pex is: a small program that runs the application out of plain trees.

``model/application/launcher.py`` puts the shebang in front and the entry in.  It must start
fast and runs on the runtime base's Python alone, so it imports what it needs when it needs it.

- As process 1 it is an init: the application becomes its child, in a process group of its
  own; signals are passed on, orphans reaped, and it ends as the application ended, with
  128 and the number of the signal if one killed it.
- The application's interpreter starts without the base's site-packages, the user's, and
  ``PYTHONPATH``, as that of a pex does; other variables and options count.  In an image the
  shebang says so; where it does not, the interpreter is started again.
- ``PREFIX`` is then what a virtual environment is: `sys.prefix`, with site-packages in it
  whose ``.pth`` files are read.
"""

import os
import sys

PREFIX, KIND, TARGET = "/opt/ship", "interpreter", ""
FIRST_COLLECTION = 200_000
ELSEWHERE = 'this runs in images of buildbot-ship; take layout="zipapp" to run anywhere'


def main() -> None:
    """Be the interpreter that the application gets, or start it."""
    if sys.flags.no_site and sys.flags.no_user_site and "PYTHONPATH" not in os.environ:
        if os.getpid() == 1:
            supervise()
        enter()
        collect_late()
        run()
        return
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-sS", *sys.orig_argv[1:]]
    os.execve(command[0], command, environment)  # noqa: S606


def supervise() -> None:
    """Return in a child, and be an init to it: end as it ends."""
    import signal  # noqa: PLC0415
    from contextlib import suppress  # noqa: PLC0415

    faults = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}
    mine = signal.valid_signals() - faults - {signal.SIGKILL, signal.SIGSTOP, signal.SIGABRT}
    # Blocked before the fork, and waited for: none is lost, and none needs a handler.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, mine)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        if os.isatty(0):
            with suppress(OSError):
                os.tcsetpgrp(0, os.getpid())
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    while True:
        number = signal.sigwait(mine)
        if number == signal.SIGCHLD:
            reap(child)
        else:
            with suppress(OSError):
                os.kill(child, number)


def reap(child: int) -> None:
    """Take leave of every process that has ended; end when *child* is one of them."""
    while True:
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
        if ended == 0:
            return


def enter() -> None:
    """Make the trees at PREFIX this interpreter's environment."""
    sys.prefix = sys.exec_prefix = PREFIX
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and sys.path[0] == here:
        del sys.path[0]
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = f"{PREFIX}/lib/{minor}/site-packages"
    if not os.path.isdir(packages):
        sys.exit(f"{__file__}: {packages} is not here: {ELSEWHERE}")
    import site  # noqa: PLC0415

    site.addsitedir(packages)
    site.setquit()
    site.setcopyright()
    site.sethelper()


def collect_late() -> None:
    """Let the first collection of garbage wait: an application that starts makes next to none.

    Every 700 objects all new ones would be looked through, a tenth of a start.  After the first
    collection, whoever asks for it, all is as Python has it.
    """
    import gc  # noqa: PLC0415

    usual = gc.get_threshold()
    late = (FIRST_COLLECTION, *usual[1:])

    def restore(phase: str, _: object) -> None:
        if phase == "stop":
            gc.callbacks.remove(restore)
            if gc.get_threshold() == late:
                gc.set_threshold(*usual)

    if usual[0] > 0:
        gc.callbacks.append(restore)
        gc.set_threshold(*late)


def run() -> None:
    """Run what KIND and TARGET say, with the arguments in `sys.argv`."""
    if KIND == "function":
        call(TARGET)
    elif KIND == "module":
        run_module(TARGET)
    elif KIND == "script":
        run_script(TARGET)
    else:
        interpret()


def call(name: str) -> None:
    """Call the function ``module:attribute``, and end with what it returns."""
    import importlib  # noqa: PLC0415
    from operator import attrgetter  # noqa: PLC0415

    module, _, attribute = name.partition(":")
    sys.exit(attrgetter(attribute)(importlib.import_module(module))())


def run_module(name: str) -> None:
    """Run a module as ``python -m`` does."""
    import runpy  # noqa: PLC0415

    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run_script(path: str) -> None:
    """Run a script: a Python one here, any other in place of this process."""
    import runpy  # noqa: PLC0415

    with open(path, "rb") as file:
        first = file.readline()
    if not first.startswith(b"#!") or b"python" not in first:
        os.execv(path, [path, *sys.argv[1:]])  # noqa: S606
    runpy.run_path(path, run_name="__main__")


def interpret() -> None:
    """Be an interpreter: ``-c CODE``, ``-m MODULE``, a file, or what comes in."""
    import runpy  # noqa: PLC0415

    sys.argv = sys.argv[1:] or [""]
    first, more = sys.argv[0] or "-", len(sys.argv) > 1
    names = {"__name__": "__main__"}
    sys.path.insert(0, "")
    if first == "-c" and more:
        exec(compile(sys.argv.pop(1), "<string>", "exec"), names)  # noqa: S102
    elif first == "-m" and more:
        del sys.argv[0]
        run_module(sys.argv[0])
    elif first != "-":
        sys.path[0] = os.path.dirname(os.path.abspath(first))
        runpy.run_path(first, run_name="__main__")
    elif sys.stdin.isatty():
        import code  # noqa: PLC0415

        code.interact(local=names)
    else:
        exec(compile(sys.stdin.read(), "<stdin>", "exec"), names)  # noqa: S102


if __name__ == "__main__":
    main()
