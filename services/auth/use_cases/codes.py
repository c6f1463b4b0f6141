"""Time-based one-time codes, RFC 6238: six digits, thirty seconds, SHA-1, as every app knows."""

import hmac
from base64 import b32encode
from datetime import datetime

import pyotp

SEED_BYTES = 20
STEP_SECONDS = 30
STEPS_EITHER_WAY = 1
"""A clock may be off by so many steps, and typing takes time."""
ISSUER = "Cards"


def seed_text(seed: bytes) -> str:
    """The seed as authenticators take it."""
    return b32encode(seed).decode()


def provisioning_uri(seed: bytes, label: str) -> str:
    """`otpauth://totp/…` for a QR code."""
    return pyotp.TOTP(seed_text(seed)).provisioning_uri(name=label, issuer_name=ISSUER)


def generator_of(uri: str) -> pyotp.TOTP:
    """What an authenticator makes of a provisioning URI."""
    generator = pyotp.parse_uri(uri)
    assert isinstance(generator, pyotp.TOTP)
    return generator


def matching_step(seed: bytes, code: str, now: datetime) -> int:
    """The step that the code belongs to, the newest first; 0 if it is wrong.

    Every step of the window is tried, so that the time taken says nothing.
    """
    present = int(now.timestamp()) // STEP_SECONDS
    generator = pyotp.HOTP(seed_text(seed))
    found = 0
    for step in range(max(present - STEPS_EITHER_WAY, 0), present + STEPS_EITHER_WAY + 1):
        if hmac.compare_digest(generator.at(step).encode(), code.encode()):
            found = step
    return found
