"""When a page is due: triggers are joined by or, then the cooldown counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from diarist import CompactionConfig
from diarist.compaction import CompactionStats, ModelCompactor

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
ON_ITS_OWN_DAY = {"schedule_at": "12:00"}


def due(
    config: CompactionConfig,
    chars: int = 0,
    largest: int = 0,
    turns: int = 0,
    last: datetime | None = None,
    store: Any = "conversations",
    now: datetime = NOW,
) -> bool:
    return config.should_run(
        stats=CompactionStats(chars, largest),
        last_run=last,
        turns_since_compaction=turns,
        now=now,
        store=store,
    )


def on(**options: Any) -> CompactionConfig:
    return CompactionConfig(enabled=True, **options)


def test_without_a_trigger_nothing_is_due():
    for config in (
        on(),
        on(total_char_threshold=0, segment_char_threshold=0, user_turn_interval=0),
    ):
        assert not due(config, chars=10**9, largest=10**9, turns=10**9)


def test_a_disabled_or_excluded_page_is_never_due():
    assert not due(CompactionConfig(total_char_threshold=1), chars=5)
    config = on(total_char_threshold=1, compact_preferences=False)
    assert not due(config, chars=5, store="preferences")
    assert due(config, chars=5, store="conversations")
    config = on(total_char_threshold=1, compact_conversations=False)
    assert not due(config, chars=5, store="conversations")


@pytest.mark.parametrize(
    ("trigger", "figure"),
    [
        ({"total_char_threshold": 10}, "chars"),
        ({"segment_char_threshold": 10}, "largest"),
        ({"user_turn_interval": 10}, "turns"),
    ],
)
def test_a_page_is_due_from_the_threshold_on(trigger: dict[str, int], figure: str):
    assert not due(on(**trigger), **{figure: 9})
    assert due(on(**trigger), **{figure: 10})


def test_one_trigger_is_enough():
    config = on(total_char_threshold=10, segment_char_threshold=10)
    assert due(config, chars=1, largest=10)
    assert due(config, chars=10, largest=1)


@pytest.mark.parametrize("trigger", [{"total_char_threshold": 10}, {"schedule_at": "12:00"}])
def test_a_run_that_a_wrong_clock_dated_far_ahead_holds_nothing_up(trigger: dict[str, Any]):
    config = on(**trigger, cooldown_seconds=60)
    assert due(config, chars=10, last=NOW + timedelta(days=365))
    assert not due(config, chars=10, last=NOW + timedelta(seconds=1))


def test_turns_count_for_conversations_only():
    assert due(on(user_turn_interval=1), turns=5, store="conversations")
    assert not due(on(user_turn_interval=1), turns=5, store="preferences")


def test_the_cooldown_holds_every_trigger_back():
    config = on(total_char_threshold=1, cooldown_seconds=60)
    assert due(config, chars=5)
    assert not due(config, chars=5, last=NOW - timedelta(seconds=59))
    assert due(config, chars=5, last=NOW - timedelta(seconds=60))
    assert due(config, chars=5, last=(NOW - timedelta(seconds=60)).replace(tzinfo=None))


@pytest.mark.parametrize("at", ["03:00", "2020-01-01T03:00:00", datetime(2031, 1, 1, 3)])
def test_a_schedule_is_a_time_of_every_day_in_utc(at: object):
    config = on(schedule_at=at)
    assert due(config)
    assert not due(config, last=NOW.replace(hour=3))
    assert due(config, last=NOW.replace(hour=2))
    assert not due(config, last=NOW.replace(hour=2), now=NOW.replace(hour=2, minute=59))
    assert due(config, last=NOW - timedelta(days=1), now=NOW.replace(hour=3))


def test_a_schedule_keeps_its_zone():
    two_hours = timezone(timedelta(hours=2))
    for at in ("03:00+02:00", datetime(2020, 1, 1, 3, tzinfo=two_hours)):
        config = on(schedule_at=at)
        assert not due(config, last=NOW.replace(hour=0), now=NOW.replace(hour=0, minute=59))
        assert due(config, last=NOW.replace(hour=0), now=NOW.replace(hour=1))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"enabled": 1}, TypeError, "enabled is True or False, not int"),
        ({"compact_preferences": "no"}, TypeError, "compact_preferences is True or False, not str"),
        ({"total_char_threshold": -1}, ValueError, "total_char_threshold must not be negative"),
        ({"segment_char_threshold": 1.5}, TypeError, "segment_char_threshold is a whole number"),
        ({"user_turn_interval": True}, TypeError, "user_turn_interval is a whole number, not bool"),
        ({"cooldown_seconds": -1}, ValueError, "cooldown_seconds must not be negative"),
        ({"cooldown_seconds": float("nan")}, ValueError, "cooldown_seconds must not be negative"),
        ({"cooldown_seconds": "60"}, TypeError, "cooldown_seconds is a number of seconds, not str"),
        ({"schedule_at": "three"}, ValueError, "schedule_at is a time of day, such as .* 'three'"),
        ({"schedule_at": 3}, TypeError, "schedule_at is a datetime or ISO text, not int"),
        ({"compactor": 5}, TypeError, "compactor is an object with a method .* not int"),
        ({"compactor": ModelCompactor}, TypeError, "not the class ModelCompactor"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    options: dict[str, Any], error: type[Exception], words: str
):
    with pytest.raises(error, match=words):
        CompactionConfig(**options)
