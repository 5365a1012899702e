"""Pydantic Deep's own tests of its memory, in its first version, pass with our names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from upstream import outcome, unpacked

PLUGIN = Path(__file__).with_name("deep_plugin.py")
OTHERS = {
    "test_create_with_include_memory", "test_create_with_custom_memory_dir",
    "test_create_without_memory", "test_create_with_memory_and_output_type",
    "test_subagent_gets_memory_when_enabled", "test_subagent_memory_disabled_via_extra",
    "test_subagent_memory_custom_max_lines", "test_subagent_preserves_existing_toolsets",
    "test_no_subagent_memory_when_include_memory_false",
}  # fmt: skip
"""They make an agent of Pydantic Deep, which is not what a memory is for."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_their_tests_pass_with_our_names(tmp_path: Path):
    pytest.importorskip("pydantic_ai")
    source = unpacked("pydantic-deep", "0.3.26") / "tests" / "test_memory.py"
    shutil.copy(source, tmp_path)  # away from their conftest, which needs all of their program
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    failed, passed, printed = outcome(tmp_path, "test_memory.py", PLUGIN)
    assert (failed, passed) == (OTHERS, 49), printed
