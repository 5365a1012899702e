"""What of a memory can't be serialized, kept in this process under a name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast
from uuid import uuid4

from llama_index.core import utils
from llama_index.core.memory.memory import DEFAULT_MEMORY_BLOCKS_TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llama_index.core.memory import BaseMemoryBlock
    from llama_index.core.prompts import RichPromptTemplate

    Tokenizer: TypeAlias = Callable[[str], list[Any]]

_log = logging.getLogger("diarist.llama_index")


class Parts(NamedTuple):
    """Blocks, their template and the tokenizer of a memory."""

    blocks: Sequence[BaseMemoryBlock[Any]]
    template: RichPromptTemplate
    tokenizer: Tokenizer

    @property
    def are_usual(self) -> bool:
        """Whether every memory has these where nothing is said."""
        is_template = self.template is DEFAULT_MEMORY_BLOCKS_TEMPLATE
        return not self.blocks and is_template and self.tokenizer is usual_tokenizer()

    def kept(self, name: str | None) -> str:
        """Keep them under a name, None for a new one, and return it."""
        name = name or uuid4().hex
        _kept[name] = self
        return name


_kept: dict[str, Parts] = {}


def parts_of(name: str | None) -> Parts:
    """Return the parts with a name; for None, and where another process has them, the usual."""
    if name is not None and name not in _kept:
        _log.warning(
            "a memory had blocks, a template or a tokenizer in another process, and goes on "
            "without; open it with them here, and pass it to the run"
        )
    usual = Parts((), DEFAULT_MEMORY_BLOCKS_TEMPLATE, usual_tokenizer())
    return _kept.get(name or "", usual)


def usual_tokenizer() -> Tokenizer:
    """Return LlamaIndex's own tokenizer."""
    return cast("Any", utils).get_tokenizer()
