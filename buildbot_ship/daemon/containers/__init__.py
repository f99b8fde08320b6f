"""Throw-away containers: made, given a job, read, and gone."""
