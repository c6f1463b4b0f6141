"""What was ever stored about identities, sessions, keys and policies can be read for ever."""

from pathlib import Path

from chassis.testing import golden
from services.auth.app import SERVICE


def test_every_stored_shape_is_kept() -> None:
    golden.check(SERVICE, Path(__file__).parent / "golden")
