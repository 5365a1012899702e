"""What never reaches a page, and what only sounds like it."""

from __future__ import annotations

import time

import pytest

from diarist.pages.secrets import find_secret

SECRETS = """
my password is hunter2
the wifi password is correct-horse-battery
password: Tr0ub4dor&3
my Netflix password is still fluffy99
passwort is no word but password = "s3cr3t!"
my PIN is 4821
my pin code: 4821
the alarm code is 0042#
the door code is 1397
my bank pin number is 8820
pw is no name here but pwd: letmein
my passphrase is purple monkey dishwasher
my api key is abcd1234efgh
API_KEY=abcd1234efgh
api-key: 9f8e7d6c
my access token is ab12cd34
the auth token is zz-99-yy
sk-abcdefghijklmnopqrstuvwx
sk-proj-abc123DEF456ghi789JKL012
use AKIAIOSFODNN7EXAMPLE for it
AIzaSyA1234567890abcdefghijklmnopqrstuv
ghp_abcdefghijklmnopqrstuvwxyz0123456789
github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz
glpat-abcdefghij1234567890
hf_abcdefghijklmnopqrstuvwxyz
xoxb-123456789012-abcdefghijkl
eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N
Authorization: Bearer abcdef0123456789abcdef
postgres://ana:s3cret@db.example.com/prod
-----BEGIN RSA PRIVATE KEY-----
-----BEGIN OPENSSH PRIVATE KEY-----
my card is 4111 1111 1111 1111
pay with 4111111111111111 please
5500-0000-0000-0004
amex 3782 822463 10005
card (4012888888881881).
IBAN DE89 3704 0044 0532 0130 00
transfer to GB82WEST12345698765432
wire it to de89370400440532013000
my cvv is 123
my seed phrase is witch collapse practice feed shame open
my recovery code is 8jd-93k
client secret: 8s7d6f5g
wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY
the secret key is 77aa88bb
I use hunter2x as my password
I always use hunter2x for my password
I always use the password swordfish
I always use PIN 4821
PIN 4821 is what I always use
Mein Passwort lautet hunter2x
mi clave es hunter2x
Authorization: Basic Ym9iOmh1bnRlcjI=
{"password": "hunter2x"}
hunter2x is my password
my password - hunter2x
My password was changed to hunter2x
My password has been hunter2x for years
My password should be hunter2x
I want my password to be hunter2x
My password is, like, hunter2x
My password is very long: hunter2x
My password is always hunter2x
My password isn't hunter2x any more
my password's hunter2x
my pin 4821
cvv 123
My SSN is 078-05-1120
4111.1111.1111.1111
ｐａｓｓｗｏｒｄ is hunter2x
I use swordfish as my password
swordfish is my password
I always use swordfish for my passwords
my password - swordfish
My password has been swordfish for years
My password isn't swordfish any more
My password is very long: swordfish
My password is always swordfish
Mein Passwort lautet Schwertfisch
What's my password? hunter2x.
1234 is my PIN
I use 4821 as my pin
user: bob, pass: swordfish
I changed my password to swordfish
my social security number is 078-05-1120
my contraseña: pezespada
I set my password to be swordfish
The password of our wifi is sunflower99
my password = hunter2x
Pass: hunter2x
My PIN? 4821.
I changed my pin to 4821
the code for the door is 4821
passphrase: correct horse battery
the password's "swordfish"
DB_PASS=swordfish
My passwords are swordfish and letmein
my password, hunter2x, is weak
"""
SECRETS_OVER_LINES = (
    "user: bob\npass: hunter2x",
    "pass\u200bword is hunter2x",
    "Here is my password.\nhunter2x",
    "Here is my password.\nswordfish",
    "wifi: HomeNet\npassword:\nhunter2x",
    "my password:\nhunter2x",
)
ORDINARY = """
I forgot my password to Netflix
My kids know the password to my tablet
I want the pin to be red
I need a password for my Windows11 laptop
my password is the same everywhere
my passport is from 2019
I passed the B2 exam
I keep forgetting my passwords
I use a password manager
my password manager is Bitwarden
I hate password resets
always use strong passwords
my password policy is strict
I changed my password yesterday
my password is very long
I lost my PIN
I love to pin photos to the wall
I collect enamel pins
my hobby is pin collecting
the pin on my jacket is red
the key to happiness is sleep
my key is under the mat
the keys are on the table
coffee is the key to my mornings
I play piano in the key of C minor
I collect tokens in board games
my favourite token is the thimble
the monopoly token is a car
the casino tokens are red
call me on +351 912 345 678
my phone number is 020 7946 0958
my number is (555) 123-4567
born on 1990-05-03
my birthday is 03.05.1990
my order number is 302-5478123-9912345
the ISBN is 978-3-16-148410-0
my favourite book has ISBN 9783161484100
it cost 1,299,000.00 euros
I have 1234567890123 stars in the sky
meet at 2024-01-01T00:00:00Z
I live at 221B Baker Street NW1 6XE
my dress code is casual
the zip code is 90210
my country code is +351
I write code every day
I run 10 km in 45:30
use UTF-8 and ISO-8601
my GPU is an RTX4090
I drive a BMW X5 2019
room 1408, floor 14
see https://example.com/a/b?c=1
mail me at ana@example.com
I like the number 1111111111111111
00000000000000
I prefer tabs to spaces
I like Python3.12 and PostgreSQL16
my version is v1.2.3-beta.4
call the method getUserByIdAndName2 please
my favourite movie is 2001: A Space Odyssey
the secret to good bread is time
the secret ingredient is cinnamon
my secret is that I hate jazz
my credentials are a degree in law
the access code of conduct matters
I am the key account manager
my license is expired
tokens are for games
my train is ICE 1234 at 12:34
the flight is TP1234567
my favourite commit is 9fceb02d0ae598e95dc970b74767f19372d61af8
I keep forgetting my passwords
The pin on my jacket is red
I use a password manager
My password is very long
I use 1password as my password manager
I forgot my password for Windows11
I reset my password on 2024-05-01
My password is 12 characters long
I forgot the password for ana2@example.com
I forgot my password. My flight is TP1234567
I lost the password of my PS5Pro
passwords should be unique
passwords are annoying
Bitwarden is my password manager
What is my password?
I use the password manager of my browser
I use password protection
I never share my password with anyone
my password keeps expiring
I hate it when my password is rejected
Ana was the token vegetarian
I passed my driving test in 2019
my boarding pass: gate B12
The key to success is work
I have a pin collection of 250 pins
I pin 300 photos a day
I'm on social security
PASS: all 23 tests
pin 13 is an output
la clave es la paciencia
I always use strong passwords
I use different passwords for everything
I want to learn about password security
I change my password every 90 days
My password is hard to remember
My password was stolen last year
I forgot my password again
I love tea and coffee
my phrase of 2020 was yolo
The access code of the building changed
I use a code editor with dark mode
I code in Python3 every day
my passcode has six digits
I need to change my password to something longer
The password should be longer
I always forget which password is which
"""


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.mark.parametrize("text", [*lines(SECRETS), *SECRETS_OVER_LINES])
def test_secrets_are_found(text: str) -> None:
    assert find_secret(text)


@pytest.mark.parametrize("text", lines(ORDINARY))
def test_ordinary_sentences_are_none(text: str) -> None:
    assert find_secret(text) is None


def test_a_long_text_is_searched_in_no_time() -> None:
    find_secret("password " * 20_000)
    find_secret("1 " * 50_000)
    find_secret("a1B" * 30_000 + " ")


@pytest.mark.parametrize("text", SECRETS.strip().splitlines())
def test_a_secret_is_found_wherever_it_stands_in_a_long_text(text: str):
    before, behind = "We talked about the garden. \n" * 400, "\n The tomatoes did well. " * 400
    assert find_secret(before + text + behind) == find_secret(text)


@pytest.mark.parametrize("start", ["", "my password 1 "])
@pytest.mark.parametrize("unit", ["I...", "a.b.", "x@", "a=", "A1b2", "é", "--", "eyJ-", "sk-"])
def test_no_text_takes_longer_than_its_length_allows(start: str, unit: str):
    began = time.process_time()
    find_secret(start + unit * (20_000 // len(unit)))
    assert time.process_time() - began < 1  # it was ten seconds
