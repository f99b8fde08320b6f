"""Images in the engine: built, pulled, pushed, exported."""
