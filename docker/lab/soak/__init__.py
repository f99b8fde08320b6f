"""Soak commands: one promise of this project, repeated many times against real parts."""
