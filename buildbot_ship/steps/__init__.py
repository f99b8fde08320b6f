"""The steps for `master.cfg`: each sends one request to a worker and shows the result."""

from .base.step import ShipStep
from .bases import DeriveBase, PinBase, RetagBase
from .checkout import Checkout
from .maintenance import CollectGarbage, VerifyReproducible
from .promotion import PromoteImage
from .published import FindPublished
from .push import PushTagged
from .requirements import CheckRequirements, HardenRequirements
from .review import ProposeChange
from .secrets import CheckSecrets
from .shipping import BuildPex, BuildRuntimeImage, BuildWheels
from .smoke import SmokeTest

__all__ = [
    "BuildPex",
    "BuildRuntimeImage",
    "BuildWheels",
    "CheckRequirements",
    "CheckSecrets",
    "Checkout",
    "CollectGarbage",
    "DeriveBase",
    "FindPublished",
    "HardenRequirements",
    "PinBase",
    "PromoteImage",
    "ProposeChange",
    "PushTagged",
    "RetagBase",
    "ShipStep",
    "SmokeTest",
    "VerifyReproducible",
]
