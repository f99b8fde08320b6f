"""What can go wrong in a way that a user can mend.

Every class says what happened (``template``), which thing it happened to (its
fields), and what to do (``advice``).  ``status`` is the exit status of the command
line, one per kind.  A ``transient`` error may be gone when the work is tried again.
"""

from .artefact import (
    NotReproducible,
    OutputMissing,
    PackagesConflict,
    RequirementMissing,
    ResultUnusable,
)
from .base import Problem, ShipError, printable
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
)
from .git import BranchMissing, BranchMoved, GitForbidden, GitUnavailable, PushRefused
from .registry import (
    DigestMismatch,
    ImageNotFound,
    InvalidManifest,
    RegistryForbidden,
    RegistryRefused,
    RegistryUnavailable,
    TagTaken,
)
from .user_input import (
    FileMissing,
    InvalidFile,
    InvalidReference,
    InvalidRequest,
    LfsMissing,
    RepositoryError,
    SchemaMismatch,
    SubmoduleMissing,
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
    "FileMissing",
    "GitForbidden",
    "GitUnavailable",
    "HostileArchive",
    "ImageNotFound",
    "InvalidFile",
    "InvalidManifest",
    "InvalidReference",
    "InvalidRequest",
    "JobFailed",
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
    "ShipError",
    "SubmoduleMissing",
    "TagTaken",
    "printable",
]
