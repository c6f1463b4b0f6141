"""Settings from the environment, CARDS_<SERVICE>_<FIELD>; a service adds its own by inheriting."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError


class BadSettings(Exception):
    """The environment does not describe a service that could run; the text says why, with no
    value in it."""


class DoorLayer(StrEnum):
    """The layers of the door that can be left out, to measure what they cost. Outermost first."""

    TELEMETRY = "telemetry"
    ERRORS = "errors"
    DEADLINE = "deadline"
    ADMISSION = "admission"
    IDENTITY = "identity"
    VALIDATION = "validation"
    PERMISSION = "permission"


class Settings(BaseSettings):
    """What every service can be told. Paths are relative to the working directory.

    Lists and tables are JSON (`CARDS_RISK_PEERS={"auth": "localhost:7002"}`), or one variable per
    entry (`CARDS_RISK_PEERS__AUTH=localhost:7002`).
    """

    model_config = SettingsConfigDict(
        frozen=True, env_nested_delimiter="__", extra="forbid", hide_input_in_errors=True,
        env_ignore_empty=True,
    )  # fmt: skip

    # -- the door ---------------------------------------------------------------------------------
    listen: str = "127.0.0.1:0"
    """Address and port to serve on; port 0 takes a free one."""
    reuse_port: bool = False
    """Let several processes share the port; the kernel deals connections out to them."""
    health_listen: str | None = None
    """Address and port where `serve` and `work` tell their health in the clear and to anybody, as
    probes speak no TLS. None: only at the door."""
    tls_certificate_path: Path | None = None
    """Certificate chain (PEM) to serve with, and to show as a client. None: no TLS."""
    tls_key_path: Path | None = None
    """The private key of the certificate (PEM)."""
    tls_ca_path: Path | None = None
    """Whom we trust (PEM). With a certificate it makes TLS mutual."""
    max_request_bytes: PositiveInt = 256 * 1024
    """A larger request is refused as invalid."""
    max_message_bytes: PositiveInt = 4 * 1024 * 1024
    """A larger message is not even read, nor sent; not under max_request_bytes."""
    max_in_flight: PositiveInt = 1024
    """At most so many calls at once, streams of responses apart."""
    max_streams: PositiveInt = 4096
    """At most so many streams of responses at once."""
    drain_notice_seconds: NonNegativeFloat = 0.0
    """After SIGTERM: time for others to see NOT_SERVING before new calls are turned away."""
    drain_grace_seconds: NonNegativeFloat = 10.0
    """After that: time for calls that run to end."""
    door_layers_off: frozenset[DoorLayer] = frozenset()
    """Layers left out. For benchmarks; whoever leaves one out in earnest has an open door."""

    # -- others -----------------------------------------------------------------------------------
    peers: dict[str, str] = Field(default_factory=dict)
    """Name of a service → the address it is reached at."""
    signing_key_path: Path | None = None
    """Our private key (a JWK file) for the tokens we show to other services."""
    trust_bundle_path: Path | None = None
    """The public keys of all services (a JWKS file)."""
    policy_path: Path | None = None
    """Cedar policies from a file, instead of from auth."""
    policy_cache_path: Path | None = None
    """Where the last good policy set from auth is kept."""

    # -- what is told of it -----------------------------------------------------------------------
    otlp_endpoint: str | None = None
    """Where traces and metrics go (gRPC, `host:port`). None: nowhere, at no cost."""
    trace_sample_ratio: float = Field(default=0.01, ge=0.0, le=1.0)
    """Which part of the traces that begin here is recorded; whoever calls us may have decided."""
    metric_interval_seconds: PositiveFloat = 10.0
    """How often metrics are sent."""

    # -- storing and telling ----------------------------------------------------------------------
    store_url: SecretStr = SecretStr("sqlite:///var/store.db")
    """The service's own database, as SQLAlchemy writes it; secret, as it may hold a password."""
    lookup_secret: SecretStr | None = None
    """Hexadecimal, at least 32 bytes: keys the hashes that equal card numbers are found by. Never
    changes while the store lives."""
    store_is_ours_alone: bool = False
    """No other process writes to this store, so it need not be asked for what others wrote."""
    worker_index: NonNegativeInt = 0
    """Which share of the partitions of other services' facts `work` takes in, from 0 …"""
    worker_count: PositiveInt = 1
    """… of so many."""
    nats_url: str = "nats://127.0.0.1:4222"
    """Servers of NATS, separated by commas."""
    nats_user: str | None = None
    """Our user there."""
    nats_password: SecretStr | None = None
    """Its password."""
    nats_tls_ca_path: Path | None = None
    """Who certifies the servers of NATS (PEM); our own certificate is shown there. None: no TLS."""
    stream_replicas: PositiveInt = 1
    """On how many servers of NATS our stream is kept; on a cluster of three, 3."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.tls_certificate_path is None) != (self.tls_key_path is None):
            raise ValueError("tls_certificate_path and tls_key_path are given together or not")
        if self.max_message_bytes < self.max_request_bytes:
            raise ValueError("max_message_bytes is not under max_request_bytes")
        return self

    @classmethod
    def load(cls, service: str) -> Self:
        """The settings of `service` from the environment.

        Raises BadSettings for a value that does not fit and for a variable nobody knows.
        """
        prefix = f"CARDS_{service.upper()}_"
        known = tuple(f"{prefix}{name.upper()}" for name in cls.model_fields)
        for variable in sorted(os.environ):
            name = variable.upper().partition("__")[0]
            if name.startswith(prefix) and name not in known:
                raise BadSettings(f"{variable}: there is no such setting")
        try:
            return cls(_env_prefix=prefix)  # type: ignore[call-arg]
        except SettingsError as failure:
            # Names the field alone; its cause shows the value.
            raise BadSettings(f"{prefix}…: {failure}") from None
        except ValidationError as failure:
            lines = [
                f"{prefix}{'__'.join(str(part) for part in each['loc']).upper()}: {each['msg']}"
                for each in failure.errors(include_input=False, include_context=False)
            ]
            # Without its cause, which would show the values.
            raise BadSettings("; ".join(lines)) from None

    def printable(self) -> dict[str, Any]:
        """All settings, secrets hidden, for `python -m services.<name> config`."""
        return self.model_dump(mode="json")
