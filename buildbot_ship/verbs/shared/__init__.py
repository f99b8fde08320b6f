"""Shared by several verbs: caches, container jobs, layers, the wheelhouse."""
