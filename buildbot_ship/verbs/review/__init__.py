"""Generated files as branches for review."""
