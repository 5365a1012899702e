"""The wheel: what is in it, and each extra alone, with the newest and the smallest releases."""

from __future__ import annotations

import re
import subprocess
import tarfile
import zipfile
from contextlib import ExitStack
from email.parser import Parser
from typing import TYPE_CHECKING

import pytest

from backends import postgres_server
from backends.firestore_server import FirestoreServer
from distribution.environments import ROOT, SMOKE, installed, python, uv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from distribution.environments import Environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PACKAGES = [ROOT / "core/diarist", *sorted((ROOT / "integrations").iterdir())]
EXTRAS = [
    "cli", "crewai", "firestore", "langchain", "llama-index", "postgres", "pydantic-ai", "vectors",
]  # fmt: skip
FORGOTTEN = """
from importlib import import_module
import diarist

def told(get):
    try:
        get()
    except ImportError as error:
        print(type(error).__name__, error)

for package in ("crewai", "langchain", "llama_index", "pydantic_ai"):
    module = import_module(f"{package}_diarist")
    for name in module.__all__:
        told(lambda: getattr(module, name))
told(lambda: import_module("diarist_compat").AgentMemoryToolset)
told(lambda: diarist.PostgresBackend("postgresql://app@db.example/diary"))
told(lambda: diarist.PostgresRecords("postgresql://app@db.example/diary"))
told(lambda: diarist.FirestoreBackend("project"))
told(lambda: diarist.Diary("memories", embed=lambda texts: [[0.0] for _ in texts]))
told(lambda: import_module("diarist.testing").DocumentStoreTests)
told(lambda: import_module("diarist.testing").RecordStoreTests)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def plain(wheel: Path) -> Iterator[Environment]:
    with installed(wheel) as environment:
        yield environment


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# ---------------------------------------------------------------- what is in it


def test_the_wheel_has_the_packages_with_their_types_rules_and_prompts_and_nothing_else(
    wheel: Path,
):
    files = contents(wheel)
    metadata = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    expected = {f"diarist-{wheel.name.split('-')[1]}.dist-info/{name}" for name in metadata}
    for package in PACKAGES:
        expected |= {
            path.relative_to(package.parent).as_posix()
            for path in package.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
    assert set(files) == expected
    for package in PACKAGES:
        assert f"{package.name}/py.typed" in files
    assert files["diarist/extraction/rules/allergy.toml"]
    assert files["diarist/extraction/prompts/extract-2.md"]


def test_the_wheel_says_what_it_needs_and_shows_the_readme(wheel: Path):
    files = contents(wheel)
    name = next(name for name in files if name.endswith("/METADATA"))
    metadata = Parser().parsestr(files[name].decode())
    assert sorted(metadata.get_all("Provides-Extra", [])) == EXTRAS
    assert {path.stem.replace("_", "-") for path in SMOKE.glob("*.py")} == {*EXTRAS, "plain"}
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {re.split(r"[<>=]", line)[0] for line in needed} == {"pydantic", "rapidfuzz", "tomlkit"}
    assert metadata["License-Expression"] == "MIT"
    assert str(metadata.get_payload()) == (ROOT / "README.md").read_text()


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path):
    uv("build", "--quiet", "--wheel", "--out-dir", tmp_path)
    assert contents(next(tmp_path.glob("*.whl"))) == contents(wheel)


def test_the_source_distribution_has_all_that_is_kept(built: Path):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    kept = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names - {"PKG-INFO"} == kept


# ---------------------------------------------------------------- installed


def test_a_plain_install_works_and_brings_few_packages(plain: Environment):
    packages = plain.packages()
    assert {"diarist", "pydantic", "rapidfuzz", "tomlkit"} <= set(packages)
    assert len(packages) <= 15, packages
    plain.smoke("plain")


def test_who_forgot_an_extra_is_told_which(plain: Environment):
    done = plain.run("-c", FORGOTTEN)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > 25
    for line in lines:
        assert re.fullmatch(r"MissingExtraError \S.+: pip install ('diarist\[\S+\]'|pytest)", line)
    told = set(re.findall(r"diarist\[(\S+)\]", done.stdout))
    assert told == set(EXTRAS) - {"cli"}
    command = plain.run("-m", "diarist.cli", "users")
    assert command.returncode == 2
    assert command.stderr == ("diarist: the command line needs more: pip install 'diarist[cli]'\n")


@pytest.mark.parametrize("resolution", ["highest", "lowest-direct"])
@pytest.mark.parametrize("extra", [*EXTRAS, "plain"])
def test_each_extra_alone_works(wheel: Path, extra: str, resolution: str):
    extras = [] if extra == "plain" else [extra]
    with installed(wheel, *extras, resolution=resolution) as environment:
        smoke(environment, extra)


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_all_extras_but_crewai_work_together_in_another_python(wheel: Path, version: str):
    found = python(version)
    if found is None:
        pytest.skip(f"there is no Python {version} here")
    together = [extra for extra in EXTRAS if extra != "crewai"]
    with installed(wheel, *together, of=found) as environment:
        for extra in together:
            smoke(environment, extra)


def smoke(environment: Environment, extra: str) -> None:
    """Run an extra's small use, beside the server that it needs."""
    with ExitStack() as stack:
        if extra == "postgres":
            environment.smoke(
                extra, postgres_server.DSN, stack.enter_context(postgres_server.schema())
            )
        elif extra == "firestore":
            server = stack.enter_context(FirestoreServer())
            environment.smoke(extra, FIRESTORE_EMULATOR_HOST=server.address)
        else:
            environment.smoke(extra)
