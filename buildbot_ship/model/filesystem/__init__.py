"""Files and paths: what COPY takes, where it goes, what a base holds."""
