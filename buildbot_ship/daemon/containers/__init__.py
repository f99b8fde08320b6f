"""Throw-away containers: start one, run a job in it, read its output, remove it."""
