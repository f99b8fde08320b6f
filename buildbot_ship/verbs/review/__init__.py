"""Review: propose generated files as branches."""
