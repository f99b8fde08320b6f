"""Keep accounts."""
