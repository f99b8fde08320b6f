"""The folder with the recipients and the sealed secrets of a repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from ...errors import FileMissing, InvalidFile, Problem
from ...model.requirements.text import decode
from ...model.secrets.recipients import FILE_NAME, Recipients, read_recipients
from ...model.secrets.sealed_file import SUFFIX, SealedSecret, find_faults, read_sealed

_KEYGEN = "run buildbot-ship secrets keygen NAME --repository example.com/team/app first"


@attrs.frozen
class SecretsFolder:
    """The files at *path* of a commit or a checkout, by their names in the folder."""

    path: str
    files: Mapping[str, bytes]

    @property
    def secret_names(self) -> list[str]:
        """Return the names of the sealed secrets, sorted."""
        return sorted(n.removesuffix(SUFFIX) for n in self.files if n.endswith(SUFFIX))

    def full_path(self, name: str) -> str:
        """Return the path of the file *name* from the top of the repository."""
        return f"{self.path}/{name}"

    def recipients(self) -> Recipients:
        """Return the recipients.  Raises FileMissing, InvalidFile."""
        path = self.full_path(FILE_NAME)
        if FILE_NAME not in self.files:
            raise FileMissing(path, "the repository", _KEYGEN)
        return read_recipients(decode(self.files[FILE_NAME], path), path)

    def secret(self, name: str) -> SealedSecret:
        """Return the sealed secret *name*.  Raises FileMissing, InvalidFile."""
        path = self.full_path(name + SUFFIX)
        if name + SUFFIX not in self.files:
            listed = ", ".join(self.secret_names) or "none yet"
            hint = f"name one of the secrets in {self.path}: {listed}"
            raise FileMissing(path, "the repository", hint)
        return read_sealed(decode(self.files[name + SUFFIX], path), path)

    def faults(self, verify: Callable[[SealedSecret, str], str | None] | None) -> list[Problem]:
        """Return all faults of the folder.

        *verify* returns the fault of an intact secret that only a private key shows.
        """
        if FILE_NAME not in self.files and not self.secret_names:
            return []
        try:
            recipients = self.recipients()
        except InvalidFile as error:
            return list(error.problems)
        problems = list[Problem]()
        for name in self.secret_names:
            try:
                secret = self.secret(name)
            except InvalidFile as error:
                problems += error.problems
                continue
            path = self.full_path(name + SUFFIX)
            found = list(find_faults(secret, recipients, path))
            if verify is not None and not found:
                why = verify(secret, recipients.repository)
                found = [Problem(path, 1, why)] if why else []
            problems += found
        return problems
