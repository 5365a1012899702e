"""Times named from today become dates that stay true, in sentences that read well."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist.dates.phrases import phrases
from diarist.dates.resolving import resolved

SATURDAY = date(2026, 11, 21)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ONE = timedelta(days=1)

WRITTEN = {
    "My exam is next Friday.": "My exam is on Friday 2026-11-27.",
    "See you next Fri!": "See you on Friday 2026-11-27!",
    "Next Friday is a holiday.": "Friday 2026-11-27 is a holiday.",
    "I'm leaving tomorrow.": "I'm leaving on 2026-11-22.",
    "Tomorrow is my exam.": "2026-11-22 is my exam.",
    "Is tomorrow ok?": "Is 2026-11-22 ok?",
    "Tomorrow's gonna be fun.": "2026-11-22 is gonna be fun.",
    "Tomorrow’s exam scares me.": "The 2026-11-22 exam scares me.",
    "How about tomorrow morning?": "How about the morning of 2026-11-22?",
    "The meeting tomorrow is at 5.": "The meeting on 2026-11-22 is at 5.",
    "We go out tonight at 8.": "We go out on the evening of 2026-11-21 at 8.",
    "Yesterday I bought a bike.": "On 2026-11-20 I bought a bike.",
    "Last night's dinner was great.": "The 2026-11-20 dinner was great.",
    "I slept badly last night.": "I slept badly on the night of 2026-11-20.",
    "My visa expires the day after tomorrow.": "My visa expires on 2026-11-23.",
    "I met Ana on Friday, I'm off on Sunday.": (
        "I met Ana on Friday 2026-11-20, I'm off on Sunday 2026-11-22."
    ),
    "I booked a table for Friday.": "I booked a table for Friday 2026-11-27.",
    "I need it by Friday.": "I need it by Friday 2026-11-27.",
    "I haven't slept since Monday.": "I haven't slept since Monday 2026-11-16.",
    "I'm away from Monday to Wednesday.": (
        "I'm away from Monday 2026-11-23 to Wednesday 2026-11-25."
    ),
    "Let's do Tuesday next week.": "Let's do on Tuesday 2026-11-24.",
    "I'm leaving Monday morning at 7.": "I'm leaving on the morning of Monday 2026-11-23 at 7.",
    "I met her three Fridays ago.": "I met her on Friday 2026-11-06.",
    "We're hiking this weekend.": "We're hiking on the weekend of 2026-11-21.",
    "My mother visits next weekend.": "My mother visits on the weekend of 2026-11-28.",
    "We went hiking over the weekend.": "We went hiking over the weekend of 2026-11-21.",
    "Next week's meeting is off.": "The week of 2026-11-23's meeting is off.",
    "I'm on holiday all next week.": "I'm on holiday all of the week of 2026-11-23.",
    "See you the week after next.": "See you in the week of 2026-11-30.",
    "I'm running a marathon next month.": "I'm running a marathon in December 2026.",
    "Next month is busy.": "December 2026 is busy.",
    "My lease ends at the end of next month.": "My lease ends at the end of December 2026.",
    "The rent is due at the end of the month.": "The rent is due at the end of November 2026.",
    "I retire at the end of the year.": "I retire at the end of 2026.",
    "We start next year.": "We start in 2027.",
    "We moved in March last year.": "We moved in March 2025.",
    "We went to Crete last summer.": "We went to Crete in the summer of 2026.",
    "We skied last winter.": "We skied in the winter of 2025/26.",
    "I fly to Japan next summer.": "I fly to Japan in the summer of 2027.",
    "I'm moving to Porto in three weeks.": "I'm moving to Porto around 2026-12-12.",
    "In two days' time I fly.": "On 2026-11-23 I fly.",
    "I fly in two months.": "I fly in January 2027.",
    "I need a visa within two weeks.": "I need a visa by 2026-12-05.",
    "I quit smoking two years ago.": "I quit smoking in 2024.",
    "I quit about five years ago.": "I quit around 2021.",
    "It broke two days ago.": "It broke on 2026-11-19.",
    "It broke a couple of weeks ago.": "It broke around 2026-11-07.",
    "The parade I went to a few weeks ago.": "The parade I went to around 2026-10-31.",
    "I've been ill for the past week.": "I've been ill for the week before 2026-11-21.",
    "In the next two weeks I have exams.": "In the two weeks after 2026-11-21 I have exams.",
    "I'm running a marathon in March.": "I'm running a marathon in March 2027.",
    "I got married in June.": "I got married in June 2026.",
    "I'm flying to Oslo on 3 May.": "I'm flying to Oslo on 3 May 2027.",
    "I'm flying to Oslo on May 3rd at 5pm.": "I'm flying to Oslo on May 3rd, 2027 at 5pm.",
    "We married on 12 June.": "We married on 12 June 2026.",
    "I'm getting married on the 15th.": "I'm getting married on 2026-12-15.",
    "I MOVE TOMORROW": "I MOVE on 2026-11-22",
    "We fly to Rome on Friday.": "We fly to Rome on Friday 2026-11-27.",
    "I swim, and on Friday I leave.": "I swim, and on Friday 2026-11-27 I leave.",
    "I called yesterday about it.": "I called on 2026-11-20 about it.",
    "My mother's coming Sunday.": "My mother's coming on Sunday 2026-11-22.",
    "I turned 30 two days ago.": "I turned 30 on 2026-11-19.",
    "I'm vegan since the start of the year.": "I'm vegan since the start of 2026.",
}


@pytest.mark.parametrize(("said", "written"), WRITTEN.items())
def test_a_time_counted_from_today_becomes_a_date(said: str, written: str) -> None:
    assert resolved(said, SATURDAY) == written


KEPT = (
    "I work out every Friday.",
    "I go to the gym on Monday and Friday.",
    "We don't eat meat on Friday, but I was ill.",
    "On Sunday she works.",
    "I get paid on the 15th.",
    "I live on Friday Street.",
    "I run tomorrow() in my today-app.",
    "I moved half a year ago.",
    "I moved twenty one days ago.",
    "I moved 1,000 days ago.",
    "I moved 1.5 years ago.",
    "I moved 2–3 weeks ago.",
    "I'm leaving in a week or two.",
    "I'm leaving in a year and a half.",
    "I swim on Fridays and usually on Monday.",
    "I have choir on Monday evenings.",
    "I work from Monday to Friday.",
    "The shop is open Monday to Friday.",
    "We meet the last Friday of each month.",
    "Black Friday is crowded.",
    "Friday the 13th is a film.",
    "I loved The Day After Tomorrow.",
    "Last but not least, I sit next to Ana.",
    "There's no tomorrow.",
    "I'll be back in two minutes.",
    "It feels like yesterday.",
    "I read it in two weeks.",
    "Can I learn Spanish in three months?",
    "The next day we left.",
    "This is my last week at work.",
    "We left two or three years ago.",
    "My birthday is in March.",
    "It always rains in March.",
    "I was born on 3 May.",
    "I was training for a marathon in March.",
    "Let's meet on Friday 2026-11-27 or 3 May 2027.",
    "Let's meet on Friday, 27 November 2026.",
    "I moved in May 2020, in the summer of 2021 again.",
)


@pytest.mark.parametrize("said", KEPT)
def test_what_names_no_day_or_one_already_stays(said: str) -> None:
    assert resolved(said, SATURDAY) == said


@pytest.mark.parametrize("said", [*WRITTEN, *KEPT])
@settings(max_examples=15)
@given(day=st.dates(date(1990, 1, 1), date(2090, 1, 1)), later=st.dates())
def test_a_second_time_changes_nothing(said: str, day: date, later: date) -> None:
    once = resolved(said, day)
    assert resolved(once, later) == once


@given(st.text(), st.dates())
def test_any_text_on_any_day_can_be_read(text: str, day: date) -> None:
    resolved(text, day)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_beyond_the_calendar_the_words_stay(day: date) -> None:
    said = "I left fifty years ago, yesterday or last month; tomorrow or next year I'll be back."
    written = resolved(said, day)
    assert "ago" in written or "tomorrow" in written


# ---------------------------------------------------------------- which day is meant


def meant(said: str, day: date) -> tuple[date, date]:
    """Return the first day of what `said` means, and the day after the last."""
    (phrase,) = phrases(said, day)
    return phrase.period.start, phrase.period.end


def first(day: date, step: int, name: str) -> date:
    """Walk from `day`, day by day, to the first one of a name."""
    while True:
        day += step * ONE
        if DAYS[day.weekday()] == name:
            return day


a_day = st.dates(date(1950, 1, 1), date(2150, 1, 1))


@given(a_day, st.sampled_from(DAYS))
def test_a_weekday_alone_is_the_first_to_come_or_in_the_past_the_last(day: date, name: str) -> None:
    assert meant(f"I'm flying on {name}.", day)[0] == first(day, 1, name)
    assert meant(f"I'm flying this coming {name}.", day)[0] == first(day, 1, name)
    assert meant(f"I flew on {name}.", day)[0] == first(day, -1, name)
    assert meant(f"I flew last {name}.", day)[0] == first(day, -1, name)
    assert meant(f"I'm flying this {name}.", day)[0] == first(day - ONE, 1, name)


@given(a_day, st.sampled_from(DAYS))
def test_the_next_one_is_in_the_week_that_begins_on_monday(day: date, name: str) -> None:
    monday = first(day, 1, "Monday")
    expected = first(monday - ONE, 1, name)
    assert meant(f"I fly {name} next week.", day)[0] == expected
    never_tomorrow = 7 * ONE if expected == day + ONE else 0 * ONE
    assert meant(f"I fly next {name}.", day)[0] == expected + never_tomorrow


@given(a_day, st.integers(2, 30))
def test_days_are_counted(day: date, count: int) -> None:
    assert meant(f"I fly in {count} days.", day)[0] == day + count * ONE
    assert meant(f"I flew {count} days ago.", day)[0] == day - count * ONE
    for word, away in (("today", 0), ("tomorrow", 1), ("yesterday", -1)):
        assert meant(word, day) == (day + away * ONE, day + (away + 1) * ONE)


@given(a_day, st.integers(1, 40))
def test_months_and_years_are_those_of_the_calendar(day: date, count: int) -> None:
    start = day.replace(day=1)
    for _ in range(count):
        start = (start + 31 * ONE).replace(day=1)
    assert meant(f"I retire {count} months from now.", day)[0] == start
    assert meant(f"I retired {count} years ago.", day)[0] == date(day.year - count, 1, 1)
    assert meant("next month", day)[0] == (day.replace(day=1) + 31 * ONE).replace(day=1)
    assert meant("last month", day)[1] == day.replace(day=1)
    assert meant("next year", day)[0] == date(day.year + 1, 1, 1)


@given(a_day)
def test_weeks_follow_each_other(day: date) -> None:
    last, this, following = (meant(f"{which} week", day) for which in ("last", "this", "next"))
    assert this[0] <= day < this[1]
    assert (last[1], following[0]) == this
    assert DAYS[this[0].weekday()] == "Monday"


@given(a_day, st.sampled_from(["spring", "summer", "autumn", "winter"]))
def test_the_last_season_is_over_and_the_next_has_not_begun(day: date, name: str) -> None:
    last, following = meant(f"last {name}", day), meant(f"next {name}", day)
    assert last[1] <= day < following[0]
    assert (following[0] - last[0]).days < 3 * 366
    assert meant(f"We flew this {name}.", day)[0] <= day < meant(f"We'll fly this {name}.", day)[1]
