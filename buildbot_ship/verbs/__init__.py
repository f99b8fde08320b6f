"""One function per file: gather facts, let ``model`` decide, act.

Collaborators are arguments; nothing here knows Buildbot, argv or standard output.
"""
