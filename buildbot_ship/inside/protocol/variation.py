"""Run another script as it would run on another machine, on another day.

Called as ``python variation.py UMASK DAYS SCRIPT JOB_FOLDER OUT_FOLDER``: the umask is
octal, the clock is DAYS ahead, and the process numbers are not those of a first run.  The
clock is a library that is loaded before libc's, compiled here: without a C compiler it
stays as it is.
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


def compiles(days: int) -> bool:
    """Make the library; tell whether there is one now."""
    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    cc = ["cc", "-shared", "-fPIC", "-w", f"-DDAYS={days}", "-x", "c", "-o", str(LIBRARY), "-"]
    try:
        made = subprocess.run([*cc, "-ldl"], input=SOURCE.encode(), capture_output=True)  # noqa: PLW1510
    except OSError:
        return False
    return made.returncode == 0


def shifts(environment: dict[str, str], days: int) -> bool:
    """Tell whether a process with this environment sees another day."""
    ask = [sys.executable, "-I", "-c", "import time; print(int(time.time()))"]
    told = subprocess.run(ask, env=environment, capture_output=True, text=True, check=False)
    there = told.stdout.strip()
    return there.isdigit() and abs(int(there) - time.time() - days * 86400) < 3600


def main(umask: int, days: int, command: list[str]) -> None:
    """Run *command* with this interpreter, in place of this process."""
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
            print("the clock stays as it is: the base has no C compiler", flush=True)
    os.umask(umask)
    os.execve(sys.executable, [sys.executable, *command], environment)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1], 8), int(sys.argv[2]), sys.argv[3:])
