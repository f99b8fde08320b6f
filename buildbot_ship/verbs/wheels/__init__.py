"""The wheelhouse of a commit: fetched, built, repacked."""
