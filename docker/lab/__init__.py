"""A machine to play on: engine, registries, bases, git server, master, worker.

The demo and the tests share it. ``bootstrap`` and what it imports run under a bare system
Python; everything else runs in the virtual environment that ``bootstrap`` makes.
"""
