"""Own base images: copied, derived, pinned."""
