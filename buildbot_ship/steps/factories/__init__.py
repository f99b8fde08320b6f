"""Build factories: whole builders for commits and nights."""
