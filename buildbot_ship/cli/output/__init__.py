"""What the command line shows on a terminal, and writes to a file."""
