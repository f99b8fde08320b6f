"""The steps that a master offers: thin, one file each."""

from .base.step import ShipStep
from .bases import DeriveBase, PinBase, RetagBase
from .checkout import Checkout
from .maintenance import CollectGarbage, VerifyReproducible
from .published import FindPublished
from .requirements import CheckRequirements, HardenRequirements
from .review import ProposeChange
from .shipping import BuildPex, BuildRuntimeImage, BuildWheels, PushTagged

__all__ = [
    "BuildPex",
    "BuildRuntimeImage",
    "BuildWheels",
    "CheckRequirements",
    "Checkout",
    "CollectGarbage",
    "DeriveBase",
    "FindPublished",
    "HardenRequirements",
    "PinBase",
    "ProposeChange",
    "PushTagged",
    "RetagBase",
    "ShipStep",
    "VerifyReproducible",
]
