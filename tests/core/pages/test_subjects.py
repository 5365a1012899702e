"""When is a new statement an old item? Two facts never become one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.extraction import cases
from diarist.pages.subjects import Subject, fold, says_more, slug, subject

DIFFERENT = """
allergies | allergic to walnuts | allergic to peanuts
allergies | allergic to nuts | not allergic to walnuts
allergies | allergic to nuts | allergic to pine nuts
allergies | allergic to peanut oil | peanut allergy
allergies | sensitive to light | allergic to light
allergies | lactose intolerant | gluten intolerant
allergies | mother is allergic to nuts | allergic to nuts
allergies | son has asthma | have asthma
allergies | hate my peanut allergy | allergic to peanuts
biography | live in Leeds | live in Porto
biography | live in Porto | work in Porto
biography | live in Porto | live in Porto Alegre
biography | live in Porto | live near Porto
biography | he lives in Porto | live in Porto
biography | sister moved from Leeds to Porto | live in Porto
biography | name is Ana | daughter's name is Ana
biography | name is Jones | name is Jone
biography | work as a nurse | work for a nurse
biography | was a nurse | am a nurse
biography | will be a nurse | am a nurse
biography | can swim | swim
biography | have two kids | have three kids
biography | have a dog | have a cat
biography | am 42 | am 43
biography | wife is a doctor | am a doctor
biography | am an only child | am a child
biography | favorite color is red | favorite color is blue
biography | budget is $50 | budget is €50
biography | budget is $50 | budget is 50
biography | born 1990-05-03 | born 1990-05-04
biography | salary is 1,000 | salary is 1.000
dislikes | hate being called Bob | hate Bob
dislikes | hate being called Bob | called Bob
dislikes | hate being late | hate late
goals | want to learn Spanish | want to teach Spanish
goals | want to stop smoking | want to smoke
goals | want to quit smoking | want to start smoking
goals | want to be a doctor | want a doctor
goals | want to lose 5 kg | want to lose 5 lb
goals | run 5 km | run 10 km
instructions | always answer in French | always answer in German
instructions | never use emojis | use emojis only at the end
instructions | call me Bob | do not call me Bobby
likes | like dogs | like dog shows
likes | like running in the rain | like running
likes | don't like running in the rain | like running
likes | prefer tea to coffee | prefer coffee to tea
likes | prefer not to drive | prefer to drive
likes | like not working | like working
likes | love C++ | love C#
likes | love C | love C++
likes | love 🍕 | love 🍔
likes | love 👍🏽 | love 👍🏿
likes | like 咖啡 | like 茶
likes | like की | like कि
likes | like café | like cafe
likes | like coffee without sugar | like coffee with sugar
likes | like coffee without sugar | like coffee
likes | like eating out | do not like eating
likes | like news | like new
likes | like glasses | like glass
likes | like the 1980s | like 1980
likes | like -5 degrees | like 5 degrees
likes | like 3.5 | like 3 5
likes | like 50% | like 50
likes | wife likes coffee | like coffee
likes | like sugar | avoid sugar
likes | like :) | like :(
routines | never eat meat | never eat fish
routines | do yoga | do not do yoga on Mondays
routines | wake up at 6:30 | wake up at 630
routines | usually walk | sometimes walk
routines | rarely walk | walk
routines | am used to rising early | rising early
"""
REPEATED = """
allergies | allergic to walnut | allergic to walnuts
allergies | have a peanut allergy | allergic to peanuts
allergies | have a severe peanut allergy | allergic to peanuts
allergies | severely allergic to bee stings | allergic to bee stings
allergies | lactose intolerance | am lactose intolerant
allergies | have asthma | suffer from asthma
allergies | peanuts | allergic to peanuts
biography | name is Ana | my name is Ana
biography | call me Bob | Everyone calls me Bob
biography | live in Porto | I'm based in Porto
biography | moved from Leeds to Porto | live in Porto
dislikes | can't stand mushrooms | hate mushrooms
dislikes | dont like spicy food | don’t like spicy food
dislikes | not a fan of jazz | do not like jazz
dislikes | being late | hate being late
goals | want to learn Spanish | I'd love to learn Spanish
instructions | always answer in French | please answer in French!
instructions | never use emojis | stop using emojis
likes | love coffee | really love coffee
likes | love coffee | likes coffee
likes | love coffee | LOVE “coffee” too!
likes | love cookies | a cookie
likes | big fan of board games | love board games
likes | love the sea | love sea
likes | ❤️ | ❤
routines | I'm vegetarian | am a vegetarian
routines | gave up smoking | stopped smoking
"""
CONTRADICTED = """
likes | like coffee | dislikes | don't like coffee any more
likes | like coffee | dislikes | used to like coffee
likes | like jazz | dislikes | can not stand jazz
likes | love cilantro | dislikes | gone off cilantro
allergies | allergic to hazelnuts | allergies | not allergic to hazelnuts
allergies | allergic to hazelnuts | allergies | no hazelnuts
biography | live in Leeds | biography | no longer live in Leeds
biography | have a car | biography | do not have a car
goals | want to learn Spanish | goals | no longer want to learn Spanish
instructions | use emojis | instructions | never use emojis
routines | smoke | routines | gave up smoking
routines | drink coffee | routines | stopped drinking coffee
routines | eat meat | routines | don't eat meat
routines | vegan | routines | stopped being vegan
routines | a vegetarian | routines | stopped being a vegetarian
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def is_one(one: tuple[str, str], other: tuple[str, str]) -> bool:
    (category, text), (other_category, other_text) = one, other
    about: Subject = subject(text, category)
    within = category == other_category
    return about.same(subject(other_text, other_category), within_category=within)


@pytest.mark.parametrize(("category", "one", "other"), rows(DIFFERENT))
def test_two_facts_stay_two(category: str, one: str, other: str) -> None:
    assert not is_one((category, one), (category, other)) or (
        subject(one, category).holds != subject(other, category).holds and "not " in other
    )
    assert subject(one, category) != subject(other, category)


@pytest.mark.parametrize(("category", "one", "other"), rows(REPEATED))
def test_a_repeat_is_recognised(category: str, one: str, other: str) -> None:
    assert is_one((category, one), (category, other))
    assert subject(one, category).holds == subject(other, category).holds


@pytest.mark.parametrize(("category", "one", "other_category", "other"), rows(CONTRADICTED))
def test_a_change_of_mind_is_recognised(
    category: str, one: str, other_category: str, other: str
) -> None:
    assert is_one((category, one), (other_category, other))
    assert subject(one, category).holds != subject(other, other_category).holds


def test_no_two_statements_of_the_extractor_s_cases_are_one() -> None:
    said = [*cases.STATEMENTS_BEFORE, *cases.STATEMENTS_AFTER]

    assert not [
        (one, other)
        for (one, category), (other, other_category) in itertools.combinations(said, 2)
        if is_one((category, one), (other_category, other))
    ]


NOUNS = (
    "jazz coffee porto spanish walnuts pine-nuts दिल 日本 🍕 c++ c# 42 42.5 -3 $5 o'neill".split()
)
ADJECTIVES = "black decaf new dog 3 green".split()
LEADS = (
    "like ", "love ", "really love ", "hate ", "don't like ", "allergic to ", "live in ", "",
    "want to learn ", "no longer ", "never ", "have a ", "prefer ", "my name is ", "stopped ",
)  # fmt: skip
PHRASES = st.tuples(st.lists(st.sampled_from(ADJECTIVES), max_size=2), st.sampled_from(NOUNS))
CATEGORIES = st.sampled_from(["likes", "dislikes", "allergies", "biography", "goals"])


@given(CATEGORIES, st.sampled_from(LEADS), PHRASES, st.sampled_from(LEADS), PHRASES)
def test_texts_whose_content_differs_never_have_one_subject(
    category: str, lead: str, one: tuple[list[str], str], lead2: str, other: tuple[list[str], str]
) -> None:
    texts = [" ".join([*adjectives, noun]) for adjectives, noun in (one, other)]
    if texts[0] == texts[1]:
        return

    assert not is_one((category, lead + texts[0]), (category, lead2 + texts[1]))


@given(st.text(max_size=60), CATEGORIES)
def test_any_text_has_a_subject_and_an_id(text: str, category: str) -> None:
    assert subject(text, category).words
    assert 0 < len(slug(text)) <= 40
    assert not set(slug(text)) & set(" \t\n\"'./\\#")


@given(st.text(max_size=60), CATEGORIES)
def test_case_and_outer_spaces_do_not_change_the_subject(text: str, category: str) -> None:
    assert subject(f"  {text}\n", category).words == subject(text, category).words or not fold(text)


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("allergic to walnuts", "walnuts"),
        ("I love black coffee", "black-coffee"),
        ("moved from Leeds to Porto", "porto"),
        ("don't drink alcohol", "not-drink-alcohol"),
        ("likes Café", "cafe"),
        ("like 日本", "日本"),
        ("love C++", "c"),
        ("!!!", "item"),
        ("x" * 60, "x" * 40),
        (
            "want to see as many northern lights as there are in the world",
            "see-as-many-northern-lights-as-there-are",
        ),
    ],
)
def test_ids_are_readable(text: str, id: str) -> None:
    assert slug(text) == id


@pytest.mark.parametrize(
    ("new", "old", "says"),
    [
        ("severely allergic to walnuts", "allergic to walnuts", True),
        ("really love coffee", "likes coffee", False),
        ("allergic to walnuts", "severely allergic to walnuts", False),
        ("Everyone calls me Bob", "call me Bob", False),
    ],
)
def test_a_text_that_says_more_is_told_from_one_that_repeats(
    new: str, old: str, says: bool
) -> None:
    assert says_more(new, old) is says
