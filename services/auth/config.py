"""What auth can be told beyond what every service can."""

from pathlib import Path

from pydantic import Field, SecretStr

from chassis.config import Settings


class AuthSettings(Settings):
    """Settings of auth, from CARDS_AUTH_*."""

    root_key_path: Path = Path("var/auth/root.keys")
    """The file with the root keys, mode 600; made at the first start. Whoever loses it loses every
    data key with it, so it is backed up apart from the store."""
    root_key: SecretStr | None = Field(default=None, min_length=64, max_length=64)
    """The root key as 64 hexadecimal digits, instead of the file."""
    bootstrap_path: Path | None = None
    """Where the first start writes the credentials of the first administrator and of the gateway,
    mode 600. None: nobody is registered, and nobody can be."""
    hashing_workers: int = Field(default=2, ge=1, le=64)
    """So many passwords are hashed at once; each takes 19 MiB."""
    hashing_waiting_limit: int = Field(default=16, ge=0, le=1024)
    """So many wait for that; whoever comes then is refused."""
