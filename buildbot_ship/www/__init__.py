"""The Ship page of Buildbot's web UI: what is published, from what, and what to do about it.

Its Python part answers questions with JSON.  ``static/`` is the page: JavaScript without a
build step, which uses the React of Buildbot's own UI.
"""
