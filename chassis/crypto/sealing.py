"""The sealed text `v1.<key version>.<base64url of nonce and AES-256-GCM ciphertext>`."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


class SealBroken(Exception):
    """A sealed text was altered, cut, or moved from the place it was sealed for. A defect or an
    attack, never the caller's fault, and therefore no kernel error."""


def joined(*parts: str) -> bytes:
    """The parts in one piece, each with its length before it, so that no two lists are alike."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))


def text_of(raw: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """The bytes of canonical base64url without padding; SealBroken for any other spelling."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NotBase64, ValueError) as failure:
        raise SealBroken("not base64url") from failure
    # Python decodes several spellings to the same bytes; only one of them is ours.
    if text_of(raw) != text:
        raise SealBroken("not canonical base64url")
    return raw


def seal(key: bytes, key_version: int, plaintext: bytes, about: bytes, nonce: bytes) -> str:
    """Encrypt under a key that must never see the same nonce twice; `about` is authenticated."""
    sealed = AESGCM(key).encrypt(nonce, plaintext, _bound(key_version, about))
    return f"{FORMAT}.{key_version}.{text_of(nonce + sealed)}"


def version_of(sealed: str) -> int:
    """The version of the key that a sealed text needs."""
    return _parts(sealed)[0]


def unseal(key: bytes, sealed: str, about: bytes) -> bytes:
    """The plaintext, if nothing was altered and `about` is what it was sealed with."""
    version, body = _parts(sealed)
    raw = bytes_of(body)
    if len(raw) < NONCE_BYTES + TAG_BYTES:
        raise SealBroken("too short")
    try:
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(version, about))
    except InvalidTag as failure:
        raise SealBroken("altered, or not sealed for this place") from failure


def _bound(key_version: int, about: bytes) -> bytes:
    return f"{FORMAT}.{key_version}.".encode() + about


def _parts(sealed: str) -> tuple[int, str]:
    match sealed.split("."):
        case [form, version, body] if form == FORMAT and version.isascii() and version.isdigit():
            # One spelling only, as for base64.
            if str(int(version)) == version:
                return int(version), body
    raise SealBroken("not a sealed text of a format that this version knows")


def keyed_hash(secret: bytes, *parts: str, body: bytes = b"") -> bytes:
    """HMAC-SHA-256 of length-prefixed parts and a body."""
    return hmac.digest(secret, joined(*parts) + body, "sha256")
