"""Arguments of the verbs that write and check lock files."""
