"""Why a package stands in a strict file: the ``# via`` comments that pip-compile writes."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?\s*==")
_VIA = re.compile(r"\s+# via(?: (.+))?")
_MORE = re.compile(r"\s+#   (\S.*)")


def reasons(text: str) -> dict[str, tuple[str, ...]]:
    """Return what each package is there for, by its canonical name.

    A reason is the name of a package, ``-r FILE``, ``-c FILE``, or ``NAME (setup.py)``.
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    listing = False
    for line in text.splitlines():
        pin, via, more = _PIN.match(line), _VIA.fullmatch(line), _MORE.fullmatch(line)
        if pin is not None:
            current = found.setdefault(canonicalize_name(pin[1]), [])
        elif via is not None and via[1]:
            current.append(via[1].strip())
        elif more is not None and listing:
            current.append(more[1].strip())
        listing = via is not None or (listing and more is not None)
    return {name: tuple(why) for name, why in found.items()}
