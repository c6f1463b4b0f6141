"""The keys of the cards of a BIN in clear, for as long as something is computed with them."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from services.accounts.domain.pins.card_keys import CARD_KEYS, CardKeys, GenerateCardKeys, KeySet
from services.accounts.use_cases.accounts import Accounts

KEYS_PURPOSE = "accounts.card_keys"
KEY_BYTES = {
    "cvk": 16,
    "pvk": 16,
    "tdes_transport_key": 16,
    "aes_transport_key": 32,
    "chip_key": 16,
}


class ClearKeys(NamedTuple):
    """One version of the keys of a BIN in clear; never kept, never printed. `chip_key` is empty
    in what was made before chips had keys."""

    version: int
    cvk: bytes
    pvk: bytes
    tdes_transport_key: bytes
    aes_transport_key: bytes
    chip_key: bytes

    def __repr__(self) -> str:
        return f"ClearKeys(version={self.version}, ...)"


def _subject(bin_digits: str) -> str:
    return f"bin:{bin_digits}"


def _place(name: str, bin_digits: str, rotation_id: str) -> str:
    whose = f"{bin_digits}:{rotation_id}" if rotation_id else bin_digits
    return f"CardKeysGenerated.{name}:{whose}"


class BinKeys:
    """Makes, seals and opens the keys of BINs. What was approved on a day takes effect on the next
    one, so that whoever looks once a day, in whatever process, misses nothing."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._known: dict[str, tuple[date, CardKeys]] = {}

    async def on(self, bin_digits: str, day: date) -> ClearKeys:
        """The keys that cards of a day are made with; the first are made at their first use."""
        return await self._opened(bin_digits, (await self._state(bin_digits)).on(day))

    async def of(self, bin_digits: str, version: int) -> ClearKeys:
        """The keys of a version. Raises NotFound."""
        return await self._opened(bin_digits, (await self._state(bin_digits)).of(version))

    async def newest(self, bin_digits: str) -> tuple[ClearKeys, ...]:
        """The keys in force today, and before them those that were: who makes PIN blocks may not
        have the newest yet."""
        state = await self._state(bin_digits)
        today = state.on(self._today())
        former = [each for each in state.sets if each.version == today.version - 1]
        return tuple([await self._opened(bin_digits, each) for each in (today, *former)])

    async def sealed(self, bin_digits: str, rotation_id: str = "") -> Mapping[str, str]:
        """New keys, sealed, by the names of the fields that they stand in."""
        accounts = self._accounts
        return {
            f"sealed_{name}": await accounts.keys.seal(
                _subject(bin_digits),
                KEYS_PURPOSE,
                accounts.ports.random.randbytes(size),
                _place(name, bin_digits, rotation_id),
            )
            for name, size in KEY_BYTES.items()
        }

    def _today(self) -> date:
        return self._accounts.ports.clock.now().date()

    async def _state(self, bin_digits: str) -> CardKeys:
        today = self._today()
        on, state = self._known.get(bin_digits, (None, None))
        if state is not None and on == today:
            return state
        found = await self._accounts.application.find(CARD_KEYS, bin_digits)
        if found is None:
            found = await self._first(bin_digits)
        self._known[bin_digits] = (today, found)
        return found

    async def _first(self, bin_digits: str) -> CardKeys:
        command = GenerateCardKeys(bin=bin_digits, **await self.sealed(bin_digits))
        await self._accounts.application.execute(command, actor="service:accounts")
        # Another process may have been first, and then its keys are the keys.
        return await self._accounts.application.state(CARD_KEYS, bin_digits)

    async def _opened(self, bin_digits: str, kept: KeySet) -> ClearKeys:
        opened = [
            await self._open(bin_digits, name, getattr(kept, f"sealed_{name}"), kept.rotation_id)
            for name in KEY_BYTES
        ]
        return ClearKeys(kept.version, *opened)

    async def _open(self, bin_digits: str, name: str, sealed: str, rotation_id: str) -> bytes:
        if not sealed:
            return b""
        place = _place(name, bin_digits, rotation_id)
        return await self._accounts.keys.open(_subject(bin_digits), KEYS_PURPOSE, sealed, place)
