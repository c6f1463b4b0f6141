"""Programmes, customers, the vault of card numbers, and where a card is."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.errors import Invalid, Refused
from services.accounts.domain import events, vault_events
from services.accounts.domain.card_place import CARD_PLACE, PlaceCard
from services.accounts.domain.customer import CUSTOMER, RegisterCustomer, SealedProfile
from services.accounts.domain.pan import (
    PAN,
    ClaimPan,
    RefuseUnknownCard,
    generate,
    is_luhn,
    luhn_digit,
    masked,
)
from services.accounts.domain.programme import PROGRAMME, DefineProgramme
from services.accounts.domain.values import EntryMode, HoldRule
from services.accounts.tests.stories import GROCER, NOW, TODAY, Story, pounds, terms

DEFINITION = DefineProgramme(programme_id="everyday", name="Everyday", terms=terms())
PROFILE = SealedProfile(
    given_name="sealed-1",
    family_name="sealed-2",
    email="sealed-3",
    phone="",
    date_of_birth="",
    address="",
    locale="sealed-4",
)
REGISTRATION = RegisterCustomer(customer_id="customer", profile=PROFILE, profile_digest="digest")
CLAIM = ClaimPan(
    pan_hash="hash",
    sealed_pan="sealed",
    card_id="card",
    account_id="account",
    customer_id="customer",
    last_four="4242",
)
REFUSAL = RefuseUnknownCard(
    pan_hash="hash",
    charge_id="charge",
    amount=pounds(1),
    merchant=GROCER,
    entry_mode=EntryMode.ECOMMERCE,
    transaction_date=TODAY,
    transaction_at=NOW,
)
PLACE = PlaceCard(card_id="card", account_id="account", customer_id="customer", pan_hash="hash")


def test_a_programme_is_defined_once() -> None:
    story = Story(PROGRAMME)
    (fact,) = story.when(DEFINITION)
    assert fact == events.ProgrammeDefined(
        programme_id="everyday",
        programme_version=1,
        name="Everyday",
        currency="GBP",
        default_limit=pounds(1000),
        terms=terms(),
        transaction_date=TODAY,
    )
    with pytest.raises(Refused) as refusal:
        story.decide(replace(DEFINITION, terms=terms(default_limit_minor=1)))
    assert refusal.value.reason == "PROGRAMME_DEFINED_DIFFERENTLY"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bin": "5000123"}, "BIN_MALFORMED"),
        ({"bin": "50001x"}, "BIN_MALFORMED"),
        ({"default_limit_minor": -1}, "AMOUNT_NEGATIVE"),
        ({"stand_in_limit_minor": -1}, "AMOUNT_NEGATIVE"),
        ({"hold_lifetime_hours": 0}, "LIFETIME_TOO_SHORT"),
        ({"hold_rules": (HoldRule(lifetime_hours=0),)}, "LIFETIME_TOO_SHORT"),
        ({"hold_rules": (HoldRule(lifetime_hours=1),) * 65}, "TOO_MANY_HOLD_RULES"),
        ({"card_validity_months": 0}, "LIFETIME_TOO_SHORT"),
    ],
)
def test_senseless_terms_are_malformed(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Invalid) as malformed:
        Story(PROGRAMME).decide(replace(DEFINITION, terms=terms(**changes)))
    assert malformed.value.reason == reason


def test_a_customer_is_registered_once_though_every_sealing_looks_different() -> None:
    story = Story(CUSTOMER)
    (fact,) = story.when(REGISTRATION)
    assert isinstance(fact, events.CustomerRegistered)
    assert (fact.email, fact.registered_at) == ("sealed-3", NOW)
    sealed_anew = replace(REGISTRATION, profile=replace(PROFILE, email="sealed-9"))
    assert story.decide(sealed_anew) == ()
    with pytest.raises(Refused) as refusal:
        story.decide(replace(REGISTRATION, profile_digest="another"))
    assert refusal.value.reason == "CUSTOMER_REGISTERED_DIFFERENTLY"


def test_a_card_number_belongs_to_one_card() -> None:
    story = Story(PAN)
    (fact,) = story.when(CLAIM)
    assert isinstance(fact, vault_events.PanClaimed)
    assert story.decide(replace(CLAIM, sealed_pan="sealed anew")) == ()
    with pytest.raises(Refused) as refusal:
        story.decide(replace(CLAIM, card_id="other"))
    assert refusal.value.reason == "PAN_TAKEN"


def test_a_number_nobody_has_is_refused_and_may_still_be_issued_later() -> None:
    story = Story(PAN)
    (fact,) = story.when(REFUSAL)
    assert isinstance(fact, vault_events.UnknownCardRefused)
    assert (fact.response_code, fact.reason) == ("14", "CARD_UNKNOWN")
    with pytest.raises(Refused) as differently:
        story.decide(replace(REFUSAL, amount=pounds(2)))
    assert differently.value.reason == "CHARGE_AUTHORISED_DIFFERENTLY"
    story.when(CLAIM)
    with pytest.raises(Refused) as taken:
        story.decide(replace(REFUSAL, charge_id="later"))
    assert taken.value.reason == "PAN_TAKEN"


def test_a_card_never_moves() -> None:
    story = Story(CARD_PLACE)
    (fact,) = story.when(PLACE)
    assert isinstance(fact, vault_events.CardPlaced)
    with pytest.raises(Refused) as refusal:
        story.decide(replace(PLACE, account_id="other"))
    assert refusal.value.reason == "CARD_ISSUED_DIFFERENTLY"


@pytest.mark.parametrize(("payload", "digit"), [("411111111111111", "1"), ("7992739871", "3")])
def test_published_luhn_digits(payload: str, digit: str) -> None:
    assert luhn_digit(payload) == digit
    assert is_luhn(payload + digit)


@given(st.from_regex(r"[0-9]{11,18}", fullmatch=True), st.data())
def test_luhn_finds_every_single_wrong_digit(payload: str, data: st.DataObject) -> None:
    number = payload + luhn_digit(payload)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert not is_luhn(number[:place] + wrong + number[place + 1 :])


@given(st.sampled_from(["500012", "50001234"]), st.integers())
def test_a_number_is_in_its_bin_has_sixteen_digits_and_checks(bin_digits: str, seed: int) -> None:
    number = generate(bin_digits, random.Random(seed))
    assert number.startswith(bin_digits)
    assert len(number) == 16
    assert is_luhn(number)


def test_a_masked_number_shows_six_and_four_digits_at_most() -> None:
    assert masked("500012", "4242") == "500012******4242"
    assert masked("50001234", "4242") == "500012******4242"
