"""The demo and test environment: engine, registries, bases, git server, master, worker.

``bootstrap`` and its imports run with the system Python and no packages. All other modules run
in the virtual environment that ``bootstrap`` creates.
"""
