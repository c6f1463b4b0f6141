"""The keys a gateway shares with the house: unwrapped from TR-31, sealed, and opened for use."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from psec import des, tr31

from chassis.kernel.errors import Invalid, NotFound, Refused, Unavailable
from chassis.ports import Ports
from services.accounts.domain.pins.network_keys import (
    NETWORK_KEYS,
    ChangeNetworkKey,
    NetworkKeyKind,
    NetworkKeys,
)
from services.accounts.use_cases.card_values import old_ciphers

PURPOSE = "accounts.network_keys"
CHECK_BYTES = 3
VERSIONS = ("B", "D")
"""Of key blocks: derived binding under triple DES, and under AES. A and C are broken."""
RELOAD_SECONDS = 1.0
"""No more than once in so long is the store asked whether there are other keys than known."""
REFRESH_SECONDS = 60.0
"""After so long it is asked in any case: a key that another process replaced has to end."""


class Use(NamedTuple):
    """What the header of a key block may say of a key for a kind of use."""

    kind: NetworkKeyKind
    algorithm: str
    modes: str
    sizes: tuple[int, ...]


USES = {
    "P0": Use(NetworkKeyKind.PIN, "T", "BDE", (16, 24)),
    "M6": Use(NetworkKeyKind.MAC, "A", "CGV", (16, 24, 32)),
}
"""Key usage of ANSI X9.143: PIN encryption, and ISO 9797-1 algorithm 5 (CMAC)."""


class ClearKey(NamedTuple):
    """A key in clear and when it ends; never kept, never printed."""

    kind: NetworkKeyKind
    key: bytes
    until: datetime | None = None

    def __repr__(self) -> str:
        return f"ClearKey({self.kind}, ...)"


class Unwrapped(NamedTuple):
    """A key that came in a key block."""

    kind: NetworkKeyKind
    key: bytes
    check_value: str

    def __repr__(self) -> str:
        return f"Unwrapped({self.kind}, {self.check_value})"


def unwrap(key_encryption_key: bytes, key_block: str) -> Unwrapped:
    """The key in a TR-31 block. Raises Invalid for what is no such block under our key, or of a
    key that is for something else."""
    block = tr31.KeyBlock(key_encryption_key)
    try:
        with old_ciphers():
            key = block.unwrap(key_block)
    except (tr31.HeaderError, tr31.KeyBlockError, ValueError, KeyError, IndexError):
        # What the library says shows parts of the block.
        raise unfit("this is no key block under the key-encryption key") from None
    header = block.header
    use = USES.get(header.key_usage)
    if header.version_id not in VERSIONS or use is None or len(key) not in use.sizes:
        raise unfit("a key of this version, usage or length is not taken")
    if header.algorithm != use.algorithm or header.mode_of_use not in use.modes:
        raise unfit("a key of this usage is not for this algorithm or mode")
    return Unwrapped(use.kind, key, check_value(use.kind, key))


def unfit(why: str) -> Invalid:
    """That a key block is refused."""
    return Invalid("KEY_BLOCK_UNFIT", why, field="key_block")


def check_value(kind: NetworkKeyKind, key: bytes) -> str:
    """Six hexadecimal digits that tell keys apart: of nothing encrypted, or authenticated."""
    if kind is NetworkKeyKind.PIN:
        with old_ciphers():
            return bytes(des.generate_kcv(key, CHECK_BYTES)).hex().upper()
    mac = CMAC(AES(key))
    mac.update(bytes(16))
    return mac.finalize()[:CHECK_BYTES].hex().upper()


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the settings say: keys until the first change, and the one that new ones come under."""

    pin_key: bytes | None
    mac_key: bytes | None
    key_encryption_key: bytes | None
    overlap: timedelta

    def __repr__(self) -> str:
        return "Agreed(...)"


class GatewayKeys:
    """Changes keys, and has those of every gateway at hand."""

    def __init__(self, ports: Ports, agreed: Agreed) -> None:
        self._ports = ports
        self._agreed = agreed
        self._opened: dict[str, tuple[ClearKey, ...]] = {}
        self._asked_at: dict[str, float] = {}

    def pin_keys(self, gateway_id: str) -> tuple[bytes, ...]:
        """Under which PIN blocks may come now, newest first; call `know` before."""
        return self._of(gateway_id, NetworkKeyKind.PIN, self._agreed.pin_key)

    def mac_keys(self, gateway_id: str) -> tuple[bytes, ...]:
        """Under which messages may be authenticated now, newest first; call `know` before. None
        where the settings want no authentication."""
        if self._agreed.mac_key is None:
            return ()
        return self._of(gateway_id, NetworkKeyKind.MAC, self._agreed.mac_key)

    def _of(self, gateway_id: str, kind: NetworkKeyKind, first: bytes | None) -> tuple[bytes, ...]:
        known = [each for each in self._opened.get(gateway_id, ()) if each.kind is kind]
        if not known:
            return () if first is None else (first,)
        now = self._ports.clock.now()
        return tuple(each.key for each in known if each.until is None or now < each.until)

    async def know(self, gateway_id: str) -> None:
        """Have the keys of a gateway at hand."""
        if gateway_id not in self._opened:
            await self._load(gateway_id)
            return
        age = self._ports.clock.monotonic() - self._asked_at.get(gateway_id, 0.0)
        if age >= REFRESH_SECONDS:
            # While the store is away, what is known serves on.
            with suppress(Unavailable):
                await self._load(gateway_id)

    async def learn(self, gateway_id: str) -> bool:
        """Look whether another process has changed them; not more often than RELOAD_SECONDS."""
        now = self._ports.clock.monotonic()
        if now - self._asked_at.get(gateway_id, -RELOAD_SECONDS) < RELOAD_SECONDS:
            return False
        before = self._opened.get(gateway_id)
        await self._load(gateway_id)
        return self._opened[gateway_id] != before

    async def _load(self, gateway_id: str) -> None:
        self._asked_at[gateway_id] = self._ports.clock.monotonic()
        state = await self._ports.application.find(NETWORK_KEYS, gateway_id) or NetworkKeys()
        opened = [
            ClearKey(each.kind, await self._open(gateway_id, each), each.until)
            for each in state.keys
        ]
        for kind, first in (
            (NetworkKeyKind.PIN, self._agreed.pin_key),
            (NetworkKeyKind.MAC, self._agreed.mac_key),
        ):
            known = state.of(kind)
            if first is not None and known and known[-1].number == 1:
                # The very first change: what it replaced stands in the settings.
                opened.append(ClearKey(kind, first, known[-1].former_until))
        self._opened[gateway_id] = tuple(opened)

    async def _open(self, gateway_id: str, kept: Any) -> bytes:
        place = _place(gateway_id, kept.change_id)
        key: bytes = await self._ports.keys.open(
            _subject(gateway_id), PURPOSE, kept.sealed_key, place
        )
        return key

    async def changing(self, gateway_id: str, key_block: str, change_id: str) -> ChangeNetworkKey:
        """The command that takes a key out of a block into use; `forget` afterwards. Raises
        Refused where the settings have no key for that, Invalid for an unfit block."""
        agreed = self._agreed
        if agreed.key_encryption_key is None:
            raise Refused("KEY_CHANGE_NOT_SUPPORTED", "there is no key-encryption key")
        taken = unwrap(agreed.key_encryption_key, key_block)
        if taken.kind is NetworkKeyKind.MAC and agreed.mac_key is None:
            raise Refused("KEY_CHANGE_NOT_SUPPORTED", "messages are not authenticated here")
        sealed = await self._ports.keys.seal(
            _subject(gateway_id), PURPOSE, taken.key, _place(gateway_id, change_id)
        )
        return ChangeNetworkKey(
            gateway_id=gateway_id,
            kind=taken.kind,
            change_id=change_id,
            sealed_key=sealed,
            check_value=taken.check_value,
            overlap=agreed.overlap,
        )

    def forget(self, gateway_id: str) -> None:
        """Look anew at what the keys are."""
        self._opened.pop(gateway_id, None)

    async def state(self, gateway_id: str) -> NetworkKeys:
        """What is known of the keys of a gateway. Raises NotFound where none was changed."""
        found = await self._ports.application.find(NETWORK_KEYS, gateway_id)
        if found is None:
            raise NotFound("NETWORK_KEYS_NOT_FOUND", "no key of this gateway was ever changed")
        return found


def key_of(secret: Any) -> bytes | None:
    """A key as settings hold it, in hexadecimal digits."""
    return None if secret is None else bytes.fromhex(secret.get_secret_value())


def agreed_in(settings: Any) -> Agreed:
    """What the settings say of keys."""
    return Agreed(
        pin_key=key_of(settings.iso8583_pin_key),
        mac_key=key_of(settings.iso8583_mac_key),
        key_encryption_key=key_of(settings.iso8583_key_encryption_key),
        overlap=timedelta(seconds=settings.iso8583_key_overlap_seconds),
    )


def _subject(gateway_id: str) -> str:
    return f"gateway:{gateway_id}"


def _place(gateway_id: str, change_id: str) -> str:
    return f"NetworkKeyChanged.sealed_key:{gateway_id}:{change_id}"
