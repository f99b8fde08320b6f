"""Pexes as images: assemble or build them, check them, load them into the engine."""
