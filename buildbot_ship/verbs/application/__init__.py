"""Pexes: the launcher, and the layers with its packages."""
