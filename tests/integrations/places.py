"""What a diary is kept in, in the tests of all frameworks: a folder, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from diarist import PostgresBackend

Place: TypeAlias = Path | PostgresBackend
