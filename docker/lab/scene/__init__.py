"""The scene of faults: a master, workers, a registry that fails as told, and a git server."""
