"""The verbs: one function for each command of ``buildbot-ship``.

A verb reads its inputs, lets ``model`` decide, and acts.  Its collaborators are arguments.
Nothing here knows Buildbot, the command line or standard output.
"""
