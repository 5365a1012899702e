"""`python -m diarist_compat.memory_mini` is memory-mini's command."""

import sys

from diarist_compat.memory_mini.cli import main

sys.exit(main())
