"""The root of all secrets of a service: a key outside its database that wraps other keys."""

import json
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.crypto import sealing

FILE_FORMAT = "cards-root-keys.v1"
FILE_MODE = 0o600
DERIVING_VERSION = 1


class RootKeysUnusable(Exception):
    """The root key file is malformed or readable by others; the service must not start."""


class RootKeys(Protocol):
    """A back end that wraps keys and derives secrets: a file here, a vault's transit engine or a
    hardware module elsewhere. `about` is authenticated: a wrapped key opens in its place only."""

    async def wrap(self, plaintext: bytes, about: str) -> str:
        """The wrapped key as text."""
        ...

    async def unwrap(self, wrapped: str, about: str) -> bytes:
        """The key. Raises SealBroken if it was altered or moved."""
        ...

    def derive(self, label: str) -> bytes:
        """32 bytes that only this root gives for the label; the same for ever."""
        ...


class EmbeddedRootKeys:
    """Root keys in memory, by version; the highest version wraps, every one unwraps."""

    def __init__(
        self, keys: Mapping[int, bytes], random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        if not keys or any(len(key) != sealing.KEY_BYTES for key in keys.values()):
            raise RootKeysUnusable(f"a root key has {sealing.KEY_BYTES} bytes")
        self._keys = dict(keys)
        self._active = max(keys)
        self._random_bytes = random_bytes

    async def wrap(self, plaintext: bytes, about: str) -> str:
        return sealing.seal(
            self._derived(self._active, "wrap"),
            self._active,
            plaintext,
            sealing.joined("root", about),
            self._random_bytes(sealing.NONCE_BYTES),
        )

    async def unwrap(self, wrapped: str, about: str) -> bytes:
        version = sealing.version_of(wrapped)
        if version not in self._keys:
            raise sealing.SealBroken("wrapped under a root key that is not here")
        key = self._derived(version, "wrap")
        return sealing.unseal(key, wrapped, sealing.joined("root", about))

    def derive(self, label: str) -> bytes:
        # Always from the first root key: what was hashed under it cannot be hashed again.
        return self._derived(min(self._keys), f"derive {label}")

    def _derived(self, version: int, label: str) -> bytes:
        info = sealing.joined("cards root", label)
        kdf = HKDF(algorithm=SHA256(), length=sealing.KEY_BYTES, salt=None, info=info)
        return kdf.derive(self._keys[version])


def root_keys_from_file(
    path: Path, random_bytes: Callable[[int], bytes] = os.urandom
) -> EmbeddedRootKeys:
    """The root keys in a file of mode 600, which is made with one key if it is not there.

    Of several processes that start at once, one makes the file and the others read it.
    """
    if not path.exists():
        _create(path, random_bytes(sealing.KEY_BYTES))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise RootKeysUnusable("the root key file is readable by others; its mode must be 600")
    return EmbeddedRootKeys(_parse(path.read_text(encoding="utf-8")), random_bytes)


def _parse(text: str) -> dict[int, bytes]:
    try:
        content = json.loads(text)
        if content["format"] != FILE_FORMAT:
            raise RootKeysUnusable("the root key file has an unknown format")
        return {
            int(version): b64decode(key, validate=True) for version, key in content["keys"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise RootKeysUnusable("the root key file is malformed") from failure


def _create(path: Path, key: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": FILE_FORMAT, "keys": {"1": b64encode(key).decode()}}
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        # Another process was faster; nobody's key is ever overwritten.
        pass
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
