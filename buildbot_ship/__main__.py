"""``python -m buildbot_ship VERB``: what a step runs on its worker."""

import sys

from .cli import main

sys.exit(main())
