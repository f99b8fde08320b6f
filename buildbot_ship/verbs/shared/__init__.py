"""What several capabilities need: caches, container jobs, layers, the wheelhouse."""
