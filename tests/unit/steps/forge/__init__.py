"""Tests of buildbot_ship/steps/forge/."""
