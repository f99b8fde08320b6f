"""Runtime images: assembled here, or built by the engine."""
