"""Take the picture of docs/view.md: `python tests/browser/screenshot.py`, in its own fonts.

A small diary that is made up here, its page in light and in dark, side by side.
"""

from __future__ import annotations

import io
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from browser.chromium import Browser, start  # noqa: E402
from diarist import SyncDiary  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "view.png"
WIDTH, HEIGHT = 620, 860
SAID = [
    ("2026-02-03T08:40", "hello", "My name is Ana, and I live in Leeds.", "Nice to meet you, Ana!"),
    ("2026-02-03T08:41", "hello", "I'm allergic to walnuts, and I love black coffee.", "Noted."),
    ("2026-03-11T17:05", "dinner", "I'm vegetarian, so no fish, please.", "Caldo verde, then?"),
    ("2026-03-11T17:06", "dinner", "Lovely! I usually have dinner at 8.", "There is time to cook."),
    ("2026-03-11T17:09", "dinner", "Nothing with cilantro: I hate it.", "Parsley will do."),
    ("2026-04-20T12:31", "the move", "I moved from Leeds to Porto.", "How is the light there?"),
    ("2026-04-20T12:33", "the move", "I want to learn Portuguese.", "Bom dia!"),
    ("2026-05-08T09:15", "mornings", "I don't like black coffee any more.", "Oh! What then?"),
    ("2026-05-08T09:16", "mornings", "I love green tea. And I'm allergic to walnuts.", "I know."),
]
NOW = datetime(2026, 5, 9, 18, tzinfo=UTC)


def made_up(folder: str) -> SyncDiary:
    """Return Ana's diary."""
    diary = SyncDiary(folder, clock=lambda: NOW)
    for at, session, user, assistant in SAID:
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        diary.update_memory("Ana", session, user, assistant, at=moment)
    diary.notes.put("Ana", ("recipes", "soup"), "caldo verde", {"minutes": 40, "serves": 2})
    diary.notes.put("Ana", ("inbox",), "call", "Call Rui back", ttl=timedelta(days=1))
    diary.notebook("Ana").append("- Ana's team meets on Mondays.")
    return diary


def main() -> None:
    """Take it."""
    driver = start()
    assert driver is not None, "Chromium is missing"
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(driver, Path(folder))
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        page = made_up(folder).view("Ana")
        both = Image.new("RGB", (2 * WIDTH, HEIGHT))
        for place, (theme, shown) in enumerate(
            {
                "light": "document.querySelector('#preferences details').open = true",
                "dark": "document.querySelector('.messages').open = true;"
                "document.querySelector('#conversations').scrollIntoView()",
            }.items()
        ):
            browser.look(width=WIDTH, height=HEIGHT, theme=theme)
            browser.open(page)
            driver.execute_script(shown)
            taken = Image.open(io.BytesIO(browser.picture()))
            both.paste(taken.crop((0, 0, WIDTH, HEIGHT)), (place * WIDTH, 0))
        driver.quit()
    PICTURE.parent.mkdir(exist_ok=True)
    both.quantize(160).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
