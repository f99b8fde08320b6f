"""Images in the engine: build, pull, push, export."""
