"""Buildbot's own test helpers turn every warning into an error; ours are not the only ones."""

import warnings

import buildbot.test  # noqa: F401

warnings.filterwarnings("default", category=DeprecationWarning)
