"""Tokens that only we can make and that need no row: ids, a generation, and a keyed hash."""

import hmac
import re

from chassis.crypto.sealing import keyed_hash, text_of
from chassis.kernel.errors import Unauthenticated

_ID = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


class Handles:
    """Makes and reads the tokens of enrolments, challenges and refreshes.

    The same ids give the same token, so a repeated request is answered alike without keeping it.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def enrolment(self, identity_id: str, enrolment_id: str) -> str:
        """Opens the enrolment of credentials."""
        return self._made("enrolment", identity_id, enrolment_id)

    def read_enrolment(self, token: str) -> tuple[str, str]:
        """Identity and enrolment. Raises Unauthenticated ENROLMENT_INVALID."""
        match self._parts("enrolment", token):
            case [identity_id, enrolment_id]:
                return identity_id, enrolment_id
        raise Unauthenticated("ENROLMENT_INVALID", "that is no enrolment token")

    def challenge(self, session_id: str) -> str:
        """Goes with the answer to a challenge."""
        return self._made("challenge", session_id)

    def read_challenge(self, token: str) -> str:
        """Session. Raises Unauthenticated CHALLENGE_INVALID."""
        match self._parts("challenge", token):
            case [session_id]:
                return session_id
        raise Unauthenticated("CHALLENGE_INVALID", "that is no challenge token")

    def refresh(self, session_id: str, generation: int) -> str:
        """Is exchanged for that of the next generation."""
        return self._made("refresh", session_id, str(generation))

    def read_refresh(self, token: str) -> tuple[str, int]:
        """Session and generation. Raises Unauthenticated REFRESH_TOKEN_INVALID."""
        match self._parts("refresh", token):
            case [session_id, generation] if _NUMBER.fullmatch(generation):
                return session_id, int(generation)
        raise Unauthenticated("REFRESH_TOKEN_INVALID", "that is no refresh token")

    def _made(self, kind: str, *parts: str) -> str:
        return ".".join((*parts, text_of(keyed_hash(self._secret, kind, *parts))))

    def _parts(self, kind: str, token: str) -> list[str]:
        *parts, shown = token.split(".")
        expected = text_of(keyed_hash(self._secret, kind, *parts))
        if not hmac.compare_digest(shown.encode(), expected.encode()):
            return []
        return parts if parts and _ID.fullmatch(parts[0]) else []
