"""What the door for ISO 8583 can be told."""

from pathlib import Path
from typing import Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr, model_validator

from chassis.config import Settings
from chassis.framed_server import Header
from services.accounts.domain.values import Network
from services.accounts.iso8583.spec import Encoding

REFERENCE = Path(__file__).resolve().parents[3] / "data" / "reference"
MAC_KEY_BYTES = (16, 24, 32)
PIN_KEY_BYTES = (16, 24)


class Iso8583Settings(Settings):
    """The settings of the door for card networks; it is shut unless it has a port."""

    iso8583_port: NonNegativeInt = Field(default=0, le=65_535)
    """Where card networks connect; 0: nowhere."""
    iso8583_address: str = "127.0.0.1"
    """The address of that port; [::] for all."""
    iso8583_header: Header = Header.TWO_BYTES
    """How the length before each message is written: two_bytes, four_bytes or four_digits."""
    iso8583_encoding: Encoding = Encoding.ASCII
    """How messages are written: ascii, ascii_hex (the bitmap as digits, too) or bcd."""
    iso8583_gateways: dict[str, str] = Field(default_factory=dict)
    """A name in a client's certificate → the id of the partner in auth that it stands for."""
    iso8583_client_ca_path: Path | None = None
    """Who certifies gateways (PEM). None: whoever certifies our other callers (tls_ca_path)."""
    iso8583_clear_text_gateway: str | None = None
    """For development alone: serve without TLS, and take whoever connects for this partner."""
    iso8583_network: Network = Network.UNSPECIFIED
    """Which network's charges come here: VISA, MASTERCARD …, for hold rules that differ by it."""
    iso8583_mac_key: SecretStr | None = None
    """Hexadecimal, 16, 24 or 32 bytes: every message is authenticated by AES-CMAC in field 64 or
    128. None: none is, and the two fields are ignored."""
    iso8583_pin_key: SecretStr | None = None
    """Hexadecimal, 16 or 24 bytes for triple DES: PIN blocks in field 52, of format 0, come under
    it. None: PINs are verified in front of this door, and the field is ignored."""
    iso8583_key_encryption_key: SecretStr | None = None
    """Hexadecimal, 16, 24 or 32 bytes: new PIN and MAC keys of gateways come under it, as TR-31 key
    blocks. None: keys change with these settings only."""
    iso8583_key_overlap_seconds: PositiveInt = 900
    """So long the key before is taken after a change."""
    iso8583_sign_on_required: bool = False
    """Refuse what is no network management until the gateway has signed on."""
    iso8583_deadline_ms: PositiveInt = 2_000
    """How long a message may take. What the store has not begun by then is given up, with 91; what
    it has and takes longer is not answered, so that the network reverses it: nobody knows its
    outcome."""
    iso8583_max_frame_bytes: PositiveInt = 8 * 1024
    """A longer message is not read; its connection is closed."""
    iso8583_max_connections: PositiveInt = 64
    """One more is closed at once."""
    iso8583_max_in_flight: PositiveInt = 256
    """Of one connection; what comes beyond waits in the network's own buffers."""
    iso8583_idle_seconds: PositiveFloat = 300.0
    """A connection on which nothing arrives for so long is closed: networks send echo tests."""
    iso8583_frame_seconds: PositiveFloat = 5.0
    """Within which a message that has begun has to arrive."""
    iso8583_write_seconds: PositiveFloat = 5.0
    """Within which a gateway has to take an answer."""
    currency_codes_path: Path = REFERENCE / "iso4217_codes_all.csv"
    """The table that says which currency a number stands for."""

    @model_validator(mode="after")
    def _iso8583_consistent(self) -> Self:
        if not self.iso8583_port:
            return self
        if self.iso8583_clear_text_gateway is None:
            if self.tls_certificate_path is None or self.iso8583_authority_path is None:
                raise ValueError("iso8583_port needs TLS with an authority for clients")
            if not self.iso8583_gateways:
                raise ValueError("iso8583_port needs somebody in iso8583_gateways")
        if self.iso8583_max_frame_bytes > self.iso8583_header.most:
            raise ValueError("iso8583_header cannot announce iso8583_max_frame_bytes")
        key = self.iso8583_mac_key
        if key is not None and _length_of(key.get_secret_value()) not in MAC_KEY_BYTES:
            raise ValueError("iso8583_mac_key is 16, 24 or 32 bytes in hexadecimal digits")
        key = self.iso8583_key_encryption_key
        if key is not None and _length_of(key.get_secret_value()) not in MAC_KEY_BYTES:
            raise ValueError("iso8583_key_encryption_key is 16, 24 or 32 bytes in hexadecimal")
        key = self.iso8583_pin_key
        if key is not None and _length_of(key.get_secret_value()) not in PIN_KEY_BYTES:
            raise ValueError("iso8583_pin_key is 16 or 24 bytes in hexadecimal digits")
        return self

    @property
    def iso8583_authority_path(self) -> Path | None:
        """Who certifies gateways."""
        return self.iso8583_client_ca_path or self.tls_ca_path


def _length_of(digits: str) -> int:
    try:
        return len(bytes.fromhex(digits))
    except ValueError:
        return 0
