"""The wheels of a commit: download, build and repack them."""
