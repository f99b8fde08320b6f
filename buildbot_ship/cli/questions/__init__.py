"""Questions of the command line to a master."""
