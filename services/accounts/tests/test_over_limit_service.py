"""The consent to be charged for exceeding the limit, over its rpcs."""

import pytest
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import over_limit_service_pb2 as pb

from chassis.kernel.errors import Refused
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_billing_service import BILLING


async def test_a_consent_is_given_after_its_notice_confirmed_and_revoked(door: Door) -> None:
    billing = terms.BillingTerms()
    billing.CopyFrom(BILLING)
    fee = terms.Fee(kind=terms.FEE_KIND_OVER_LIMIT, amount_minor=12_00, repeated_minor=20_00)
    billing.fees.append(fee)
    account_id = (await door.open(billing=billing)).account_id
    found = await door("GetOverLimitConsent", account_id=account_id)
    assert (found.in_force, found.notice.fee, found.notice.repeated_fee) == (
        False,
        gbp(12),
        gbp(20),
    )
    asked = {"account_id": account_id, "method": pb.CONSENT_METHOD_ELECTRONIC}
    with pytest.raises(Refused, match="NOTICE_OUTDATED"):
        await door("GiveOverLimitConsent", notice_id="another", **asked)
    told = found.notice.notice_id
    given = await door("GiveOverLimitConsent", notice_id=told, key="once", **asked)
    again = await door("GiveOverLimitConsent", notice_id=told, key="once", **asked)
    assert given == again
    assert not given.consent.confirmed_on
    consent_id = given.consent.consent_id
    sent = await door("ConfirmOverLimit", account_id=account_id, consent_id=consent_id)
    assert sent.consent.confirmed_on
    assert (await door("GetOverLimitConsent", account_id=account_id)).in_force
    await door("RevokeOverLimit", **asked)
    assert not (await door("GetOverLimitConsent", account_id=account_id)).in_force


async def test_without_a_fee_there_is_nothing_to_consent_to(door: Door) -> None:
    account_id = (await door.open(billing=BILLING)).account_id
    assert not (await door("GetOverLimitConsent", account_id=account_id)).HasField("notice")
    with pytest.raises(Refused, match="NO_OVER_LIMIT_FEE"):
        await door(
            "GiveOverLimitConsent",
            account_id=account_id,
            notice_id="none",
            method=pb.CONSENT_METHOD_ORAL,
        )
