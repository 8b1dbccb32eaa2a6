"""`python -m amana` is the command `amana`."""

import sys

from amana.cli.main import main

sys.exit(main())
