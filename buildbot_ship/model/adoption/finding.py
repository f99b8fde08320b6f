"""What `adopt` says: one thing that a master has, lacks or has wrong."""

from __future__ import annotations

import attrs

HAS, ADD, NOTE, FIX = "has", "add", "note", "fix"


@attrs.frozen
class Finding:
    """One thing that a master has or lacks; *code* adds it to ``master.cfg``.

    *shell* has the commands to run before that.
    """

    state: str
    text: str
    code: str = ""
    shell: tuple[str, ...] = ()
