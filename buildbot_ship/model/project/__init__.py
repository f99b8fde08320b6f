"""What a repository has, and the files that it needs to ship (``buildbot-ship init``)."""
