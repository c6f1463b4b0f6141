"""Who may do what on NATS: one user per service, made from the table of who reads whom."""

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chassis.envelope import stream_of, subjects_of
from chassis.subscriber import Share

Readers = Mapping[str, Sequence[str]]
"""Service → the services whose streams it reads; one that reads none is there with none."""

OBSERVER = "observer"
"""The user that may follow every stream, and nothing else."""

_API = "$JS.API"


@dataclass(frozen=True, slots=True)
class JetStreamSettings:
    """How to reach NATS. `name` is the user's, and says where answers to it go."""

    servers: tuple[str, ...]
    name: str
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    @property
    def inbox_prefix(self) -> str:
        return inbox_prefix(self.name)


def tls_context(
    authority: Path | None, certificate: Path | None, key: Path | None
) -> ssl.SSLContext | None:
    """TLS towards servers that `authority` certifies, with our own certificate where we have one;
    without an authority none."""
    if authority is None:
        return None
    context = ssl.create_default_context(cafile=authority)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def inbox_prefix(name: str) -> str:
    """Where answers to a user go; nobody else may listen there."""
    return f"_INBOX_{name}"


@dataclass(frozen=True, slots=True)
class NatsPermissions:
    """What a user may publish and subscribe to (NATS wildcards); all else is refused."""

    user: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    @property
    def password_variable(self) -> str:
        """The environment variable that gives the server the user's password."""
        return f"CARDS_NATS_PASSWORD_{self.user.upper()}"


def permissions(readers: Readers, *, workers: int = 1) -> list[NatsPermissions]:
    """The users of all services and of the observer. `workers` is the largest number of shares that
    a service's subscribers are split into."""
    users = [_service(name, sources, workers) for name, sources in sorted(readers.items())]
    return [*users, _observer(sorted(readers))]


def _service(service: str, sources: Sequence[str], workers: int) -> NatsPermissions:
    """It publishes what is its own, keeps its own stream, and reads others through its own durable
    places only."""
    own = stream_of(service)
    publish = [
        subjects_of(service),
        f"{_API}.STREAM.CREATE.{own}",
        f"{_API}.STREAM.UPDATE.{own}",
        f"{_API}.STREAM.INFO.{own}",
        f"{_API}.STREAM.MSG.GET.{own}",
    ]
    shares = [Share(index, count) for count in range(1, workers + 1) for index in range(count)]
    for stream in map(stream_of, sorted(sources)):
        for place in (share.durable(service) for share in shares):
            publish += [
                f"{_API}.CONSUMER.CREATE.{stream}.{place}",
                f"{_API}.CONSUMER.CREATE.{stream}.{place}.>",
                f"{_API}.CONSUMER.MSG.NEXT.{stream}.{place}",
                f"$JS.ACK.{stream}.{place}.>",
                # Servers from 2.12 on may name domain and account in front of the stream.
                f"$JS.ACK.*.*.{stream}.{place}.>",
            ]
    return NatsPermissions(service, tuple(publish), (f"{inbox_prefix(service)}.>",))


def _observer(services: Sequence[str]) -> NatsPermissions:
    publish: list[str] = []
    for stream in map(stream_of, services):
        publish += [
            f"{_API}.STREAM.INFO.{stream}",
            f"{_API}.STREAM.MSG.GET.{stream}",
        ]
    return NatsPermissions(OBSERVER, tuple(publish), (f"{inbox_prefix(OBSERVER)}.>",))


def authorization(users: Sequence[NatsPermissions]) -> str:
    """The part of a server's configuration that knows the users. Passwords stay out of it: the
    server takes them from its environment (quoted there, as configuration text: `"secret"`)."""
    lines = ["authorization {", "  users: ["]
    for user in users:
        allowed = {
            "publish": {"allow": user.publish},
            "subscribe": {"allow": user.subscribe},
        }
        lines.append(
            f"    {{ user: {json.dumps(user.user)}, password: ${user.password_variable}, "
            f"permissions: {json.dumps(allowed)} }}"
        )
    return "\n".join([*lines, "  ]", "}", ""])
