"""Requirements as people and tools write them: loose, strict, and what building needs."""
