"""`doctor`: checks of everything that a build needs, each with what to do."""
