"""Which passwords will do."""

import pytest

from chassis.kernel.errors import Invalid
from services.auth.domain.password_rules import check_password


@pytest.mark.parametrize(
    ("password", "suffices_alone"),
    [
        ("fifteen letters", True),
        ("kurz&gut", False),
        ("fourteen chars", False),
        ("一二三四五六七八九十百千万亿兆", True),
        ("no digit no capital no sign", True),
        ("!§$%&/()=?*+~#'", True),
        ("bcdefghi!?$%&/()=", True),
        ("ab" * 32 + "cdef" * 16, True),
        ("𝕡𝕒𝕤𝕤 𝕡𝕙𝕣𝕒𝕤𝕖 𝕠𝕗 𝕞𝕚𝕟𝕖", True),
    ],
)
def test_length_is_what_counts(password: str, suffices_alone: bool) -> None:
    assert check_password(password) is suffices_alone


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("seven77", "PASSWORD_TOO_SHORT"),
        ("abcd" * 32 + "e", "PASSWORD_TOO_LONG"),
        ("Password123", "PASSWORD_TOO_COMMON"),
        ("P A S S W O R D 1", "PASSWORD_TOO_COMMON"),
        ("ｐａｓｓｗｏｒｄ１", "PASSWORD_TOO_COMMON"),
        ("correct horse battery staple", "PASSWORD_TOO_COMMON"),
        ("aaaaaaaaaaaaaaaaaaaa", "PASSWORD_TOO_COMMON"),
        ("ababababcababababc", "PASSWORD_TOO_COMMON"),
        ("12345678901234567890", "PASSWORD_TOO_COMMON"),
        ("abcdefghijklmnop", "PASSWORD_TOO_COMMON"),
        ("QWERTYUIOP 654321", "PASSWORD_TOO_COMMON"),
        ("Password1!Password1!", "PASSWORD_TOO_COMMON"),
        ("CreditCard2026", "PASSWORD_HAS_CONTEXT"),
        ("zhang.wei1", "PASSWORD_HAS_CONTEXT"),
    ],
)
def test_a_refusal_says_why(password: str, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_password(password, "Zhang.Wei")
    assert refusal.value.reason == reason
    assert refusal.value.field == "password"
    assert password not in str(refusal.value)
