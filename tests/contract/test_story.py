"""What is told of a system before it is judged: every rpc of accounts does its work in it."""

import pytest

from tests.contract.contracts import proto_services
from tests.contract.story import Story

pytestmark = pytest.mark.serial

NEEDS_POISON = {"accounts.RedriveStream", "accounts.SkipMessage"}
"""They have something to do only where a message could not be taken in; the chassis tests them."""
NEEDS_ZONE_KEY = {"accounts.ChangeNetworkKey", "accounts.ListNetworkKeys"}
"""They are for gateways with which a key was exchanged by hand; accounts tests them."""


def test_every_rpc_of_accounts_is_answered_in_the_story(story: Story) -> None:
    every = {
        f"accounts.{method.name}"
        for described in proto_services("accounts")
        for method in described.methods
    }
    missing = sorted(every - story.answered - NEEDS_POISON - NEEDS_ZONE_KEY)
    assert not missing, "\n".join(missing)
