"""How the command line shows progress on a terminal."""
