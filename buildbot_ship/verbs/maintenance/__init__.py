"""Maintenance: garbage collection, and the check that builds are reproducible."""
