"""Read Dockerfiles: lines, words, variables, instructions, and pinned base images."""
