"""`python -m vae_edu.cli`."""

import sys

from . import main

sys.exit(main())
