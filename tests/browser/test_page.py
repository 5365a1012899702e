"""A diary's page in a real browser: search, sources, themes, small windows, and hostile text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.keys import Keys

from core.html.hostile import hostile_diary
from core.html.reading import HOSTILE
from diarist import Message, SyncDiary

if TYPE_CHECKING:
    from pathlib import Path

    from browser.chromium import Browser

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEN = (
    "[...document.querySelectorAll('{}')].filter(e => e.checkVisibility()).map(e => e.textContent)"
)
PAPER = """(() => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const paint = (...colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
    const part = (value) => value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const has = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!has || !element.checkVisibility() || element.closest("style, script")) continue;
    const below = [];
    for (let at = element; at; at = at.parentElement) {
      below.unshift(getComputedStyle(at).backgroundColor);
    }
    const paper = paint("white", ...below);
    const ink = paint("white", ...below, getComputedStyle(element).color);
    const [light, dark] = [Math.max(paper, ink), Math.min(paper, ink)];
    found.push([(light + 0.05) / (dark + 0.05), paper, element.outerHTML.slice(0, 80)]);
  }
  return found.sort((one, other) => one[0] - other[0]);
})()"""
"""Of all text the contrast, as WCAG 2 counts it, the paper's brightness, and where it stands."""


@pytest.fixture
def diary(tmp_path: Path) -> SyncDiary:
    diary = SyncDiary(tmp_path / "memories", clock=lambda: NOON)
    june = NOON.replace(month=6)
    diary.update_memory("ana", "chat_1", "I'm allergic to walnuts.", "Noted.", at=NOON)
    diary.update_memory("ana", "chat_2", "I love black coffee.", "All right.", at=june)
    diary.update_memory("ana", "chat_2", "Fado at the café was lovely!", "Oh!", at=june)
    diary.upsert_preference("ana", "likes", "enjoy long walks", contexts=["weekends"])
    diary.notes.put("ana", ("recipes", "soup"), "caldo verde", {"minutes": 40, "kale": True})
    diary.notes.put("ana", ("inbox",), "call", "Call Rui back", ttl=timedelta(days=1))
    diary.notebook("ana").append("- prefers short answers")
    return diary


def search(browser: Browser, words: str) -> None:
    box = browser.driver.find_element("id", "query")
    box.clear()
    box.send_keys(words)


def seen(browser: Browser, selector: str) -> list[str]:
    """Return the texts of the elements that are to be seen."""
    return browser.ask(SEEN.format(selector))


# ---------------------------------------------------------------- search


def test_search_shows_what_has_all_the_words_and_counts_it(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    assert len(seen(browser, ".entry")) == 8
    search(browser, "COFFEE black")
    assert seen(browser, "#preferences .entry > .said") == ["love black coffee"]
    assert ["chat_2" in text for text in seen(browser, "#conversations .entry")] == [True]
    assert browser.text("#matches") == "2 matches"
    assert browser.text("nav") == "\n".join(
        ["Preferences 1 of 3", "Conversations 1 of 2", "Notes 0 of 2", "Notebooks 0 of 1"]
    )
    assert "ALLERGIES" not in browser.text("#preferences"), "a category without a match is away"
    search(browser, "coffee walnuts")
    assert browser.text("#matches") == "no matches"
    assert seen(browser, ".entry") == []
    search(browser, "weekends")
    assert browser.text("#matches") == "1 match"
    search(browser, "1 message")
    assert browser.text("#matches") == "no matches", "what the page itself says is not found"
    search(browser, "kale")
    assert browser.text("#matches") == "1 match"
    assert "caldo verde" in seen(browser, ".entry")[0]


def test_what_has_to_be_opened_to_be_seen_is_found_and_opened(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    assert seen(browser, ".message") == []
    search(browser, "cafe")  # without its accent
    (shown,) = seen(browser, ".message")
    assert "Fado at the café was lovely!" in shown
    search(browser, "I'm allergic")
    assert any("I'm allergic to walnuts." in text for text in seen(browser, "blockquote"))
    search(browser, "x")
    browser.press(Keys.BACKSPACE)
    assert seen(browser, ".message") == seen(browser, "blockquote") == []
    assert len(seen(browser, ".entry")) == 8
    assert browser.text("#matches") == ""


def test_a_slash_goes_to_the_search_and_escape_ends_it(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    browser.press("/")
    assert browser.ask("document.activeElement.id") == "query"
    browser.press("tea/")
    assert browser.ask("document.getElementById('query').value") == "tea/"
    browser.press(Keys.ESCAPE)
    assert browser.ask("document.activeElement.localName") == "body"
    assert len(seen(browser, ".entry")) == 8
    browser.press("/walnuts")
    browser.press(Keys.ENTER)
    assert browser.text("#matches") == "2 matches"


def test_what_was_found_is_marked(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    search(browser, "walnuts")
    marked = browser.ask("[...CSS.highlights.get('found')].map(String)")
    assert set(marked) == {"walnuts"}
    search(browser, "x")
    browser.press(Keys.BACKSPACE)
    assert browser.ask("CSS.highlights.has('found')") is False


# ---------------------------------------------------------------- sources


def test_a_click_shows_the_message_behind_a_preference(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    assert seen(browser, "blockquote") == []
    browser.click("#preferences summary")
    (quote,) = seen(browser, "blockquote")
    for part in ("I'm allergic to walnuts.", "1 Mar 2026, 12:00", "chat_1#1", "user"):
        assert part in quote


def test_a_link_goes_from_there_into_the_conversation(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    search(browser, "allergic")
    browser.driver.execute_script("document.querySelector('#preferences details').open = true")
    browser.click("blockquote a")
    assert any("I'm allergic to walnuts." in text for text in seen(browser, ".message"))
    place = browser.ask("document.querySelector('.message:target').getBoundingClientRect().top")
    assert 0 <= place <= 800
    anchor = browser.ask("location.hash")
    browser.open(diary.view("ana"), anchor)
    assert len(seen(browser, ".message:target")) == 1


# ---------------------------------------------------------------- any reader, any window


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_is_legible_in_both_themes(
    browser: Browser, diary: SyncDiary, tmp_path: Path, theme: str
):
    browser.look(theme=theme)
    (tmp_path / "memories" / "ana" / "preferences.toml").write_text("oops")
    browser.open(diary.view("ana"))
    browser.driver.execute_script(
        "for (const each of document.querySelectorAll('details')) each.open = true"
    )
    texts = browser.ask(PAPER)
    assert len(texts) > 50
    assert texts[0][0] >= 4.5, texts[0]
    assert all((paper > 0.5) is (theme == "light") for _, paper, _ in texts)


def test_it_fits_a_phone(browser: Browser, diary: SyncDiary, tmp_path: Path):
    browser.look(width=360)
    for html in (diary.view("ana"), hostile_diary(tmp_path / "h", "x" * 400).view("ana")):
        browser.open(html)
        browser.driver.execute_script(
            "for (const each of document.querySelectorAll('details')) each.open = true"
        )
        width = browser.ask("document.documentElement.clientWidth")
        assert browser.ask("document.documentElement.scrollWidth") == width <= 360


def test_text_from_right_to_left_leaves_what_stands_beside_it_in_order(
    browser: Browser, tmp_path: Path
):
    diary = SyncDiary(tmp_path / "memories", clock=lambda: NOON)
    diary.upsert_preference("ana", "likes", "أحب القهوة السوداء", id="new")
    browser.open(diary.view("ana"))
    line = "document.querySelector('#preferences .facts')"
    assert browser.ask(f"getComputedStyle({line}.previousSibling).direction") == "rtl"
    places = browser.ask(f"[...{line}.children].map(e => e.getBoundingClientRect().left)")
    assert places == sorted(places)
    digit = f"(() => {{ const range = new Range(); const day = {line}.querySelector('time');"
    digit += " range.setStart(day.firstChild, 0); range.setEnd(day.firstChild, 1);"
    digit += f" return range.getBoundingClientRect().left - {line}.firstChild"
    digit += ".getBoundingClientRect().right })()"
    assert browser.ask(digit) > 0, "the day's number is not drawn into the name before it"


def test_without_scripts_all_of_it_can_be_read(browser: Browser, diary: SyncDiary):
    browser.allow_scripts(False)
    browser.open(diary.view("ana"))
    assert browser.ask("document.getElementById('search').checkVisibility()") is False
    assert len(seen(browser, ".entry")) == 8
    browser.click("#preferences summary")
    assert "I'm allergic to walnuts." in seen(browser, "blockquote")[0]


def test_on_paper_it_is_black_on_white_without_the_search(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    browser.look(theme="dark", media="print")
    assert browser.ask("document.querySelector('.bar').checkVisibility()") is False
    assert browser.ask("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_screen_reader_is_told_what_is_what(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    roles = browser.roles()
    for role in ("banner", "main", "contentinfo", "search", "navigation", "status"):
        assert len(roles[role]) == 1, role
    assert roles["searchbox"] == ["Search"]
    assert roles["region"] == [
        "Preferences", "Conversations", "Notes", "Notebooks", "As it is stored",
    ]  # fmt: skip
    assert "The diary of ana" in roles["heading"]


def test_it_asks_no_server_and_the_browser_complains_of_nothing(browser: Browser, diary: SyncDiary):
    browser.open(diary.view("ana"))
    search(browser, "walnuts")
    assert [url.partition(":")[0] for url in browser.requests if url != "about:blank"] == ["file"]
    assert browser.complaints == []
    assert browser.ask("violations") == []


# ---------------------------------------------------------------- hostile text


def test_hostile_text_never_runs(browser: Browser, tmp_path: Path):
    browser.open(hostile_diary(tmp_path / "memories", HOSTILE).view("ana"))
    search(browser, "script")
    assert len(seen(browser, ".entry")) >= 5
    assert browser.ask("window.pwned") is None
    assert browser.ask("document.images.length") == 0
    assert (browser.ask("violations"), browser.complaints) == ([], [])


def test_even_what_got_past_the_escaping_would_not_run(browser: Browser, diary: SyncDiary):
    inside = (
        "<script>window.pwned = 1</script><img src='http://192.0.2.1/' onerror='window.pwned = 2'>"
        "<style>body { display: none }</style><p style='color: red' onclick='window.pwned = 3'>"
        "<iframe src='javascript:parent.pwned = 4'></iframe><a href='javascript:pwned = 5'>here</a>"
    )
    html = diary.view("ana").replace("love black coffee", inside, 1)
    browser.open(html)
    assert browser.ask("window.pwned") is None
    assert browser.ask("getComputedStyle(document.body).display") != "none"
    told = set(browser.ask("violations"))
    assert {"script-src-elem", "script-src-attr", "img-src", "style-src-elem"} <= told
    assert "style-src-attr" in told
    assert [url for url in browser.requests if url.startswith("http")] == [], "it was stopped"


# ---------------------------------------------------------------- notebooks


@pytest.mark.parametrize(
    ("around", "is_light"),
    [
        ("", True),
        ("body { background: #111; color: #e8e8e8 }", False),
        (":root { --jp-content-font-color1: white } body { background: #111 }", False),
    ],
    ids=["plain", "a dark page", "JupyterLab's dark theme"],
)
def test_what_a_notebook_shows_is_legible_in_any_theme(
    browser: Browser, diary: SyncDiary, around: str, is_light: bool
):
    values = [
        diary.preferences("ana"),
        diary.last_conversations("ana"),
        diary.recall("ana", "coffee"),
        diary.context("ana", "coffee"),
        diary.messages.read("ana", "chat_1"),
        diary.notes.list("ana"),
    ]
    diary.messages.append("ana", "s", [Message("user", "tea")])
    shown = [value._repr_html_() for value in values] * 2  # type: ignore[attr-defined]
    browser.open(f"<meta charset=utf-8><style>{around}</style>{''.join(shown)}")
    texts = browser.ask(PAPER)
    assert len(texts) > 30
    assert texts[0][0] >= 4.5, texts[0]
    assert all((paper > 0.5) is is_light for _, paper, _ in texts)
    assert browser.complaints == []
