"""Secrets that are sealed in the repository: the verb ``secrets`` and its actions."""
