"""Registries: the client of the distribution API, image copies, the shared cache."""
