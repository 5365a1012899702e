"""What must never reach a page: keys, passwords and card numbers.

The patterns are narrow on purpose: "I keep forgetting my passwords" is a statement about a person,
"my password is hunter2" is a secret.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSWORD = r"pass ?(?:word|code|phrase)|pwd"
_NO_SECRET = (
    r"(?! ?-?(?:manag|polic|generat|reset|hygiene|protect|field|hint|prompt|recover|vault|strength|"
    r"securit|rules?\b|input|box|form\b|file|hash|list|authenticat|feature|change|problem|sharing|"
    r"less\b|holder|cracker|page|screen|requirement|checker|length))"
)
"""What makes of "password" a thing to talk about: "a password manager"."""
_LOCKED = r"(?:door|gate|alarm|safe|lock|locker|building|garage|house|flat)"
_PIN = r"(?:pin|cv[vc]2?|otp|passcode)"
_ANY_PASSWORD = rf"\b(?:{_PASSWORD})s?\b{_NO_SECRET}"
_NAMES = (
    rf"(?:{_PASSWORD})s?|pin(?: (?:code|number))?|cvv2?|cvc|otp|ssn|social security(?: number)?"
    r"|(?:security|access|door|alarm|unlock|safe|verification) codes?"
    r"|(?:recovery|backup) (?:phrase|code)s?|seed phrase|credentials?"
    r"|(?:client )?secret key|client secret"
    r"|(?:api|access|private|license|licence|encryption|ssh)[ _-]?keys?"
    r"|(?:(?:access|auth|bearer|api)[ _-]?)?tokens?"
)
_QUOTE = "[\"'`“”‘’„«]?"
_VALUE = rf"{_QUOTE}(?P<value>[^\s\"'`“”‘’„«]{{3,200}})"
_IS = (
    r"(?:(?:is|was)(?:n't| not)?|are|were|be|been|it's)\b,?(?: (?:now|still|always|just|simply"
    r"|really|actually|like|called|set to|changed to)\b,?)*(?:[^.!?:\n]{0,30}:)?"
)
_STATED = re.compile(
    rf"\b(?P<name>{_NAMES})\b{_NO_SECRET}"
    rf"(?:[^.!?\n]{{0,40}}?\b{_IS}|{_QUOTE}\s*(?P<mark>[:=]|->|→)(?:\s*\d\d?[.)]\s)?)\s*{_VALUE}",
    re.IGNORECASE,
)
_FOREIGN_NAMES = (
    r"passwort|kennwort|mot de passe|contraseña|\bclave|senha|wachtwoord|lösenord|hasło|parola"
    r"|heslo|salasana|jelszó|şifre|adgangskode|пароль|密码|密碼|パスワード|비밀번호"
)
_FOREIGN_IS = r"\s*[:=]\s*|\s+(?:ist|lautet|est|é|è|är|jest|to|это)\s+|[は是는은]\s*"
_CHANGE = r"\b(?:chang|set|reset|updat|switch|want|mak)\w*"
_OTHER_WAYS = tuple(
    re.compile(source, re.IGNORECASE | re.MULTILINE)
    for source in (
        rf"(?:{_FOREIGN_NAMES}){_NO_SECRET}(?:{_FOREIGN_IS}){_VALUE}",
        rf"\b(?:{_PASSWORD})\s+[-–—]+\s*{_VALUE}\W*$",
        rf"{_CHANGE}[^.!?\n]{{0,30}}{_ANY_PASSWORD}[^.!?\n]{{0,40}}?\bto (?:be )?{_VALUE}",
        rf"{_ANY_PASSWORD}[^.!?\n]{{0,40}}?{_CHANGE} to {_VALUE}",
        rf"{_ANY_PASSWORD}(?:'s)?\s+[\"“„«`]{_VALUE}",
        rf"_(?:{_PASSWORD}|pass|secret)\s*[:=]\s*{_VALUE}",
        rf"(?<![^\s\"'`“”‘’„«]){_VALUE}\s+(?:is|was|as)\s+(?:\w+ ){{0,3}}?{_ANY_PASSWORD}",
        rf"\bus(?:e|es|ed|ing)\s+{_VALUE}\s+for\s+(?:\w+ ){{0,3}}?{_ANY_PASSWORD}",
        rf"\b(?:us(?:e|es|ed|ing)|with|enter|try)\s+(?:the |my |our )?{_ANY_PASSWORD}\s+{_VALUE}",
        rf"\bhere(?:'s| is)\s[^.!?\n]{{0,30}}?\b(?:{_PASSWORD})\b\W*\s{_VALUE}\W*$",
        rf"\b(?:user(?:name)?|login|e-?mail|account)\b[^\n]{{0,60}}[\s,;/|]pass\s*[:=]\s*{_VALUE}",
        rf"\bauthorization\s*:\s*\w+\s+{_VALUE}",
    )
)
"""Sentences that say a password; its value may be a word: "I use swordfish as my password"."""
_OTHER_NAMES = re.compile(rf"{_FOREIGN_NAMES}|pass|pwd|_secret|authoriz", re.IGNORECASE)
"""What one of these sentences must have in it."""
_SURE = tuple(
    re.compile(source, re.IGNORECASE)
    for source in (
        rf"(?<!\bI )(?<!\bto )\b{_PIN}(?: (?:code|number))?(?: to)?[\s#:?]*\d{{3,8}}\b(?![.,]\d)",
        rf"\b\d{{3,8}}\s+(?:is|was|as|for)\s+(?:my|our|the)\s+(?:\w+ ){{0,2}}?{_PIN}\b",
        rf"\bcode (?:for|of|to) (?:my|the|our) (?:\w+ )?{_LOCKED}\b[^.!?\n\d]{{0,10}} \d{{3,8}}\b",
        r"\b(?:ssn|social security)\b\D{0,30}\d{3}[- ]?\d{2}[- ]?\d{4}\b",
    )
)
_CODED = re.compile(
    r"(?<![\w@./-])(?=[^\s\d]{0,99}\d)(?=[^\s]{0,99}[^\W\d_])(?!\S{1,99}@\S{1,99}\.\w|\d+[a-z]{1,3}\b|1password)"
    r"[^\s\"'`“”‘’„«»()<>,;:]{5,}",
    re.IGNORECASE,
)
"""A word of letters and digits."""
_NEAR = re.compile(
    rf"(?:{_FOREIGN_NAMES}|\b(?:{_PASSWORD})s?|\bpass(?=\s*[:=])"
    rf"|\b(?:api|access|secret|private)[ _-]?key){_NO_SECRET}",
    re.IGNORECASE,
)
_OF_WHAT = re.compile(
    r"\b(?:for|on|of|in|at|is called) (?:(?:my|the|our|an?) )?(?:\w+ )?$", re.IGNORECASE
)
"""Before what a password is for: "the password of my Windows11"."""
_BEFORE, _BEHIND = 40, 60
"""Characters around a name in which a word of letters and digits is its value."""
_IT_IS = re.compile(
    r"^(?:(?:it|that|this)(?:'s| is| was)|(?:i|we) (?:\w+ )?use|use|try|yes|ok|so|\W+"
    r"|\d\d?[.)])\s+",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?](?=\s)|\n")
_NAMED = tuple(
    "pass pwd pin cvv cvc cv2 otp ssn social authoriz code phrase credential secret key token "
    "kennwort contrase clave senha wachtwoord senord hasło parola heslo salasana jelszó şifre "
    "adgangskode пароль 密 パスワード 비밀번호".split()
)
"""What every name has in it, in lower case: a cheap test before the dear ones."""
_ANY_NAME = re.compile("|".join(map(re.escape, _NAMED)), re.IGNORECASE)
_AROUND = 500
"""Characters around a name that the longest sentence about a secret has."""
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LONG = re.compile(r"\S{16}|://|-----BEGIN")
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 10
"""Of a card or account number; the shortest, Norway's IBAN, has 13."""
WITHHELD = "[withheld]"
_HARMLESS = frozenset(
    "a an the in on at by my your his her our their not never no too very so important hard easy "
    "long short weak strong safe secure unsafe annoying always changed expired reset stored saved "
    "kept lost wrong gone old new same different secret private something what why how where when "
    "who which that this these it she they you and but because anyone everyone nobody "
    "being easier better worse best fine okay useless necessary required needed one all for from "
    "remember forget use be make me him them change update store keep really quite pretty rather "
    "forgotten compromised leaked hacked stolen outdated unknown known incorrect correct invalid "
    "visible hidden rejected accepted encrypted hashed complicated complex simple guessed shared "
    "written unique random longer shorter stronger weaker safer harder rotated protected managed "
    "terrible awful bad good great broken locked public empty blank missing also just still now "
    "only already almost about impossible difficult nothing anything everything somewhere here "
    "there open log unlock get set with without like more most less enough every some any many few "
    "please again than then until after before have has had was were will would should could can "
    "must may there's what's it's that's which's nicht sehr zu muy muito très trop pas".split()
)
_NEEDS_A_DIGIT = re.compile(r"^(?:pin|otp|cv[vc]2?|tokens?)\b", re.IGNORECASE)
"""Names that are ordinary words too: "the pin on my jacket is red"."""
_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("an API key", re.compile(r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{1,40}[-_]){0,9}[A-Za-z0-9]{16,}")),
    ("an API key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("an API key", re.compile(r"\bAIza[\w-]{30,}")),
    ("an API key", re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|npm_|pypi-)[\w-]{16,}")),
    ("an API key", re.compile(r"\bxox[abeprs]-[\w-]{16,}")),
    ("a token", re.compile(r"\beyJ[\w-]{8,400}\.eyJ[\w-]{8,}\.[\w-]*")),
    ("a token", re.compile(r"\bBearer\s+[\w.~+/-]{16,}", re.IGNORECASE)),
    (
        "a password in a URL",
        re.compile(r"\b[a-z][a-z0-9+.-]{0,19}://[^\s/:@]{1,99}:[^\s/@]{1,99}@", re.IGNORECASE),
    ),
)  # fmt: skip
_DIGITS = re.compile(
    r"(?<![\w.])(?:\d(?:[ -]?\d){12,18}|\d{4}(?:\.\d{4}){3}|\d{4}\.\d{6}\.\d{5})(?!\w)"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
_OPAQUE = re.compile(
    r"(?<![\w/.-])(?=[\w+/=-]{0,64}\d)(?=[\w+/=-]{0,64}[a-z])(?=[\w+/=-]{0,64}[A-Z])[\w+/=-]{24,}"
)


def find_secret(text: str) -> str | None:
    """Return what kind of secret `text` holds ("a card number"), None where it holds none.

    >>> find_secret("my password is hunter2")
    'a password'
    >>> find_secret("I keep forgetting my passwords") is None
    True
    """
    text = _plain(text)
    digits = len(_DIGIT.findall(text))
    if _LONG.search(text):
        for name, shape in _SHAPES:
            if shape.search(text):
                return name
        if digits and _OPAQUE.search(text):
            return "a key"
    if digits >= _FEWEST_DIGITS:
        if any(_is_card(match[0]) for match in _DIGITS.finditer(text)):
            return "a card number"
        if any(_is_iban(match[0]) for match in _IBAN.finditer(text)):
            return "an account number"
    if not _names_one(text.lower()):
        return None
    return next(filter(None, (_named(part, digits > 0) for part in _around_names(text))), None)


def _around_names(text: str) -> Iterator[str]:
    """Yield what stands around the names of secrets: in a long text, little of it."""
    if len(text) <= 4 * _AROUND:
        yield text
        return
    start = end = -1
    for name in _ANY_NAME.finditer(text):
        if name.start() - _AROUND > end:
            if end >= 0:
                yield text[start:end]
            start = _blank_before(text, name.start() - _AROUND)
        end = name.end() + _AROUND
    if end >= 0:
        yield text[start:end]


def _blank_before(text: str, at: int) -> int:
    """Return a place near `at` where no word is cut, 0 where the text begins behind it."""
    return max(text.rfind(" ", max(at - _AROUND, 0), max(at, 0)), 0)


def _named(text: str, digits: bool) -> str | None:
    """Return what kind of secret is called by its name in `text`."""
    for match in _STATED.finditer(text):
        name, value = match["name"], match["value"]
        if (match["mark"] or _is_value(value)) and not (
            _NEEDS_A_DIGIT.search(name) and _bare(value).isalpha()
        ):
            return f"a {name.casefold().rstrip('s')}"
    if _OTHER_NAMES.search(text) and any(
        _is_value(match["value"]) for way in _OTHER_WAYS for match in way.finditer(text)
    ):
        return "a password"
    if digits and any(way.search(text) for way in _SURE):
        return "a code"
    return "a password" if digits and _is_coded(text) else None


def _is_coded(text: str) -> bool:
    """Say whether a word of letters and digits stands near a name, or is the next sentence."""
    for name in _NEAR.finditer(text):
        before = _END.split(text[max(name.start() - _BEFORE, 0) : name.start()])[-1]
        sentence, *following = _END.split(text[name.end() : name.end() + _BEHIND], maxsplit=2)
        for words in (before, sentence):
            for word in _CODED.finditer(words):
                if not _OF_WHAT.search(words[: word.start()]):
                    return True
        if any(_CODED.fullmatch(_said(words)) for words in following):
            return True
    return False


def _said(sentence: str) -> str:
    """Return a sentence without "it's" or "I use" before and marks around it."""
    return _IT_IS.sub("", sentence.strip(" \t.!?\"'`"))


def _is_value(word: str) -> bool:
    return bool(_bare(word)) and _bare(word) not in _HARMLESS


def _bare(word: str) -> str:
    return word.strip(".,;:!?(){}[]").casefold()


def _plain(text: str) -> str:
    """Return `text` without what only looks different: wide letters, marks of no width."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text.replace("’", "'")))


def withheld(text: str) -> str:
    """Return `text`, or "[withheld]" where it holds a secret.

    >>> withheld("my password is hunter2")
    '[withheld]'
    """
    return WITHHELD if find_secret(text) else text


def _names_one(lowered: str) -> bool:
    for name in _NAMED:  # noqa: SIM110 - this runs a dozen times a turn
        if name in lowered:
            return True
    return False


def _is_card(text: str) -> bool:
    """Check the Luhn sum (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """Check the remainder by 97 (ISO 13616)."""
    packed = text.replace(" ", "")
    turned = "".join(str(int(character, 36)) for character in packed[4:] + packed[:4])
    return int(turned) % 97 == 1
