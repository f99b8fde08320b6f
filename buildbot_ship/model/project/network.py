"""What the environment says of the network between containers and the package index."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping

from .files import without_login

_VARIABLES = {
    "index_url": ("PIP_INDEX_URL",),
    "proxy": ("HTTPS_PROXY",),
    "ca_bundle": ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
}
"""For options of every step, the variables that say the same; the first that is set counts."""


def step_options(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield commented lines for ``SHIP_OPTIONS``, of the variables that are set; no logins."""
    for option, names in _VARIABLES.items():
        for name in _set(names, environment):
            where = ", as a file on the workers" if option == "ca_bundle" else ""
            yield f"# {name} is set where init ran.  If your workers need this too{where}:"
            yield f"# {json.dumps(option)}: {json.dumps(without_login(environment[name]))},"


def shell_commands(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what gives containers the CA certificates that only other programs read."""
    for name in _set(_VARIABLES["ca_bundle"], environment):
        if name != "PIP_CERT":
            yield f"# {name} is set.  If your package index needs it, give it to containers:"
            yield f"export PIP_CERT={shlex.quote(environment[name])}"


def _set(names: tuple[str, ...], environment: Mapping[str, str]) -> list[str]:
    found = (name for name in names if environment.get(name))
    return [name for name in found if environment[name].isprintable()][:1]
