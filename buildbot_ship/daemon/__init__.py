"""Everything that speaks to Docker."""
