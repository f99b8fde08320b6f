"""The step under all steps, and its options."""
