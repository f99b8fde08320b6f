"""The steps that a master offers: thin, one file each."""

from .check import CheckRequirements
from .checkout import Checkout
from .derive import DeriveBase
from .find import FindPublished
from .gc import CollectGarbage
from .harden import HardenRequirements
from .image import BuildRuntimeImage
from .pex import BuildPex
from .pin import PinBase
from .propose import ProposeChange
from .push import PushTagged
from .retag import RetagBase
from .ship import ShipStep
from .verify import VerifyReproducible
from .wheels import BuildWheels

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
