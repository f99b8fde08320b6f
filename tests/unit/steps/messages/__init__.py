"""Tests of buildbot_ship/steps/messages/."""
