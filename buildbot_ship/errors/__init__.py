"""All errors that a user can fix, each with a message, a remedy and an exit status.

``template`` is the message, filled in from the fields of the error.  ``advice`` is the
remedy.  ``status`` is the exit status of the command line; every class has another one.
A ``transient`` error may disappear on a retry.
"""

from .artefact import (
    ImageNotTested,
    NotReproducible,
    OutputMissing,
    PackagesConflict,
    RequirementMissing,
    ResultUnusable,
    SmokeTestFailed,
)
from .base import Problem, ShipError, printable, quotable
from .engine import (
    BaseNotFound,
    BaseUnfit,
    EngineError,
    EngineForbidden,
    EngineUnavailable,
    HostileArchive,
    JobFailed,
    LibraryMissing,
    LimitExceeded,
    ServiceNotStarted,
)
from .git import BranchMissing, BranchMoved, GitForbidden, GitUnavailable, PushRefused
from .registry import (
    DigestMismatch,
    ImageNotFound,
    InvalidManifest,
    RegistryForbidden,
    RegistryRefused,
    RegistryUnavailable,
    TagClaimed,
    TagTaken,
)
from .user_input import (
    ExtraMissing,
    FileMissing,
    InvalidFile,
    InvalidReference,
    InvalidRequest,
    KeyFileRefused,
    LfsMissing,
    RepositoryError,
    SchemaMismatch,
    SecretUnusable,
    SubmoduleMissing,
    WouldOverwrite,
)

__all__ = [
    "BaseNotFound",
    "BaseUnfit",
    "BranchMissing",
    "BranchMoved",
    "DigestMismatch",
    "EngineError",
    "EngineForbidden",
    "EngineUnavailable",
    "ExtraMissing",
    "FileMissing",
    "GitForbidden",
    "GitUnavailable",
    "HostileArchive",
    "ImageNotFound",
    "ImageNotTested",
    "InvalidFile",
    "InvalidManifest",
    "InvalidReference",
    "InvalidRequest",
    "JobFailed",
    "KeyFileRefused",
    "LfsMissing",
    "LibraryMissing",
    "LimitExceeded",
    "NotReproducible",
    "OutputMissing",
    "PackagesConflict",
    "Problem",
    "PushRefused",
    "RegistryForbidden",
    "RegistryRefused",
    "RegistryUnavailable",
    "RepositoryError",
    "RequirementMissing",
    "ResultUnusable",
    "SchemaMismatch",
    "SecretUnusable",
    "ServiceNotStarted",
    "ShipError",
    "SmokeTestFailed",
    "SubmoduleMissing",
    "TagClaimed",
    "TagTaken",
    "WouldOverwrite",
    "printable",
    "quotable",
]
