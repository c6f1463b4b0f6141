"""Opening the door: the server beside the rpcs, made of settings and of what rpcs stand on."""

from collections.abc import Sequence

from chassis.framed_server import FramedServer, FramedSettings, Hangup, Peer, mutual_tls
from chassis.grpc_server import Guard
from chassis.interceptors.admission import Admission
from chassis.logs import log
from chassis.ports import Ports
from chassis.service import Server
from services.accounts.clients import Risk
from services.accounts.iso8583.charges import NetworkCharges
from services.accounts.iso8583.door import Connection, Door
from services.accounts.iso8583.message import Codec
from services.accounts.iso8583.reading import load_currencies
from services.accounts.iso8583.settings import Iso8583Settings
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.network_keys import GatewayKeys, agreed_in, key_of
from services.accounts.use_cases.programme_clock import clocked

NAME = "iso8583"


def servers(ports: Ports, guard: Guard, admission: Admission) -> Sequence[Server]:
    """The door for card networks, if it has a port."""
    settings: Iso8583Settings = ports.settings
    if not settings.iso8583_port:
        return ()
    if settings.iso8583_clear_text_gateway is not None:
        log("iso8583_in_clear_text", level="warning", gateway=settings.iso8583_clear_text_gateway)
    door = make_door(ports, guard, admission)
    listen = f"{settings.iso8583_address}:{settings.iso8583_port}"
    return (make_server(door, settings, listen),)


def make_door(ports: Ports, guard: Guard, admission: Admission) -> Door:
    """The door as its settings want it."""
    ports = clocked(ports)
    settings: Iso8583Settings = ports.settings
    risk = Risk(ports.rpc, ports.settings.assessment_deadline_ms)
    accounts = Accounts(ports.application, ports.keys, ports, risk)
    keys = GatewayKeys(ports, agreed_in(settings))
    return Door(
        codec=Codec(settings.iso8583_encoding, key_of(settings.iso8583_mac_key)),
        charges=NetworkCharges(
            accounts,
            ports.application,
            ports.database,
            settings.iso8583_network,
            keys,
        ),
        ports=ports,
        guard=guard,
        admission=admission,
        currencies=load_currencies(settings.currency_codes_path),
        deadline_seconds=settings.iso8583_deadline_ms / 1000,
        sign_on_required=settings.iso8583_sign_on_required,
    )


def make_server(door: Door, settings: Iso8583Settings, listen: str) -> FramedServer:
    """A server of the door at an address."""
    alone = settings.iso8583_clear_text_gateway
    certificate, key = settings.tls_certificate_path, settings.tls_key_path
    authority = settings.iso8583_authority_path
    tls = None
    if alone is None and certificate and key and authority:
        tls = mutual_tls(certificate, key, authority)

    def begin(peer: Peer) -> Connection:
        known = [each for name in peer.names if (each := settings.iso8583_gateways.get(name))]
        gateway = alone if tls is None else next(iter(known), None)
        if gateway is None:
            raise Hangup("GATEWAY_UNKNOWN")
        return Connection(door, gateway, peer)

    framed = FramedSettings(
        listen=listen,
        tls=tls,
        header=settings.iso8583_header,
        max_frame_bytes=settings.iso8583_max_frame_bytes,
        max_connections=settings.iso8583_max_connections,
        max_in_flight=settings.iso8583_max_in_flight,
        idle_seconds=settings.iso8583_idle_seconds,
        frame_seconds=settings.iso8583_frame_seconds,
        write_seconds=settings.iso8583_write_seconds,
    )
    return FramedServer(NAME, framed, begin)
