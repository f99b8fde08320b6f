"""The git repository: the tree of a commit, the working directory, and the git server."""
