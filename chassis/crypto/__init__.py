"""Field encryption with a data key per subject and purpose, root keys, and password hashing."""

from chassis.crypto.data_keys import (
    DATA_KEY_CACHE_SECONDS,
    DataKey,
    DataKeySource,
    LocalKeySource,
    RemoteKeySource,
)
from chassis.crypto.keys import FieldKeys, Keys, KeyServiceClient, LocalKeys
from chassis.crypto.sealing import SealBroken

__all__ = [
    "DATA_KEY_CACHE_SECONDS",
    "DataKey",
    "DataKeySource",
    "FieldKeys",
    "KeyServiceClient",
    "Keys",
    "LocalKeySource",
    "LocalKeys",
    "RemoteKeySource",
    "SealBroken",
]
