"""Publish images to registries, and find published ones."""
