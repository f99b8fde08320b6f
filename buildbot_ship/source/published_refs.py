"""Claims of tags on a git server: refs that only the first writer can create.

``refs/ship/published/COMMIT-HEX`` is a blob that names a reference and the digest of its
manifest; HEX is derived from the repository in the registry.  Writers of the same image make
the same blob.  The server creates a ref for exactly one of several writers.
"""

from __future__ import annotations

import hashlib
import json

import attrs

from ..errors import GitUnavailable, RepositoryError, TagClaimed
from ..model.json_text import read_json
from ..model.reference import Reference
from .git_command import git
from .git_server import Origin

PREFIX = "refs/ship/published/"
_ATTEMPTS = 5
_MAX_BYTES = 4096
_UNREADABLE = "an unknown image"


def claim_ref(reference: Reference) -> str:
    """Return the name of the ref that claims the tag *reference*."""
    place = hashlib.sha256(str(reference.repository).encode()).hexdigest()[:32]
    return f"{PREFIX}{reference.tag}-{place}"


@attrs.frozen
class PublishedRefs:
    """The claims on the git server *origin*."""

    origin: Origin

    def claim(self, reference: Reference, digest: str, *, take_over: bool = False) -> None:
        """Claim *reference* for the manifest *digest*, unless it has this claim already.

        With *take_over*, replace the claim of another image.  Raises TagClaimed, PushRefused,
        GitForbidden, GitUnavailable.
        """
        ref = claim_ref(reference)
        record = {"reference": str(reference), "digest": digest}
        blob = self._store(json.dumps(record, sort_keys=True))
        holder: str | None = None
        for _ in range(_ATTEMPTS):
            if self.origin.create_ref(blob, ref, instead_of=holder or ""):
                return
            current = self.origin.find_ref(ref)
            if current == blob:
                return
            if current is not None and not take_over:
                where = f"the ref {ref} on the git server {self.origin.host}"
                raise TagClaimed(str(reference), self._read(current, ref), where, digest)
            holder = current
        raise GitUnavailable(self.origin.host, f"the ref {ref} changes all the time")

    def _store(self, text: str) -> str:
        """Return the object ID of a blob with *text*, which is stored in the checkout."""
        words = ("hash-object", "-w", "--stdin")
        name = git(self.origin.checkout, "a claim", *words, stdin=text.encode())
        return name.decode("ascii").strip()

    def _read(self, blob: str, ref: str) -> str:
        """Return the digest that a claim names."""
        try:
            self.origin.fetch_ref(ref)
            if int(git(self.origin.checkout, ref, "cat-file", "-s", blob)) > _MAX_BYTES:
                return _UNREADABLE
            text = git(self.origin.checkout, ref, "cat-file", "blob", blob)
            return str(read_json(text)["digest"])
        except (RepositoryError, ValueError, KeyError, TypeError):
            return _UNREADABLE
