"""Requirements: hardened, and checked."""
