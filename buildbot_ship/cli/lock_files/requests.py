"""Turn the options of verbs that read lock files into requests."""

from __future__ import annotations

import argparse
from typing import Any

from ...model import request as requests

Options = argparse.Namespace


def _lock_fields(options: Options) -> dict[str, Any]:
    """Return the fields of a request that reads the strict file and the build lock."""
    return {
        "strict": options.strict,
        "build_lock": options.build_lock,
        "dockerfile": options.build_dockerfile,
        "packages": tuple(options.package),
        "extras": tuple(options.extra),
        "groups": tuple(options.group),
    }


def _format_fields(options: Options) -> dict[str, Any]:
    """Return the fields that choose wheels or sdists; join repeated options."""
    given = {"no_binary": options.no_binary, "only_binary": options.only_binary}
    return {option: ",".join(words) for option, words in given.items() if words}


def harden_request(options: Options) -> requests.HardenRequest:
    """Return the request of ``harden``."""
    return requests.HardenRequest(
        options.loose,
        upgrade=options.upgrade,
        cooldown=options.cooldown,
        cooldown_except=tuple(options.cooldown_except),
        **_lock_fields(options),
        **_format_fields(options),
    )


def check_request(options: Options) -> requests.CheckRequest:
    """Return the request of ``check``."""
    return requests.CheckRequest(
        options.revision, options.loose, **_lock_fields(options), **_format_fields(options)
    )


def wheels_request(options: Options) -> requests.WheelsRequest:
    """Return the request of ``wheels``."""
    return requests.WheelsRequest(options.revision, **_lock_fields(options))


def lock_request(options: Options) -> requests.LockRequest:
    """Return the request of ``lock``."""
    return requests.LockRequest(
        options.action, options.strict, options.output, options.build_dockerfile
    )
