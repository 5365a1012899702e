"""What makes a message the one that is meant, each sign by itself: without its weight it isn't."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from core.recall.conftest import NOW
from diarist import Message
from diarist.recall.features import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.recall.conftest import Sources
    from diarist import SyncDiary


class Scene(NamedTuple):
    """What was said, a list for each session; "*" the meant message, "!" its rival."""

    weight: str
    question: str
    sessions: tuple[tuple[str, ...], ...]


FILLER = "We walked along the river until noon and then had soup in the small place there."
SCENES = (
    Scene(
        "words",
        "walnut cake",
        (
            (
                "*The walnut cake was great.",
                "!Yes, and then we went to the old harbour until the rain came and all ran home.",
            ),
        ),
    ),
    Scene(
        "session",
        "Which hotel in Lisbon?",
        (
            ("!The hotel was close to the river.",),
            ("Lisbon, then!", FILLER, FILLER, "*The hotel was close to the castle."),
        ),
    ),
    Scene(
        "length",
        "What about the piano?",
        (
            (
                "!Piano, yes!",
                *(FILLER for _ in range(4)),
                "*The piano came from my grandmother, who bought it in Vienna and played on it.",
            ),
        ),
    ),
    Scene(
        "speaker",
        "What does Bruno like?",
        (("!Ana: I like green tea.",), ("*Bruno: I like black coffee and rye bread.",)),
    ),
    Scene(
        "before",
        "favourite mountain hut",
        (
            (
                "My favourite mountain hut: guess.",
                "*It lies above the lake, behind the pass.",
                FILLER,
                f"!{FILLER}",
            ),
        ),
    ),
    Scene(
        "answer",
        "name of the new dentist",
        (
            ("Tell me the name of the new dentist.", "!I will look for it on Monday, dear."),
            ("What is the name of the new dentist?", "*It is Doctor Moreira, in Rua Direita."),
        ),
    ),
    Scene(
        "when",
        "When did you buy the car?",
        (
            ("!I did buy the car for my mother.",),
            ("*I did buy the car last Friday, with my mother and with all of our money.",),
        ),
    ),
    Scene(
        "near",
        "carpet colour",
        ((f"!{FILLER}", FILLER, FILLER, "*Let me go and look, dear.", "The carpet colour, then."),),
    ),
    Scene(
        "asks",
        "What is the dog called?",
        (("!What is the dog called?",), ("*The dog is called Rex, after the old one.",)),
    ),
)


def store(diary: SyncDiary, scene: Scene) -> tuple[str, str]:
    """Store what was said, all at the same hour; return the sources of the meant and its rival."""
    marked: dict[str, str] = {}
    for session, texts in enumerate(scene.sessions):
        said: list[Message] = []
        for number, marked_text in enumerate(texts, 1):
            text = marked_text.lstrip("*!")
            if text != marked_text:
                marked[marked_text[0]] = f"s{session}#{number}"
            name, colon, rest = text.partition(": ")
            is_named = colon and name in ("Ana", "Bruno")
            # each filler is another one, for equal texts are shown once
            end = f" {session}{number}" if text == FILLER else ""
            said.append(
                Message("user", rest if is_named else text + end, name if is_named else None)
            )
        diary.messages.append("ana", f"s{session}", said)
    return marked["*"], marked["!"]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.weight)
def test_each_sign_brings_its_message_to_the_front(
    diary: SyncDiary, sources: Sources, weigh: Callable[..., None], scene: Scene
):
    meant, rival = store(diary, scene)
    found = sources(scene.question)
    assert found.index(meant) < found.index(rival)
    if scene.weight not in ("session", "before", "answer", "near"):  # whose words are elsewhere
        assert found[0] == meant
    weigh(**{scene.weight: 0})
    found = sources(scene.question)
    assert found.index(rival) < found.index(meant)


def test_every_weight_is_seen_to_matter():
    """Those of time are below; those of meaning need an embedder."""
    assert {scene.weight for scene in SCENES} | {"time", "meaning"} == set(WEIGHTS)


# ---------------------------------------------------------------- names


def test_a_name_is_a_name_with_its_accents_or_without(diary: SyncDiary, sources: Sources):
    for session, name in enumerate(("Zoë Lima", "José")):
        text = f"I like {'black' if session else 'green'} tea"
        diary.messages.append("ana", f"s{session}", [Message("user", text, name)])
    for query, source in [
        ("What does Jose like?", "s1#1"),
        ("What does JOSÉ like?", "s1#1"),
        ("What does zoe like?", "s0#1"),
        ("What does Lima's friend like?", "s0#1"),
    ]:
        hit = diary.recall("ana", query)[0]
        assert (hit.source, hit.features.get("speaker")) == (source, 1.0)


def test_a_word_that_only_resembles_a_name_is_looked_for(diary: SyncDiary, sources: Sources):
    diary.messages.append("ana", "s0", [Message("user", "I planted yellow tulips", "Rose")])
    diary.messages.append("ana", "s1", [Message("user", "I planted yellow roses", "Bruno")])
    assert sources("Who planted roses?")[0] == "s1#1"
    assert sources("What has Rose planted?")[0] == "s0#1"


# ---------------------------------------------------------------- times

TIMES = {
    "What did the gardener do on 7 May 2025?": datetime(2025, 5, 7),
    "What did the gardener do on May 7th, 2025?": datetime(2025, 5, 7),
    "What did the gardener do on 2025-02-11?": datetime(2025, 2, 11),
    "What did the gardener do in 2019?": datetime(2019, 8, 30),
    "What did the gardener do in November?": datetime(2024, 11, 3),
    "What did the gardener do in July 2022?": datetime(2022, 7, 14),
    "What did the gardener do yesterday?": datetime(2026, 3, 17),
    "What did the gardener do today?": datetime(2026, 3, 18),
    "What did the gardener do last week?": datetime(2026, 3, 12),
    "What did the gardener do two months ago?": datetime(2026, 1, 20),
    "What did the gardener do on Sunday?": datetime(2026, 3, 15),
    "What did the gardener do last Monday?": datetime(2026, 3, 16),
}
PLANTS = "rose lily oak pine fern ivy palm aloe moss reed sage mint".split()


@pytest.mark.parametrize("question", TIMES)
def test_a_time_in_the_question_brings_what_was_said_then_to_the_front(
    diary: SyncDiary, sources: Sources, weigh: Callable[..., None], question: str
):
    """All say as much about the gardener; one more, at no time of these, says it best."""
    assert NOW.weekday() == 2
    when = sorted({at.replace(tzinfo=UTC) for at in TIMES.values()})
    for number, at in enumerate(when):
        text = f"The gardener came with a {PLANTS[number]}, then he drank a cup of tea."
        diary.messages.append("ana", f"s{number}", [Message("user", text, at=at)])
    best = Message("user", "What the gardener did: he came.", at=NOW - timedelta(days=40))
    diary.messages.append("ana", "best", [best])
    assert sources(question)[0] == f"s{when.index(TIMES[question].replace(tzinfo=UTC))}#1"
    weigh(time=0)
    assert sources(question)[0] == "best#1"


def test_the_clock_decides_what_last_week_is(diary: SyncDiary, sources: Sources, clock: object):
    for day in (1, 11):
        at = datetime(2026, 3, day, 12, tzinfo=UTC)
        said = Message("user", f"Lunch with Inês, number {day}", at=at)
        diary.messages.append("ana", f"s{day}", [said])
    assert sources("lunch last week")[0] == "s11#1"
    clock.advance(timedelta(days=-14))  # pyright: ignore
    assert sources("lunch this week")[0] != "s11#1"
    assert sources("lunch last week")[0] == "s1#1"
