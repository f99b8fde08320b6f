"""HTTP to registries: authentication, retries, uploads, downloads."""
