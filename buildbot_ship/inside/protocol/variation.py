"""Run a script with another umask, clock and process IDs, to test that it is reproducible.

Called as ``python variation.py UMASK DAYS SCRIPT JOB_FOLDER OUT_FOLDER``.  UMASK is octal.
The clock runs DAYS ahead: a library, compiled here and loaded with LD_PRELOAD, replaces the
time functions of libc.  Without a C compiler the clock is not changed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

LIBRARY = Path("/elsewhere/clock.so")
SOURCE = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <sys/time.h>
#include <time.h>
#define AHEAD (DAYS * 86400L)
#define REAL(name) static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name)

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int status = real(clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += AHEAD;
    return status;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    REAL(gettimeofday);
    int status = real(now, zone);
    if (status == 0) now->tv_sec += AHEAD;
    return status;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    REAL(sem_timedwait);
    struct timespec shifted = {until->tv_sec - AHEAD, until->tv_nsec};
    return real(semaphore, &shifted);
}
"""
SKIPPED_PROCESSES = 50
"""Process IDs to use up before the script starts."""


def compiles(days: int) -> bool:
    """Compile the library; return whether that worked."""
    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    cc = ["cc", "-shared", "-fPIC", "-w", f"-DDAYS={days}", "-x", "c", "-o", str(LIBRARY), "-"]
    try:
        compiler = subprocess.run([*cc, "-ldl"], input=SOURCE.encode(), capture_output=True)  # noqa: PLW1510
    except OSError:
        return False
    return compiler.returncode == 0


def shifts(environment: dict[str, str], days: int) -> bool:
    """Return whether a process with *environment* has a clock that is *days* ahead."""
    clock = [sys.executable, "-I", "-c", "import time; print(int(time.time()))"]
    child = subprocess.run(clock, env=environment, capture_output=True, text=True, check=False)
    shown = child.stdout.strip()
    return shown.isdigit() and abs(int(shown) - time.time() - days * 86400) < 3600


def main(umask: int, days: int, command: list[str]) -> None:
    """Replace this process with *command*, run by this interpreter."""
    for _ in range(SKIPPED_PROCESSES):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    environment = dict(os.environ)
    if days:
        ahead = {**environment, "LD_PRELOAD": str(LIBRARY)}
        if compiles(days) and shifts(ahead, days):
            environment = ahead
        else:
            print("the clock is not changed: the build base has no C compiler", flush=True)
    os.umask(umask)
    os.execve(sys.executable, [sys.executable, *command], environment)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1], 8), int(sys.argv[2]), sys.argv[3:])
