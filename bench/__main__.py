"""`python -m bench`: the main job, with one merchant and with five hundred."""

import sys

from bench.main_job import main

sys.exit(main())
