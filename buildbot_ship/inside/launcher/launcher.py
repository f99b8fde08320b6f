"""The launcher: a layered pex, which starts an application in its virtual environment.

``model/application/launcher.py`` adds the shebang and the entry point.  The launcher must start
fast and has the Python of the runtime base only, so it imports modules late.

- The virtual environment is at ``PREFIX``.  The launcher runs with its ``bin/python``, so that
  a child process started with ``sys.executable`` finds the same packages.  In an image the
  shebang names that interpreter.  Under another interpreter the launcher restarts itself.
- As process 1 it is an init.  The application is its child, in a new process group.  It
  forwards signals, reaps orphans, and exits with the application's status: 128 plus the signal
  if a signal killed the application.
- Like a console script, it does not put the working directory on `sys.path`.
"""

import os
import sys

PREFIX, KIND, TARGET = "/opt/ship", "interpreter", ""
FIRST_COLLECTION = 200_000
"""The number of new objects before the first garbage collection."""
ELSEWHERE = (
    'this pex runs in an image of BuildRuntimeImage; set layout="zipapp" to run it anywhere'
)


def main() -> None:
    """Start the application, or the interpreter if there is no entry point."""
    if not sys.executable.startswith(f"{PREFIX}/bin/"):
        restart()
    if os.getpid() == 1:
        supervise()
        # A .pth file may have started threads, which a fork does not copy.
        if "threading" in sys.modules:
            restart()
    if KIND == "interpreter":
        run_interpreter()
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]
    delay_first_collection()
    run()


def restart() -> None:
    """Replace this process with the environment's interpreter, same options and arguments."""
    python = f"{PREFIX}/bin/python"
    if not os.path.exists(python):
        sys.exit(f"{__file__}: {python} does not exist: {ELSEWHERE}")
    os.execv(python, [python, *sys.orig_argv[1:]])  # noqa: S606


def supervise() -> None:
    """Fork: return in the child; in the parent be its init and exit with its status."""
    import signal  # noqa: PLC0415
    from contextlib import suppress  # noqa: PLC0415

    faults = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}
    kept = {signal.SIGKILL, signal.SIGSTOP, signal.SIGABRT}
    forwarded = signal.valid_signals() - faults - kept
    # Blocked before the fork and read with sigwait: no signal is lost, none needs a handler.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, forwarded)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        if os.isatty(0):
            with suppress(OSError):
                os.tcsetpgrp(0, os.getpid())
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    while True:
        number = signal.sigwait(forwarded)
        if number == signal.SIGCHLD:
            reap(child)
        else:
            with suppress(OSError):
                os.kill(child, number)


def reap(child: int) -> None:
    """Reap every process that ended; exit with the status of *child* if it ended."""
    while True:
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
        if ended == 0:
            return


def run_interpreter() -> None:
    """Replace this process with the interpreter, which gets the arguments in `sys.argv`."""
    options = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv)]
    os.execv(sys.executable, [sys.executable, *options, *sys.argv[1:]])  # noqa: S606


def delay_first_collection() -> None:
    """Delay the first garbage collection: an application makes little garbage while it starts.

    By default Python collects after every 700 new objects, which is a tenth of the start time.
    The first collection, automatic or explicit, restores Python's thresholds.
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
    """Run the entry point KIND and TARGET with the arguments in `sys.argv`."""
    if KIND == "function":
        call(TARGET)
    elif KIND == "module":
        run_module(TARGET)
    else:
        run_script(TARGET)


def call(name: str) -> None:
    """Call the function ``module:attribute``, and exit with its return value."""
    import importlib  # noqa: PLC0415
    from operator import attrgetter  # noqa: PLC0415

    module, _, attribute = name.partition(":")
    sys.exit(attrgetter(attribute)(importlib.import_module(module))())


def run_module(name: str) -> None:
    """Run a module as ``python -m`` does."""
    import runpy  # noqa: PLC0415

    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run_script(path: str) -> None:
    """Run a script: a Python script in this process, any other in its place."""
    import runpy  # noqa: PLC0415

    with open(path, "rb") as file:
        first = file.readline()
    if not first.startswith(b"#!") or b"python" not in first:
        os.execv(path, [path, *sys.argv[1:]])  # noqa: S606
    runpy.run_path(path, run_name="__main__")


if __name__ == "__main__":
    main()
