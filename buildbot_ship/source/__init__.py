"""The repository: git, and the tree at a commit."""
