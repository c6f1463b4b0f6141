"""A customer's rights: another profile, everything that is kept, being forgotten with a proof."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import customers_service_pb2 as pb
from cards.auth.v1 import key_service_pb2 as keys
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.call import Principal, current
from chassis.kernel.errors import Conflict, Error, Invalid, NotFound, Refused, Unavailable
from chassis.testing.harness import running
from services.accounts.app import SERVICE
from services.accounts.domain.customer import CUSTOMER, RegisterCustomer
from services.accounts.domain.customers import commands, events
from services.accounts.domain.standing.commands import ChangeStanding
from services.accounts.domain.values import AccountStatus, Channel
from services.accounts.tests.conftest import Door, RiskStub, gbp, methods_of
from services.accounts.tests.stories import NOW, AccountStory, Story
from services.accounts.tests.test_small_aggregates import PROFILE, REGISTRATION

CHANGE = commands.ChangeProfile(
    customer_id="customer",
    changes=(events.ProfileChange(field="email", sealed="sealed-9"),),
    profile_digest="another",
    identity_hash="",
    channel=Channel.HOLDER,
)
BEGIN = commands.BeginErasure(customer_id="customer", account_ids=("account",), by="operator:olga")
COMPLETE = commands.CompleteErasure(
    customer_id="customer",
    certificate_id="certificate",
    certificate="signed",
    destroyed_keys=("accounts.personal/1",),
    destroyed_at=NOW,
)
ATTACH = commands.AttachAccount(customer_id="customer", account_id="account")


def refused(story: Story, command: Any) -> str:
    with pytest.raises(Error) as refusal:
        story.decide(command)
    return refusal.value.reason


@pytest.fixture
def story() -> Story:
    told = Story(CUSTOMER)
    told.when(REGISTRATION)
    return told


def test_a_change_of_profile_says_what_changed_and_keeps_the_rest(story: Story) -> None:
    (fact,) = story.when(CHANGE)
    assert isinstance(fact, events.CustomerProfileChanged)
    assert fact.fields == ("email",)
    assert story.state.profile.email == "sealed-9"
    assert story.state.profile.given_name == PROFILE.given_name
    assert story.decide(REGISTRATION) == (), "registered as before, whatever changed since"


def test_nothing_is_opened_for_whoever_is_about_to_be_forgotten(story: Story) -> None:
    story.when(ATTACH)
    assert refused(story, COMPLETE) == "ERASURE_NOT_BEGUN"
    with pytest.raises(Conflict):
        story.decide(commands.BeginErasure(customer_id="customer", account_ids=(), by=""))
    story.when(BEGIN)
    another = commands.AttachAccount(customer_id="customer", account_id="another")
    assert refused(story, another) == "CUSTOMER_ERASED"
    assert refused(story, CHANGE) == "CUSTOMER_ERASED"
    story.when(COMPLETE)
    assert story.state.profile is None
    assert story.state.erasure.certificate_id == "certificate"


@pytest.mark.parametrize("command", [CHANGE, BEGIN, COMPLETE, ATTACH])
def test_nobody_is_not_found(command: Any) -> None:
    assert refused(Story(CUSTOMER), command) == "CUSTOMER_NOT_FOUND"


def test_an_account_is_settled_when_it_is_closed_and_nothing_is_owed() -> None:
    story = AccountStory()
    require = commands.RequireClosure(account_id="account")
    assert refused(story, require) == "ACCOUNT_NOT_CLOSED"
    story.authorise(10)
    assert refused(story, require) == "MONEY_OWED"
    story.clear(10)
    assert refused(story, require) == "MONEY_OWED"
    story.pay(10)
    close = ChangeStanding(
        account_id="account",
        status=AccountStatus.CLOSED,
        reason="HOLDER_REQUEST",
        channel=Channel.OPERATOR,
    )
    story.when(close)
    assert story.decide(require) == ()


def test_a_registration_of_another_is_still_refused(story: Story) -> None:
    another = RegisterCustomer(customer_id="customer", profile=PROFILE, profile_digest="other")
    assert refused(story, another) == "CUSTOMER_REGISTERED_DIFFERENTLY"


# At the door


@dataclass
class KeysStub:
    """The key service of a world whose keys are in memory."""

    local: Any = None
    away: bool = False
    asked: list[keys.DestroyDataKeysRequest] = field(default_factory=list)

    async def DestroyDataKeys(
        self, request: keys.DestroyDataKeysRequest
    ) -> keys.DestroyDataKeysResponse:
        assert current().person_token == "", "in our own name"
        if self.away:
            raise Unavailable("SERVICE_AWAY", "auth cannot be reached")
        self.asked.append(request)
        self.local.destroy(request.subject)
        at = Timestamp()
        at.FromDatetime(datetime(2026, 1, 1, 13, tzinfo=UTC))
        certificate = keys.DestructionCertificate(
            certificate_id="c" * 32,
            subject=request.subject,
            destroyed_keys=["accounts.pan/1", "accounts.personal/1"],
            destroyed_at=at,
            signed="header.claims.signature",
        )
        return keys.DestroyDataKeysResponse(certificate=certificate)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[Door, KeysStub]]:
    """The rpcs of accounts beside a key service."""
    risk, vault = RiskStub(), KeysStub()
    async with running(SERVICE, tmp_path, stubs={"risk": risk, "auth": vault}) as node:
        vault.local = node.ports.keys.local
        yield Door(node, methods_of(node), risk), vault


def details(**changes: Any) -> accounts.PersonalDetails:
    """Ada as conftest registers her."""
    fields: dict[str, Any] = {
        "given_name": "Ada",
        "family_name": "Canary",
        "email": "ada.canary@example.com",
        "phone": "+441632960961",
        "date_of_birth": "1990-12-10",
        "address": accounts.Address(
            lines=["1 Canary Street", "Flat 2"],
            city="Birmingham",
            postal_code="B1 1BB",
            country="GB",
        ),
        "locale": "zh-CN",
    }
    return accounts.PersonalDetails(**{**fields, **changes})


async def test_only_what_is_different_is_changed(door: Door) -> None:
    account = await door.open()
    about = {"customer_id": account.customer_id}
    moved = details(email="ada@example.org", phone="", locale="en")
    changed = await door("UpdateCustomerProfile", details=moved, **about)
    assert changed.changed_fields == ["email", "phone", "locale"]
    assert (await door("GetCustomer", **about)).details == moved
    nothing = await door("UpdateCustomerProfile", details=moved, **about)
    assert nothing.changed_fields == []
    fact = next(e for e in door.node.facts() if isinstance(e, events.CustomerProfileChanged))
    assert "example.org" not in repr(fact)
    with pytest.raises(Invalid) as malformed:
        await door("UpdateCustomerProfile", details=details(email="a@b"), **about)
    assert malformed.value.reason == "EMAIL_MALFORMED"


async def test_nobody_is_registered_who_is_born_in_the_future(door: Door) -> None:
    account = await door.open()
    tomorrow = (door.node.clock.now() + timedelta(days=1)).date().isoformat()
    for born in (tomorrow, "2026-02-30"):
        unborn = details(date_of_birth=born)
        for asked in (
            door("RegisterCustomer", details=unborn),
            door("UpdateCustomerProfile", customer_id=account.customer_id, details=unborn),
        ):
            with pytest.raises(Invalid, match="DATE_MALFORMED") as malformed:
                await asked
            assert malformed.value.field == "details.date_of_birth"


async def everything(door: Door, customer_id: str, size: int) -> list[pb.ExportedRecord]:
    records: list[pb.ExportedRecord] = []
    token = ""
    while True:
        page = await door(
            "ExportCustomerData", customer_id=customer_id, page_size=size, page_token=token
        )
        assert len(page.records) <= size
        records += page.records
        token = page.next_page_token
        if not token:
            return records


async def test_everything_of_a_customer_is_exported_whatever_the_size_of_a_page(
    door: Door,
) -> None:
    account = await door.open()
    for amount in (1, 2, 3, 4):
        await door.charge(account, amount)
    other = await door("OpenAccount", customer_id=account.customer_id, programme_id="everyday")
    await door.charge(other.account, 5)
    await door.node.caught_up()
    records = await everything(door, account.customer_id, 50)
    assert [each.kind for each in records] == [
        "customer",
        "account",
        "account",
        *["transaction"] * 5,
    ]
    assert json.loads(records[0].json)["family_name"] == "Canary"
    told = json.loads(records[1].json)
    assert told["cards"][0]["masked_number"].startswith("500012")
    amounts = [json.loads(each.json)["amount_minor"] for each in records[3:]]
    assert amounts == [400, 300, 200, 100, 500]
    assert await everything(door, account.customer_id, 2) == records


async def test_a_customer_is_forgotten_with_a_proof(world: tuple[Door, KeysStub]) -> None:
    door, vault = world
    account = await door.open()
    about = {"customer_id": account.customer_id}
    with pytest.raises(Refused) as open_still:
        await door("EraseCustomer", **about)
    assert open_still.value.reason == "ACCOUNT_NOT_CLOSED"
    with pytest.raises(Refused) as not_yet:
        await door("GetErasureProof", **about)
    assert not_yet.value.reason == "CUSTOMER_NOT_ERASED"
    close = ChangeStanding(
        account_id=account.account_id,
        status=AccountStatus.CLOSED,
        reason="HOLDER_REQUEST",
        channel=Channel.OPERATOR,
    )
    await door.node.ports.application.execute(close, actor="operator:olga")
    vault.away = True
    with pytest.raises(Unavailable):
        await door("EraseCustomer", key="once", **about)
    with pytest.raises(Refused) as leaving:
        await door("OpenAccount", programme_id="everyday", **about)
    assert leaving.value.reason == "CUSTOMER_ERASED"
    vault.away = False
    erased = await door("EraseCustomer", key="once", **about)
    assert erased.proof.destroyed_keys == ["accounts.pan/1", "accounts.personal/1"]
    assert "customer.email" in erased.proof.unreadable
    assert await door("EraseCustomer", key="once", **about) == erased
    assert (await door("EraseCustomer", **about)).proof == erased.proof
    assert (await door("GetErasureProof", **about)).proof == erased.proof
    for name in ("GetCustomer", "ExportCustomerData"):
        with pytest.raises(NotFound) as gone:
            await door(name, **about)
        assert gone.value.reason == "KEY_DESTROYED"
    holder = Principal("cardholder:ada", "cardholder", ("holder",), account.customer_id, 2)
    with pytest.raises(NotFound):
        await door("RevealCardNumber", card_id=account.cards[0].card_id, as_=holder)
    assert {each.subject for each in vault.asked} == {f"customer:{account.customer_id}"}


async def test_whoever_owes_is_not_forgotten(world: tuple[Door, KeysStub]) -> None:
    door, vault = world
    account = await door.open()
    charge = (await door.charge(account, 10)).charge
    card_id = account.cards[0].card_id
    await door("ClearCharge", card_id=card_id, charge_id=charge.charge_id, amount=gbp(10))
    with pytest.raises(Refused) as owed:
        await door("EraseCustomer", customer_id=account.customer_id)
    assert owed.value.reason == "MONEY_OWED"
    assert vault.asked == []
    await door("OpenAccount", customer_id=account.customer_id, programme_id="everyday")


async def test_whoever_is_forgotten_holds_no_card(world: tuple[Door, KeysStub]) -> None:
    """Nor is another one issued, also where the customer held one of that account before."""
    door, _ = world
    account = await door.open()
    details = accounts.PersonalDetails(given_name="Bea", family_name="Canary", locale="en")
    user = (await door("RegisterCustomer", details=details)).customer_id
    wanted = {"account_id": account.account_id, "cardholder_id": user, "card_id": "c" * 32}
    held = (await door("OrderCard", **wanted)).card
    assert (await door.charge(account, 5, card_id=held.card_id)).approved
    await door("EraseCustomer", customer_id=user)
    assert not (await door.charge(account, 5, card_id=held.card_id)).approved
    assert (await door.charge(account, 5)).approved, "the holder's own card is good"
    ended = (await door("GetCard", card_id=held.card_id)).card
    assert (ended.status, ended.status_reason) == (
        accounts.CARD_STATUS_TERMINATED,
        "CARDHOLDER_FORGOTTEN",
    )
    with pytest.raises(Refused) as forgotten:
        await door("OrderCard", **{**wanted, "card_id": "d" * 32})
    assert forgotten.value.reason == "CUSTOMER_ERASED"
