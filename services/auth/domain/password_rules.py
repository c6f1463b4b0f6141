"""Which passwords will do: by length and by what everybody would guess, not by composition."""

import unicodedata
from itertools import pairwise

from chassis.kernel.errors import Invalid

SHORTEST_ALONE = 15
SHORTEST_WITH_SECOND_FACTOR = 8
LONGEST = 128
CONTEXT_WORD_SHORTEST = 4
REPEATS_LEAST_DISTINCT = 4

_COMMON = """
    password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword pa55word
    12345678 123456789 1234567890 12345678910 123123123 987654321 87654321 11223344 147258369
    1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc qazwsxedc zaq12wsx q1w2e3r4 qwer1234 qwert123
    qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 asdfghjk asdfghjkl asdf1234 zxcvbnm123
    abcdefgh abcd1234 abc12345 abcdefg1 a1234567 a12345678 a123456789 aa123456 woaini1314
    iloveyou iloveyou1 sunshine princess football baseball superman batman123 starwars trustno1
    welcome1 welcome123 letmein1 letmein123 changeme changeme1 changeit whatever computer
    internet michelle jennifer elizabeth alexander jonathan mercedes corvette samantha danielle
    monkey123 dragon123 shadow123 master123 admin123 admin1234 administrator root1234 test1234
    testtest secret123 default1 temp1234 guest1234 summer2024 summer2025 summer2026 winter2024
    winter2025 winter2026 spring2026 autumn2026 correcthorsebatterystaple
    thequickbrownfox thequickbrownfoxjumpsoverthelazydog iamthewalrus tobeornottobe
    passwordpassword password123456789 123456789012345 1234567890123456 qwertyuiopasdfgh
    qwertyuiopasdfghjkl 111111111111111 aaaaaaaaaaaaaaa
"""
COMMON = frozenset(_COMMON.split())
"""Found in every published list of breached passwords; compared without case, spaces and signs."""

ROWS = ("12345678901", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")
RUNS_LEAST = 4
"""A password of fewer runs along a row of keys or of the alphabet is as quickly tried as typed."""
_NEIGHBOURS = frozenset(pair for row in ROWS for way in (row, row[::-1]) for pair in pairwise(way))

CONTEXT = ("creditcard", "cardissuer", "mybankcard", "issuingbackend")
"""What somebody would think of because of what this is."""


def normalised(password: str) -> str:
    """The form that is counted, compared and hashed."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *context_words: str) -> bool:
    """Whether the password suffices alone; otherwise it will do with a second factor only.

    `context_words` are what an attacker would try first: the login name and its parts. Raises
    Invalid PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, PASSWORD_TOO_COMMON, PASSWORD_HAS_CONTEXT.
    """
    text = normalised(password)
    if len(text) < SHORTEST_WITH_SECOND_FACTOR:
        raise _refused("PASSWORD_TOO_SHORT", f"at least {SHORTEST_WITH_SECOND_FACTOR} characters")
    if len(text) > LONGEST:
        raise _refused("PASSWORD_TOO_LONG", f"at most {LONGEST} characters")
    bare = "".join(each for each in text.casefold() if each.isalnum())
    guessed = {bare, text.casefold(), _repeated(bare)} & COMMON
    if guessed or len(set(text)) < REPEATS_LEAST_DISTINCT or _runs(text) < RUNS_LEAST:
        raise _refused("PASSWORD_TOO_COMMON", "it is in lists of guessed passwords")
    for word in (*CONTEXT, *context_words):
        folded = "".join(each for each in normalised(word).casefold() if each.isalnum())
        # What is left when the guessable word is taken out must still be a password of its own.
        rest = bare.replace(folded, "") if len(folded) >= CONTEXT_WORD_SHORTEST else bare
        if rest != bare and len(rest) < SHORTEST_WITH_SECOND_FACTOR:
            raise _refused("PASSWORD_HAS_CONTEXT", "it is little more than a name that is known")
    return len(text) >= SHORTEST_ALONE


def _repeated(text: str) -> str:
    """What a text repeats, beginning to end; the text itself if it repeats nothing."""
    length = (text + text).find(text, 1)
    return text[:length] if length > 0 else text


def _runs(text: str) -> int:
    """How many runs a text is made of: the same character, or the next or last of a row."""
    spoken = "".join(text.casefold().split())
    return 1 + sum(a != b and (a, b) not in _NEIGHBOURS for a, b in pairwise(spoken))


def _refused(reason: str, message: str) -> Invalid:
    return Invalid(reason, message, field="password")
