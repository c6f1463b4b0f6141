"""The six services, NATS and what else they need, as processes on this machine."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.nats_config import OBSERVER, permissions
from chassis.service import Service
from chassis.testing.processes import LOOPBACK, ServerProcess
from chassis.testing.servers import MailServer, NatsServer, NatsUser, PostgresServer
from demo.keys import SystemKeys

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("auth", "accounts", "risk", "loyalty", "notify", "support")
"""In the order they start: everybody asks auth for policies."""
HEALTH_SECONDS = 1.0
DESCRIPTION = "system.json"


def _description(service: str) -> Service:
    found: Service = import_module(f"services.{service}.app").SERVICE
    return found


class ServiceServer(ServerProcess):
    """One process of a service. It answers when its health says SERVING."""

    name = "service"

    def __init__(
        self,
        service: str,
        folder: Path,
        environment: Callable[["ServiceServer"], Mapping[str, str]],
        *,
        command: Sequence[str] = ("serve", "--with-work"),
        port: int | None = None,
    ) -> None:
        super().__init__(folder, port=port)
        self.service = service
        self._environment = environment
        self._command = tuple(command)

    @property
    def address(self) -> str:
        """Where it serves."""
        return f"{LOOPBACK}:{self.port}"

    def command(self) -> Sequence[str]:
        return (sys.executable, "-m", f"services.{self.service}", *self._command)

    def environment(self) -> Mapping[str, str]:
        path = os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])
        return {"PYTHONPATH": path, **self._environment(self)}

    def _listens(self) -> bool:
        # A worker listens nowhere; that it runs is all that can be seen of it.
        return self._command == ("work",) or super()._listens()

    def answers(self) -> bool:
        if self._command == ("work",):
            return self.running
        with grpc.insecure_channel(self.address) as channel:
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(
                    health_pb2.HealthCheckRequest(), timeout=HEALTH_SECONDS
                )
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


class System:
    """Everything in one folder. `store` is `sqlite` or `postgres`.

    `start` brings up what does not run; `description` says where everything is, for clients.
    """

    def __init__(self, folder: Path, *, store: str = "sqlite") -> None:
        self.folder = folder.resolve()
        self.store = store
        self.keys = SystemKeys(self.folder / "keys", SERVICES, [*SERVICES, OBSERVER])
        self.nats = NatsServer(self.folder / "nats", users=self._nats_users())
        self.mail = MailServer(self.folder / "mail")
        self.postgres: PostgresServer | None = None
        if store == "postgres":
            self.postgres = PostgresServer(self.folder / "postgres")
        self.services = {name: self.service(name) for name in SERVICES}

    def _nats_users(self) -> list[NatsUser]:
        """One user per service, with the permissions that its policies need, and an observer."""
        readers = {name: _description(name).sources for name in SERVICES}
        return [
            NatsUser(
                name=each.user,
                password=self.keys.nats_password(each.user),
                publish=each.publish,
                subscribe=each.subscribe,
            )
            for each in permissions(readers)
        ]

    def service(
        self, name: str, *, folder: str = "", command: Sequence[str] = ("serve", "--with-work")
    ) -> ServiceServer:
        """A process of a service; a second one of the same gets a `folder` of its own."""
        return ServiceServer(
            name, self.folder / (folder or name), self._environment, command=command
        )

    def _environment(self, server: ServiceServer) -> dict[str, str]:
        name, keys = server.service, self.keys
        settings = {
            "LISTEN": server.address,
            "STORE_URL": self.store_url(name),
            "STORE_IS_OURS_ALONE": str(self.store == "sqlite").lower(),
            "NATS_URL": self.nats.url,
            "NATS_USER": name,
            "NATS_PASSWORD": keys.nats_password(name),
            "PEERS": json.dumps({each: s.address for each, s in self.services.items()}),
            "SIGNING_KEY_PATH": str(keys.signing_key_path(name)),
            "TRUST_BUNDLE_PATH": str(keys.trust_bundle_path),
            "POLICY_CACHE_PATH": str(server.folder / "policies.json"),
            "LOOKUP_SECRET": keys.lookup_secret(name),
            **self._of_its_own(name),
        }
        return {f"CARDS_{name.upper()}_{key}": value for key, value in settings.items()}

    def _of_its_own(self, name: str) -> dict[str, str]:
        if name == "auth":
            return {
                "BOOTSTRAP_PATH": str(self.keys.bootstrap_path),
                "ROOT_KEY_PATH": str(self.keys.root_key_path),
            }
        if name == "accounts":
            return {"TEST_CLOCK_ALLOWED": "true"}
        if name == "notify":
            return {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(self.mail.port)}
        return {}

    def store_url(self, name: str) -> str:
        """The address of a service's own database."""
        if self.postgres is not None:
            return self.postgres.url(f"cards_{name}")
        return f"sqlite:///{self.folder / name / 'store.db'}"

    def start(
        self,
        tell: Callable[[str], None] = lambda what: None,
        *,
        only: Sequence[str] = SERVICES,
    ) -> None:
        """Start what does not run of the services in `only` and of what they need, auth before the
        others; `tell` hears what is next."""
        for name in SERVICES:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        tell("NATS with JetStream, every write synced")
        self.nats.start()
        tell("a mail server")
        self.mail.start()
        if self.postgres is not None:
            tell("PostgreSQL")
            self.postgres.start()
            self._create_databases(self.postgres)
        tell("auth")
        self.services["auth"].start()
        others = [self.services[name] for name in SERVICES if name != "auth" and name in only]
        tell(", ".join(server.service for server in others))
        with ThreadPoolExecutor(len(SERVICES)) as starting:
            for started in [starting.submit(server.start) for server in others]:
                started.result()
        self.describe()

    def _create_databases(self, postgres: PostgresServer) -> None:
        marker = postgres.folder / "databases.made"
        if not marker.exists():
            for name in SERVICES:
                postgres.create_database(f"cards_{name}")
            marker.touch()

    def describe(self) -> None:
        """Write down where everything is, for `cards` and for whoever stops it later."""
        description = {
            "store": self.store,
            "services": {name: server.address for name, server in self.services.items()},
            "ports": {each.name: each.port for each in self._infrastructure()},
            "nats": self.nats.url,
            "keys": str(self.keys.folder),
        }
        (self.folder / DESCRIPTION).write_text(json.dumps(description, indent=2))

    def _infrastructure(self) -> list[ServerProcess]:
        servers: list[ServerProcess] = [self.nats, self.mail]
        return [*servers, self.postgres] if self.postgres is not None else servers

    def everything(self) -> list[ServerProcess]:
        """All processes, in the order they start."""
        return [*self._infrastructure(), *self.services.values()]

    def stop(self) -> None:
        """Stop everything, the services first, each in order."""
        with ThreadPoolExecutor(len(SERVICES)) as stopping:
            stops = [stopping.submit(each.stop) for each in self.services.values()]
            for stopped in stops:
                stopped.result()
        for each in reversed(self._infrastructure()):
            each.stop()

    def leave_running(self) -> None:
        """Let everything outlive this process."""
        for each in self.everything():
            each.leave_running()

    def stop_left_running(self) -> int:
        """Stop what an earlier process left; returns how many processes."""
        return sum(each.stop_left_running() for each in reversed(self.everything()))
