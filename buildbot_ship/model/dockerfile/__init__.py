"""The Dockerfile as people write it: its words, its instructions, its pins."""
