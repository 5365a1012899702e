"""What the offline extractor finds in a message, in which words, and where it puts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarist.extraction.rules import LIMIT, RuleExtractor, is_foreign

if TYPE_CHECKING:
    from pathlib import Path

EXTRACTOR = RuleExtractor()


def texts(message: str) -> list[str]:
    return [edit.text for edit in EXTRACTOR.find(message)]


@pytest.mark.parametrize(
    ("message", "category", "text"),
    [
        ("I'm allergic to walnuts.", "allergies", "allergic to walnuts"),
        ("I’m allergic to walnuts.", "allergies", "allergic to walnuts"),
        ("I love black coffee", "likes", "love black coffee"),
        ("Hi! I love black coffee too.", "likes", "love black coffee"),
        ("btw, I don't like cilantro", "dislikes", "don't like cilantro"),
        ("My name is Ana", "biography", "name is Ana"),
        ("call me Bob", "biography", "call me Bob"),
        ("I live in Porto", "biography", "live in Porto"),
        ("I'm vegetarian", "routines", "vegetarian"),
        ("I don't eat meat", "routines", "don't eat meat"),
        ("I usually run on Mondays", "routines", "usually run on Mondays"),
        ("I want to learn Portuguese", "goals", "want to learn Portuguese"),
        ("I'm training for a marathon", "goals", "training for a marathon"),
        ("Please always answer in French", "instructions", "always answer in French"),
        ("Keep your answers short", "instructions", "Keep your answers short"),
        ("I love rock and roll", "likes", "love rock and roll"),
        ("I like mac and cheese", "likes", "like mac and cheese"),
        ("I no longer like coffee", "dislikes", "no longer like coffee"),
        ("I don't like coffee any more", "dislikes", "don't like coffee any more"),
        ("I'm afraid of my sister's dog", "dislikes", "afraid of my sister's dog"),
    ],
)
def test_a_statement_is_kept_in_the_users_words(message: str, category: str, text: str) -> None:
    (edit,) = EXTRACTOR.find(message)
    assert (edit.action, edit.category, edit.text) == ("add", category, text)


def test_a_list_of_allergens_is_split() -> None:
    assert texts("I'm allergic to walnuts, peanuts and latex") == [
        "allergic to walnuts",
        "allergic to peanuts",
        "allergic to latex",
    ]


def test_two_verbs_are_two_statements() -> None:
    assert texts("I like tea but hate coffee") == ["like tea", "hate coffee"]


def test_a_statement_beside_a_question_counts_and_the_question_does_not() -> None:
    assert texts("Since I don't eat meat, what can I cook?") == ["don't eat meat"]
    assert texts("I'm vegan, what can I cook?") == ["vegan"]
    assert texts("Do you know a place? I hate crowds.") == ["hate crowds"]


def test_a_reason_stays_with_its_statement_and_is_a_context() -> None:
    (edit,) = EXTRACTOR.find("I avoid large hotels because I can't sleep there.")
    assert edit.text == "avoid large hotels because I can't sleep there"
    assert edit.contexts == ("because I can't sleep there",)


def test_a_condition_in_front_stays_with_its_statement() -> None:
    (edit,) = EXTRACTOR.find("On weekdays I get up at six.")
    assert (edit.text, edit.contexts) == ("on weekdays get up at six", ("On weekdays",))


@pytest.mark.parametrize(
    ("message", "old"),
    [
        ("I moved from Leeds to Porto.", "Leeds"),
        ("I moved from Leeds to Porto last month.", "Leeds"),
        ("I prefer coffee instead of tea.", "tea"),
        ("I switched from tea to coffee.", "tea"),
        ("I drink coffee instead of tea now.", "tea"),
    ],
)
def test_a_replacement_names_the_old_value(message: str, old: str) -> None:
    (edit,) = EXTRACTOR.find(message)
    assert edit.replaces == old


def test_the_span_shows_the_words_in_the_message() -> None:
    message = "Hello there. Well, I really can't stand “opera”, sorry."
    (edit,) = EXTRACTOR.find(message)
    assert edit.span is not None
    assert message[slice(*edit.span)] == edit.text == "really can't stand “opera”"


def test_commands_to_forget_name_what_to_forget() -> None:
    (statement,) = EXTRACTOR.find("Please forget that I like jazz.")
    (subject,) = EXTRACTOR.find("Delete what you know about my job.")
    assert (statement.action, statement.category, statement.text) == (
        "forget",
        "likes",
        "like jazz",
    )
    assert (subject.action, subject.category, subject.text) == ("forget", "biography", "my job")


def test_quotations_code_and_given_material_state_nothing() -> None:
    assert texts('He sang "I love Paris" all night.') == []
    assert texts("```\nI hate semicolons\n```") == []
    assert texts("Translate this to French. I am allergic to nuts. I live in Rome.") == []


def test_a_message_brings_a_bounded_number_of_edits() -> None:
    assert len(EXTRACTOR.find(" ".join(f"I love song{n}." for n in range(200)))) == LIMIT


def test_a_pack_of_the_users_is_tried_first(tmp_path: Path) -> None:
    pack = tmp_path / "football.toml"
    pack.write_text(
        '[words]\nclub = ["st. pauli", "fulham"]\n'
        '[[rule]]\nname = "supports"\nsubject = ["I"]\npattern = "support (?P<thing>{club})"\n'
        'affirmed = "clubs"\n',
        encoding="utf-8",
    )
    for given in (pack, pack.read_text(encoding="utf-8")):
        (edit,) = RuleExtractor(packs=[given]).find("I support Fulham.", {"clubs": "Teams"})
        assert (edit.category, edit.text) == ("clubs", "support Fulham")


@pytest.mark.parametrize(
    ("pack", "message"),
    [
        ("[[rule]\nname", "not valid TOML"),
        ("title = 1\n", "no \\[\\[rule\\]\\] tables"),
        ('[[rule]]\nname = "a"\n', "rule 'a' of pack 'custom' needs pattern"),
        ('[[rule]]\nname = "a"\npattern = "x"\n', "needs affirmed"),
        ('[[rule]]\nname = "a"\npattern = "("\naffirmed = "likes"\n', "no regular expression"),
        ('[[rule]]\nname = "a"\npattern = "{nope}"\naffirmed = "likes"\n', "uses {nope}"),
        (
            '[[rule]]\nname = "a"\npattern = "x"\naffirmed = "l"\ncolour = 1\n',
            "unknown key 'colour'",
        ),
        ('[[rule]]\nname = "a"\npattern = "x"\naffirmed = "l"\nsubject = ["he"]\n', "subject 'he'"),
    ],
)
def test_a_broken_pack_says_which_rule_and_why(pack: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RuleExtractor(packs=[pack])


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("Ich esse kein Fleisch und trinke keinen Wein", True),
        ("私は肉を食べません", True),
        ("I don't eat meat", False),
        ("Merci", False),
        ("Rex died last year.", False),
        ("Yo soy vegetariano", False),
        ("Yo soy vegetariano estricto", True),
        ("Me gusta el café y no como carne", True),
        ("Je n'aime pas le fromage bleu", True),
        ("ok thanks", False),
        ("risotto milanese recipe vegetarian quick weeknight dinner ideas", False),
        ("import numpy as np; print(np.zeros(3))", False),
        ("Maria Garcia Lopez, Madrid, Spain", False),
        ("https://example.com/el/la/los/que/muy", False),
        ("I flew from Los Angeles to La Paz and had a great time", False),
        ("Los Angeles, La Paz, El Paso hotels", False),
        ("def mean(xs, w, b): y = sum(xs) * w / len(xs); return y", False),
        ("Saya tidak suka makan daging", True),
    ],
)
def test_a_foreign_message_is_told_from_an_english_one(text: str, foreign: bool) -> None:
    assert is_foreign(text) is foreign
