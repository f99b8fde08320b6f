"""Faults that may be gone at the next attempt, and how often it is made.

A `Fault` never leaves this room: it is retried with exponential backoff, then it becomes
RegistryUnavailable.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import attrs
import requests

from ..daemon.interface import Log
from ..errors import RegistryUnavailable
