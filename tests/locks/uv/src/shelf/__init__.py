"""Lend books."""
