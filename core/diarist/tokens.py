"""How long a text is for a model, estimated."""

from __future__ import annotations

import re

_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")


def estimate(text: str) -> int:
    """Return about how many tokens `text` has, rather too many than too few.

    Four characters a token, the usual rule for English; one for each character of Chinese,
    Japanese and Korean. Pass `count_tokens=` to a diary for the counter of your model.

    >>> estimate("Hello there!"), estimate("")
    (3, 0)
    """
    unspaced = len(_UNSPACED.findall(text))
    return unspaced + (len(text) - unspaced + 3) // 4
