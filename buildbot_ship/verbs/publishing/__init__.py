"""Images in registries: published, and found."""
