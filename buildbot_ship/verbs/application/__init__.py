"""Pexes: the launcher, the layers with its dependency closure, and file conflicts."""
