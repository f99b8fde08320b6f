"""What a Buildbot master has, and what it lacks to ship (``buildbot-ship adopt``)."""
