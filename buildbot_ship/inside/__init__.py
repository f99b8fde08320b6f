"""Scripts that run in throw-away containers; nothing here imports buildbot_ship.

Each is called as ``PYTHON script.py JOB_FOLDER OUT_FOLDER`` with the other modules of
this folder beside it.  ``job.json`` in the job folder holds its arguments, and it
leaves ``result.json`` in the out folder (see `job`).  `entry` calls it, in a container.
"""
