"""Seal the token of the example's service with `buildbot-ship secrets`, as a developer does."""

from __future__ import annotations

import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

IDENTIFIER = "example.com/team/calculator"
TOKEN = "remotemath-token"  # noqa: S105  # the name of a secret
PRODUCTION, BUILDERS = "prod", "ci"
RECIPIENTS = (PRODUCTION, BUILDERS)


@dataclass(frozen=True)
class Keys:
    """The private keys of the recipients: files in a *folder* outside the checkout *tree*."""

    folder: Path
    tree: Path

    def file(self, recipient: str) -> Path:
        """Return the file with the private key of a recipient."""
        return self.folder / f"{recipient}.key"

    def make(self) -> None:
        """Make a key for each recipient.  Raises LabError."""
        self.folder.mkdir(mode=0o700)
        for recipient in RECIPIENTS:
            first = recipient == RECIPIENTS[0]
            identifier = ["--repository", IDENTIFIER] if first else []
            key_file = ["--key-file", str(self.file(recipient))]
            _run_secrets(self.tree, "keygen", recipient, *key_file, *identifier)


def seal_token(tree: Path) -> None:
    """Seal a new random token in the checkout *tree*; no private key is used.

    Raises LabError.
    """
    _run_secrets(tree, "seal", TOKEN, value=secrets.token_hex(32))


def _run_secrets(tree: Path, *arguments: str, value: str = "") -> None:
    """Run `buildbot-ship secrets` in a checkout, with *value* as input.  Raises LabError."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "buildbot_ship", "secrets", *arguments],
        cwd=tree,
        input=value,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = f"{done.stdout}{done.stderr}".strip()
        raise LabError(f"buildbot-ship secrets {arguments[0]} failed:\n{said}")
