"""What holds for every test and doctest: CrewAI asks nobody for anything, and may be missing.

Its packages pin others, so one of the two environments of `.ci/run` is without it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from tempfile import TemporaryDirectory

_storage = TemporaryDirectory(prefix="crewai-")
os.environ.update(  # before anything imports crewai, which reads most of it once
    CREWAI_DISABLE_TELEMETRY="true",
    CREWAI_DISABLE_TRACKING="true",
    CREWAI_DISABLE_VERSION_CHECK="true",
    CREWAI_STORAGE_DIR=_storage.name,
    CREWAI_TRACING_ENABLED="false",
    OTEL_SDK_DISABLED="true",
)

collect_ignore = [  # are run where what they import is installed
    "tests/backends/with_tomldiary.py",
    "tests/distribution/smoke",
]
if find_spec("crewai") is None:
    collect_ignore.append("integrations/crewai_diarist")
if find_spec("psycopg") is None:
    collect_ignore.append("core/diarist/backends/postgres")
