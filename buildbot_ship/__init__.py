"""Ship Python applications in Docker from Buildbot."""
