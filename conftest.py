"""What holds for every test and doctest: no home folder is written to, CrewAI asks nobody anything.

Its packages pin others, so one of the two environments of `.ci/run` is without it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

FOUND_FROM_HOME = {
    "PYENV_ROOT": ".pyenv",
    "UV_CACHE_DIR": ".cache/uv",
    "UV_CONFIG_FILE": ".config/uv/uv.toml",
    "UV_PYTHON_INSTALL_DIR": ".local/share/uv/python",
}
"""What the installer of the tests of the wheel goes on to use."""

_home = TemporaryDirectory(prefix="home-")
for _name, _place in FOUND_FROM_HOME.items():
    if (Path.home() / _place).exists():
        os.environ.setdefault(_name, str(Path.home() / _place))
os.environ["HOME"] = _home.name  # CrewAI keeps a key there, and Chromium its settings

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
