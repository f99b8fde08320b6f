"""Files and paths: the build context, path patterns, and the placement of copied files."""
