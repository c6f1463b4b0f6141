"""Card verification values and PINs by the published algorithms, over psec: which value is made
from what. Nothing here is kept or logged."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from enum import StrEnum
from functools import partial

from cryptography.utils import CryptographyDeprecationWarning
from psec import cvv, des, pin, pinblock

from chassis.kernel.errors import Invalid
from services.accounts.domain.values import EntryMode

FORMAT_0_BYTES = 8
FORMAT_4_BYTES = 16
PVV_KEY_INDEX = "1"
ATC_DIGITS = 4


class ServiceCode(StrEnum):
    """The service code that a value is made with, which is what tells the values apart."""

    STRIPE = "201"
    PRINTED = "000"
    CHIP = "999"


BY_ENTRY_MODE = {
    EntryMode.MAGNETIC_STRIPE: ServiceCode.STRIPE,
    EntryMode.CHIP: ServiceCode.CHIP,
    EntryMode.CONTACTLESS: ServiceCode.CHIP,
}
"""Where the value comes from; whatever is keyed in is the printed one (CVV2)."""


@contextmanager
def old_ciphers() -> Iterator[None]:
    """Networks prescribe triple DES, of which the library warns whenever it is used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def verification_value(key: bytes, number: str, expires_on: date, service_code: str) -> str:
    """CVV, CVV2 or iCVV of a card, three digits, by its service code; Visa's algorithm."""
    with old_ciphers():
        return cvv.generate_cvv(key, number, expires_on.strftime("%y%m"), service_code)


def dynamic_value(
    key: bytes, number: str, expires_on: date, service_code: str, counter: int
) -> str:
    """dCVV: as CVV, with the transaction counter in place of the first digits of the number."""
    atc = str(counter % 10**ATC_DIGITS).zfill(ATC_DIGITS)
    return verification_value(key, atc + number[ATC_DIGITS:], expires_on, service_code)


def pin_verification_value(key: bytes, number: str, plain_pin: str) -> str:
    """Visa's PVV, four digits."""
    with old_ciphers():
        return pin.generate_visa_pvv(key, PVV_KEY_INDEX, plain_pin, number)


def pin_of(block: bytes, number: str, tdes_keys: Sequence[bytes], aes_keys: Sequence[bytes]) -> str:
    """The PIN in a block of format 0 under triple DES (8 bytes) or of format 4 under AES (16),
    under whichever key makes one of it. Raises Invalid for anything else."""
    if len(block) == FORMAT_0_BYTES:
        readings = [partial(_format_0, each, block, number) for each in tdes_keys]
    elif len(block) == FORMAT_4_BYTES:
        readings = [
            partial(pinblock.decipher_pinblock_iso_4, each, block, number) for each in aes_keys
        ]
    else:
        readings = []
    for read in readings:
        # What the library says may hold digits of the PIN.
        with suppress(ValueError):
            return read()
    raise Invalid("PIN_BLOCK_MALFORMED", "this is no PIN block of this card", field="pin_block")


def _format_0(key: bytes, block: bytes, number: str) -> str:
    with old_ciphers():
        clear = des.decrypt_tdes_ecb(key, block)
    return pinblock.decode_pinblock_iso_0(clear, number)
