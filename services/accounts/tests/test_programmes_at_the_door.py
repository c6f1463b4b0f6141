"""Programmes change at the door: accounts opened from a day on have the new terms."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import programmes_service_pb2 as programmes

from chassis.call import Principal
from chassis.kernel.errors import Error, Invalid, NotFound, Refused
from chassis.kernel.money import decimals_of
from services.accounts.config import REFERENCE
from services.accounts.tests.conftest import OPERATOR, Door, gbp
from services.accounts.use_cases.currencies import Currencies

SECOND = Principal("operator:otto", "operator", ("operator",))


def proposal(**changes: Any) -> programmes.ProposeTermsRequest:
    """The everyday programme with twice the limit, from tomorrow (2026-01-02) on."""
    programme = pb.Programme(
        programme_id="everyday",
        name="Everyday",
        currency="GBP",
        bin="500012",
        default_limit=gbp(2000),
    )
    fields = {"programme": programme, "effective_on": "2026-01-02", **changes}
    return programmes.ProposeTermsRequest(**fields)


async def test_accounts_opened_from_the_day_on_have_the_new_terms_and_others_keep_theirs(
    door: Door,
) -> None:
    before = await door.open()
    change = (await door("ProposeTerms", proposal(note="More."))).change
    assert (change.proposed_by, change.programme.default_limit) == (OPERATOR.subject, gbp(2000))
    about = {"programme_id": "everyday", "change_id": change.change_id}
    with pytest.raises(Refused) as same_person:
        await door("ApproveTerms", **about)
    assert same_person.value.reason == "SECOND_PERSON_NEEDED"
    version = (await door("ApproveTerms", as_=SECOND, **about)).version
    assert (version.programme.version, version.in_force) == (2, False)
    move = {"account_id": before.account_id, "programme_version": 2}
    with pytest.raises(Refused) as too_early:
        await door("MoveAccountToVersion", **move)
    assert too_early.value.reason == "VERSION_NOT_IN_FORCE"
    door.node.clock.advance(timedelta(days=1))
    assert (await door("GetProgramme", programme_id="everyday")).programme.version == 2
    opened = await door("OpenAccount", customer_id=before.customer_id, programme_id="everyday")
    assert (opened.account.programme_version, opened.account.limit) == (2, gbp(2000))
    kept = (await door("GetAccount", account_id=before.account_id)).account
    assert (kept.programme_version, kept.limit) == (1, gbp(1000))
    moved = (await door("MoveAccountToVersion", **move)).account
    assert (moved.programme_version, moved.limit) == (2, gbp(1000))
    with pytest.raises(NotFound) as unknown:
        await door("MoveAccountToVersion", **{**move, "programme_version": 3})
    assert unknown.value.reason == "PROGRAMME_VERSION_NOT_FOUND"


async def test_a_person_is_the_same_person_whatever_service_speaks_for_them(door: Door) -> None:
    await door.define()
    through = Principal("service:support", "service", on_behalf_of=OPERATOR)
    change = (await door("ProposeTerms", proposal(), as_=through)).change
    with pytest.raises(Refused) as refusal:
        await door("ApproveTerms", programme_id="everyday", change_id=change.change_id)
    assert refusal.value.reason == "SECOND_PERSON_NEEDED"


async def test_versions_and_changes_are_listed_newest_first_in_stable_pages(door: Door) -> None:
    await door.define()
    ids = [(await door("ProposeTerms", proposal())).change.change_id for _ in range(3)]
    page = await door("ListProgrammeChanges", programme_id="everyday", page_size=2)
    assert [each.change_id for each in page.changes] == ids[:0:-1]
    await door("ProposeTerms", proposal())
    rest = await door(
        "ListProgrammeChanges",
        programme_id="everyday",
        page_size=2,
        page_token=page.next_page_token,
    )
    assert ([each.change_id for each in rest.changes], rest.next_page_token) == (ids[:1], "")
    about = {"programme_id": "everyday", "change_id": ids[0]}
    await door("WithdrawTerms", **about)
    about["change_id"] = ids[1]
    await door("RejectTerms", as_=SECOND, reason="NO_NEED", **about)
    waiting = await door(
        "ListProgrammeChanges",
        programme_id="everyday",
        status=programmes.PROGRAMME_CHANGE_STATUS_PROPOSED,
    )
    assert [each.change_id for each in waiting.changes][-1] == ids[2]
    assert len(waiting.changes) == 2
    about["change_id"] = ids[2]
    await door("ApproveTerms", as_=SECOND, **about)
    listed = (await door("ListProgrammeVersions", programme_id="everyday")).versions
    assert [(each.programme.version, each.in_force) for each in listed] == [(2, False), (1, True)]
    by_day = await door("GetProgrammeVersion", programme_id="everyday", day="2026-01-02")
    assert by_day.version.programme == listed[0].programme
    by_number = await door("GetProgrammeVersion", programme_id="everyday", programme_version=1)
    assert by_number.version == listed[1]
    with pytest.raises(Invalid):
        await door(
            "GetProgrammeVersion", programme_id="everyday", programme_version=1, day="2026-01-02"
        )


async def test_of_two_approvals_at_once_one_is_outdated(door: Door) -> None:
    await door.define()
    ids = [(await door("ProposeTerms", proposal())).change.change_id for _ in range(2)]
    settled = await asyncio.gather(
        *(
            door("ApproveTerms", as_=SECOND, programme_id="everyday", change_id=each)
            for each in ids
        ),
        return_exceptions=True,
    )
    [failure] = [each for each in settled if isinstance(each, Error)]
    assert failure.reason == "CHANGE_OUTDATED"
    listed = await door("ListProgrammeVersions", programme_id="everyday")
    assert len(listed.versions) == 2


@pytest.mark.parametrize("effective_on", ["2026-02-30", "2026-1-100", "----------"])
async def test_a_day_that_is_none_is_malformed(door: Door, effective_on: str) -> None:
    await door.define()
    with pytest.raises(Invalid) as malformed:
        await door("ProposeTerms", proposal(effective_on=effective_on))
    assert (malformed.value.reason, malformed.value.field) == ("DATE_MALFORMED", "effective_on")


@pytest.mark.parametrize("code", ["ZZZ", "HRK", "XAU", "XTS"])
async def test_a_currency_that_is_none_is_refused(door: Door, code: str) -> None:
    """Unknown, withdrawn (the kuna), gold, and the code for tests."""
    limit = gbp(1000)
    limit.currency_code = code
    with pytest.raises(Invalid) as unknown:
        await door.define(currency=code, default_limit=limit)
    assert (unknown.value.reason, unknown.value.field) == (
        "CURRENCY_UNKNOWN",
        "programme.currency",
    )


def test_the_table_of_currencies_knows_their_decimals() -> None:
    decimals = Currencies.load(REFERENCE / "iso4217_codes_all.csv").decimals
    assert [decimals[code] for code in ("GBP", "JPY", "BHD", "CLF")] == [2, 0, 3, 4]
    assert 150 < len(decimals) < 200
    assert decimals == {code: decimals_of(code) for code in decimals}
