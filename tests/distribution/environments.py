"""What is built of diarist, and clean environments in which it is installed with other releases."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lacking import lack

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[2]
SMOKE = Path(__file__).with_name("smoke")


@cache
def _uv() -> str:
    """Return uv, which `make` puts beside the Python that runs the tests where there is none."""
    beside = Path(sys.executable).parent
    found = shutil.which("uv", path=f"{os.environ['PATH']}{os.pathsep}{beside}")
    if found is None:
        lack("uv is missing: make puts one into .venv, or pip install uv")
    return str(found)


def uv(*arguments: str | os.PathLike[str], **environment: str) -> str:
    """Return what uv prints; skip the test where it has no network."""
    done = subprocess.run(
        [_uv(), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode and "dns error" in done.stderr:
        lack(f"the package index can't be reached: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def python(version: str) -> Path | None:
    """Return an installed Python, also one of pyenv's that is not switched on; None without one."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [os.environ["PATH"], *map(str, sorted(versions.glob(f"{version}.*/bin")))]
    done = subprocess.run(
        [_uv(), "python", "find", "--no-project", "--no-python-downloads", version],
        env={**os.environ, "PATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None


class Environment:
    """An installed wheel, in a folder of its own.

    Attributes:
        python: its interpreter.
        home: an empty folder, in which programs run.
    """

    def __init__(self, folder: Path) -> None:
        self.python = folder / "venv" / "bin" / "python"
        self.home = folder / "home"
        self.home.mkdir()

    def run(
        self, *command: str | os.PathLike[str], **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python there: isolated, so that nothing of the source tree can be imported."""
        return subprocess.run(
            [self.python, "-I", *command],
            cwd=self.home,
            env={**os.environ, "HOME": str(self.home), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def smoke(self, extra: str, *arguments: str, **environment: str) -> None:
        """Run a small, real use of an extra."""
        program = SMOKE / f"{extra.replace('-', '_')}.py"
        done = self.run(program, *arguments, **environment)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]

    def packages(self) -> list[str]:
        """Return the names of what is installed, diarist among them."""
        lines = uv("pip", "list", "--quiet", "--format", "freeze", "--python", self.python)
        return [line.partition("==")[0] for line in lines.splitlines()]


@contextmanager
def installed(
    wheel: Path, *extras: str, resolution: str = "highest", of: Path | None = None
) -> Generator[Environment]:
    """Give an environment with the wheel and what these extras need, from wheels alone.

    Args:
        wheel: the file.
        extras: their names.
        resolution: "highest", or "lowest-direct": the smallest that `pyproject.toml` allows. What
            is named on the command line only is no direct dependency of anything for uv.
        of: the Python, None for the one that runs the tests.
    """
    with tempfile.TemporaryDirectory(prefix="diarist-") as folder:
        environment = Environment(Path(folder))
        uv("venv", "--quiet", "--python", of or sys.executable, Path(folder) / "venv")
        uv(
            *("pip", "install", "--quiet", "--python", environment.python),
            *("--resolution", resolution, "--no-build"),
            *("-r", ROOT / "pyproject.toml"),
            *(word for extra in extras for word in ("--extra", extra)),
            wheel,
        )
        yield environment
