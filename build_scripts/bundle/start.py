"""Where the frozen program starts."""

import os
import sys

from app.__main__ import main
from app.platform.own_program import forget_the_bundle

forget_the_bundle(os.environ)
sys.exit(main())
