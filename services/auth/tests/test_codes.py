"""One-time codes against the vectors of RFC 6238 (SHA-1; of its eight digits, the last six)."""

from datetime import UTC, datetime, timedelta

import pytest

from services.auth.use_cases.codes import (
    generator_of,
    matching_step,
    provisioning_uri,
)

SEED = b"12345678901234567890"
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_published_codes_are_accepted_in_their_step_and_the_ones_beside_it(
    seconds: int, code: str
) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    step = seconds // 30
    assert matching_step(SEED, code[-6:], now) == step
    assert matching_step(SEED, code[-6:], now + timedelta(seconds=30)) == step
    assert matching_step(SEED, code[-6:], now - timedelta(seconds=30)) == step
    assert matching_step(SEED, code[-6:], now + timedelta(seconds=60)) == 0
    assert matching_step(SEED, code[-6:], now - timedelta(seconds=60)) == 0
    assert matching_step(b"another seed of some", code[-6:], now) == 0


def test_an_authenticator_makes_the_same_codes_of_the_uri() -> None:
    uri = provisioning_uri(SEED, "operator 0123abcd")
    assert uri.startswith("otpauth://totp/Cards:operator%200123abcd?secret=")
    assert generator_of(uri).at(59) == "287082"
