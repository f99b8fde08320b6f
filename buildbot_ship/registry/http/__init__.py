"""HTTP requests to registries: authentication, retries, timeouts, uploads, downloads."""
