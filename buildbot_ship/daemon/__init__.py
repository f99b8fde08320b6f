"""The Docker Engine: throw-away containers, and images in the engine."""
