"""The composition root: argv and standard input to a request, a verb run, a result out."""

from .main import main

__all__ = ["main"]
