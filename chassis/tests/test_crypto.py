"""Sealing, data keys, root keys and passwords, as those who use them see them."""

import asyncio
import random
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from chassis.crypto import (
    DATA_KEY_CACHE_SECONDS,
    DataKey,
    FieldKeys,
    LocalKeys,
    LocalKeySource,
    SealBroken,
    sealing,
)
from chassis.crypto.data_keys import DataKeyCache
from chassis.crypto.passwords import HashingPool, Parameters, PasswordHasher
from chassis.crypto.roots import RootKeysUnusable, root_keys_from_file
from chassis.kernel.clock import FixedClock
from chassis.kernel.errors import Exhausted, NotFound

SUBJECT, PURPOSE, PLACE = "customer:c1", "accounts.personal", "CustomerRegistered.name"
CHEAP = Parameters("test", 64, 1, 1)
names = st.text(min_size=1, max_size=12)


async def sealed_for(keys: LocalKeys, plaintext: bytes = b"Zhang Wei") -> str:
    return await keys.seal(SUBJECT, PURPOSE, plaintext, PLACE)


@given(st.binary(max_size=200), names, names, names)
async def test_what_is_sealed_opens_for_the_same_subject_purpose_and_place_only(
    plaintext: bytes, subject: str, purpose: str, place: str
) -> None:
    keys = LocalKeys()
    sealed = await keys.seal(subject, purpose, plaintext, place)
    assert await keys.open(subject, purpose, sealed, place) == plaintext
    with pytest.raises(SealBroken):
        await keys.open(subject, purpose, sealed, f"{place}!")
    for other in ((f"{subject}!", purpose), (subject, f"{purpose}!")):
        await keys.seal(*other, b"", place)
        with pytest.raises(SealBroken):
            await keys.open(*other, sealed, place)


async def test_a_ciphertext_of_one_subject_does_not_open_for_another_with_the_same_key() -> None:
    key = b"k" * 32
    first, second = sealing.joined("a", "bc", "d"), sealing.joined("ab", "c", "d")
    sealed = sealing.seal(key, 1, b"secret", first, b"n" * 12)
    assert sealing.unseal(key, sealed, first) == b"secret"
    with pytest.raises(SealBroken):
        sealing.unseal(key, sealed, second)


@given(st.data())
def test_no_character_of_a_sealed_text_can_be_changed(data: st.DataObject) -> None:
    sealed = sealing.seal(b"k" * 32, 7, b"secret", b"about", b"n" * 12)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.=\n ").filter(lambda each: each != sealed[at]))
    changed = sealed[:at] + other + sealed[at + 1 :]
    with pytest.raises(SealBroken):
        sealing.unseal(b"k" * 32, changed, b"about")


@pytest.mark.parametrize(
    "text", ["", "v1", "v1.1.", "v1.1.AA", "v2.1.AAAA", "v1.01.AAAA", "v1.x.AAAA", "v1.1.A==="]
)
def test_what_is_no_sealed_text_is_refused(text: str) -> None:
    with pytest.raises(SealBroken):
        sealing.unseal(b"k" * 32, text, b"")


def test_the_cipher_is_the_published_one() -> None:
    # Test case 16 of the GCM specification (McGrew, Viega): AES-256 with associated data.
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    text = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    about = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    assert AESGCM(key).encrypt(nonce, text, about)[-16:].hex() == (
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )


async def test_after_destruction_nothing_opens_once_the_named_time_has_passed() -> None:
    clock, source = FixedClock(), LocalKeySource()
    keys = LocalKeys(source, clock=clock)
    sealed = await sealed_for(keys)
    assert await keys.open(SUBJECT, PURPOSE, sealed, PLACE) == b"Zhang Wei"

    source.destroy(SUBJECT)
    clock.advance(timedelta(seconds=DATA_KEY_CACHE_SECONDS))
    for _ in range(2):
        with pytest.raises(NotFound) as failure:
            await keys.open(SUBJECT, PURPOSE, sealed, PLACE)
        assert failure.value.reason == "KEY_DESTROYED"
    with pytest.raises(NotFound):
        await sealed_for(keys)


async def test_hearing_of_the_destruction_closes_at_once() -> None:
    source = LocalKeySource()
    keys = LocalKeys(source)
    sealed = await sealed_for(keys)
    await keys.open(SUBJECT, PURPOSE, sealed, PLACE)
    source.destroy(SUBJECT)
    keys.forget(SUBJECT)
    with pytest.raises(NotFound):
        await keys.open(SUBJECT, PURPOSE, sealed, PLACE)


async def test_other_subjects_are_not_touched_by_a_destruction() -> None:
    source = LocalKeySource()
    keys = LocalKeys(source)
    sealed = await keys.seal("customer:c2", PURPOSE, b"Li Na", PLACE)
    await sealed_for(keys)
    source.destroy(SUBJECT)
    keys.forget("customer:c2")
    assert await keys.open("customer:c2", PURPOSE, sealed, PLACE) == b"Li Na"


class Counting(LocalKeySource):
    """Counts how often it is asked."""

    asked = 0

    async def create(self, subject: str, purpose: str) -> DataKey:
        self.asked += 1
        return await super().create(subject, purpose)

    async def get(self, subject: str, purpose: str, version: int) -> DataKey:
        self.asked += 1
        return await super().get(subject, purpose, version)


async def test_a_key_is_asked_for_once_and_the_cache_is_bounded() -> None:
    clock, source = FixedClock(), Counting()
    cache = DataKeyCache(clock, seconds=10, entries=2)
    keys = FieldKeys(source, clock=clock, lookup_secret=b"s" * 32, cache=cache)
    for _ in range(3):
        await keys.seal("customer:1", PURPOSE, b"x", PLACE)
    assert source.asked == 1
    await keys.seal("customer:2", PURPOSE, b"x", PLACE)
    await keys.seal("customer:3", PURPOSE, b"x", PLACE)
    assert source.asked == 3
    await keys.seal("customer:1", PURPOSE, b"x", PLACE)
    assert source.asked == 4
    clock.advance(timedelta(seconds=10))
    await keys.seal("customer:1", PURPOSE, b"x", PLACE)
    assert source.asked == 5


async def test_the_same_seed_gives_the_same_ciphertext_and_another_seal_another() -> None:
    first = LocalKeys(random_bytes=random.Random(1).randbytes)
    again = LocalKeys(random_bytes=random.Random(1).randbytes)
    assert [await sealed_for(first), await sealed_for(first)] == [
        await sealed_for(again),
        await sealed_for(again),
    ]
    assert await sealed_for(first) != await sealed_for(first)


def test_a_look_up_hash_depends_on_secret_purpose_and_text() -> None:
    keys = LocalKeys(lookup_secret=b"a" * 32)
    pan = b"4000000000000002"
    hashed = keys.lookup_hash("accounts.pan", pan)
    assert hashed == keys.lookup_hash("accounts.pan", pan)
    assert "4000" not in hashed
    assert (
        len(
            {
                hashed,
                keys.lookup_hash("accounts.pan", b"4000000000000010"),
                keys.lookup_hash("accounts.email", pan),
                LocalKeys(lookup_secret=b"b" * 32).lookup_hash("accounts.pan", pan),
            }
        )
        == 4
    )
    with pytest.raises(ValueError, match="at least 32 bytes"):
        LocalKeys(lookup_secret=b"short")


def test_a_key_is_never_printed() -> None:
    assert "sixteen" not in repr(DataKey("customer:1", "accounts.pan", 1, b"sixteen byte key" * 2))


# Root keys ---------------------------------------------------------------------------------------


async def test_root_keys_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "auth" / "root.keys"
    first, second = root_keys_from_file(path), root_keys_from_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["root.keys"]
    wrapped = await first.wrap(b"k" * 32, "key_encryption_key/1")
    assert await second.unwrap(wrapped, "key_encryption_key/1") == b"k" * 32
    assert first.derive("pepper/1") == second.derive("pepper/1")
    assert first.derive("pepper/1") != first.derive("pepper/2")
    with pytest.raises(SealBroken):
        await second.unwrap(wrapped, "key_encryption_key/2")


def test_root_keys_that_others_can_read_or_that_are_malformed_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "root.keys"
    root_keys_from_file(path)
    path.chmod(0o640)
    with pytest.raises(RootKeysUnusable, match="600"):
        root_keys_from_file(path)
    for text in ("", "{}", '{"format": "other", "keys": {}}', "[1]"):
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(RootKeysUnusable):
            root_keys_from_file(path)


# Passwords ---------------------------------------------------------------------------------------


async def test_a_password_verifies_in_any_normal_form_and_no_other_does() -> None:
    hasher = PasswordHasher({1: b"p" * 32}, parameters=CHEAP)
    verifier = await hasher.hash("Ångström und Straße")
    assert await hasher.verify("Ångström und Straße", verifier)
    assert not await hasher.verify("Angström und Straße", verifier)
    assert verifier.text.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert "argon2" not in repr(verifier)


async def test_the_pepper_counts_and_an_old_one_asks_for_a_new_hash() -> None:
    old = PasswordHasher({1: b"p" * 32}, parameters=CHEAP)
    verifier = await old.hash("a password of some length")
    rotated = PasswordHasher({1: b"p" * 32, 2: b"q" * 32}, parameters=CHEAP)
    stolen = PasswordHasher({1: b"guessed pepper of thirty-two by."}, parameters=CHEAP)
    assert await rotated.verify("a password of some length", verifier)
    assert not await stolen.verify("a password of some length", verifier)
    assert rotated.is_outdated(verifier)
    assert not old.is_outdated(verifier)
    stronger = PasswordHasher({1: b"p" * 32}, parameters=Parameters("more", 128, 1, 1))
    assert stronger.is_outdated(verifier)


async def test_nobody_has_no_right_password_but_costs_a_hash() -> None:
    hashed: list[int] = []

    async def counted(work):  # type: ignore[no-untyped-def]
        hashed.append(1)
        return work()

    hasher = PasswordHasher({1: b"p" * 32}, parameters=CHEAP, offload=counted)
    assert not await hasher.verify("anything", None)
    verifier = await hasher.hash("anything")
    assert not await hasher.verify("something", verifier)
    assert len(hashed) == 3


async def test_a_full_pool_refuses_at_once_and_takes_again_when_there_is_room() -> None:
    pool = HashingPool(workers=1, waiting_limit=1)
    hasher = PasswordHasher({1: b"p" * 32}, parameters=CHEAP, offload=pool)
    try:
        results = await asyncio.gather(
            *(hasher.verify("x", None) for _ in range(5)), return_exceptions=True
        )
        refused = [each for each in results if isinstance(each, Exhausted)]
        assert len(refused) == 3
        assert results[:2] == [False, False]
        assert refused[0].reason == "HASHING_BUSY"
        assert not await hasher.verify("x", None)
    finally:
        pool.close()
