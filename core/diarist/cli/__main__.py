"""`python -m diarist.cli` is `diarist`."""

from __future__ import annotations

from diarist.cli import main

main()
