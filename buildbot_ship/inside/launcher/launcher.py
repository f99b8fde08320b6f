"""What a layered pex is: a small program that starts an application in its virtual environment.

``model/application/launcher.py`` puts the shebang in front and the entry in.  It must start
fast and runs on the runtime base's Python alone, so it imports what it needs when it needs it.

- The environment is at ``PREFIX``, and its ``bin/python`` is the interpreter: what an
  application starts with ``sys.executable`` finds what the application finds.  In an image the
  shebang names it; started by another interpreter, the launcher starts that one.
- As process 1 it is an init: the application becomes its child, in a process group of its
  own; signals are passed on, orphans reaped, and it ends as the application ended, with
  128 and the number of the signal if one killed it.
- Like a console script, it does not put the working directory on `sys.path`.
"""

import os
import sys

PREFIX, KIND, TARGET = "/opt/ship", "interpreter", ""
FIRST_COLLECTION = 200_000
ELSEWHERE = 'this runs in images of buildbot-ship; take layout="zipapp" to run anywhere'


def main() -> None:
    """Start the application, or the interpreter that it gets."""
    if not sys.executable.startswith(f"{PREFIX}/bin/"):
        start_again()
    if os.getpid() == 1:
        supervise()
        # A .pth file may have started threads, and a fork leaves them behind.
        if "threading" in sys.modules:
            start_again()
    if KIND == "interpreter":
        interpret()
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]
    collect_late()
    run()


def start_again() -> None:
    """Become the environment's interpreter, with the same options and arguments."""
    python = f"{PREFIX}/bin/python"
    if not os.path.exists(python):
        sys.exit(f"{__file__}: {python} is not here: {ELSEWHERE}")
    os.execv(python, [python, *sys.orig_argv[1:]])  # noqa: S606


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


def interpret() -> None:
    """Become the interpreter, with the arguments in `sys.argv` as its own."""
    options = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv)]
    os.execv(sys.executable, [sys.executable, *options, *sys.argv[1:]])  # noqa: S606


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
    else:
        run_script(TARGET)


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


if __name__ == "__main__":
    main()
