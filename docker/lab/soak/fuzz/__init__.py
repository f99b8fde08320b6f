"""Fuzz targets: one for each kind of text or archive that others write."""
