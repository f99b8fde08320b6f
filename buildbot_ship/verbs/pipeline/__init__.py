"""The pipeline: a whole build in one process, from wheels to push."""
