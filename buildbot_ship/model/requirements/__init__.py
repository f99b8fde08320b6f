"""Requirement files: loose files, the strict file, the build lock, and staleness checks."""
