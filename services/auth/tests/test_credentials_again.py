"""Credentials that are set again, or twice at once: what becomes of what rested on the old ones."""

import asyncio
from datetime import timedelta

from cards.auth.v1 import auth_service_pb2 as pb

from chassis.kernel.errors import Unauthenticated
from services.auth.tests.conftest import PASSWORD, Auth
from services.auth.tests.test_flows import reason


async def test_a_new_password_ends_the_sessions_of_the_old_one(auth: Auth) -> None:
    made = await auth.register("agent.li")
    codes = await auth.enrol_codes(made.enrolment_token)
    await auth.enrol(made.enrolment_token)
    auth.clock.advance(timedelta(minutes=1))
    challenge = (await auth.log_in("agent.li")).challenge.challenge_token
    held = (await auth.answer(challenge, codes.at(auth.clock.now()))).tokens
    begun = (await auth.log_in("agent.li")).challenge.challenge_token
    auth.clock.advance(timedelta(minutes=1))
    request = pb.StartEnrolmentRequest(idempotency_key="e", identity_id=made.identity_id)
    again = await auth.ask(auth.auth, "StartEnrolment", request, key="e")
    assert (await auth.refresh(held.refresh_token)).tokens.access_token
    await auth.enrol(again.enrolment_token, "another pass phrase")
    assert await reason(auth.refresh(held.refresh_token)) == "SESSION_ENDED"
    assert await reason(auth.answer(begun, codes.at(auth.clock.now()))) == "CHALLENGE_INVALID"
    assert auth.names()[-1] == "SessionRevoked"
    # The authenticator is the same, and so is what it is good for.
    fresh = (await auth.log_in("agent.li", "another pass phrase")).challenge.challenge_token
    assert (await auth.answer(fresh, codes.at(auth.clock.now()))).tokens.assurance_level == 2


async def test_new_codes_end_the_sessions_of_the_old_ones(auth: Auth) -> None:
    made = await auth.register("agent.li")
    codes = await auth.enrol_codes(made.enrolment_token)
    await auth.enrol(made.enrolment_token)
    auth.clock.advance(timedelta(minutes=1))
    challenge = (await auth.log_in("agent.li")).challenge.challenge_token
    held = (await auth.answer(challenge, codes.at(auth.clock.now()))).tokens
    auth.clock.advance(timedelta(minutes=1))
    request = pb.StartEnrolmentRequest(idempotency_key="e", identity_id=made.identity_id)
    again = await auth.ask(auth.auth, "StartEnrolment", request, key="e")
    await auth.enrol_codes(again.enrolment_token)
    assert await reason(auth.refresh(held.refresh_token)) == "SESSION_ENDED"


async def test_of_two_passwords_set_at_once_one_is_set_and_the_other_is_refused(auth: Auth) -> None:
    made = await auth.register("agent.li")
    passwords = (PASSWORD, "another pass phrase")
    answers = await asyncio.gather(
        *(auth.enrol(made.enrolment_token, each) for each in passwords), return_exceptions=True
    )
    refused = [each for each in answers if isinstance(each, Unauthenticated)]
    assert [each.reason for each in refused] == ["ENROLMENT_INVALID"]
    good = passwords[0 if answers[1] in refused else 1]
    assert (await auth.log_in("agent.li", good)).tokens.access_token


async def test_seeds_asked_for_at_once_are_the_same_seed(auth: Auth) -> None:
    made = await auth.register("agent.li")
    request = pb.EnrolTotpRequest(enrolment_token=made.enrolment_token)
    first, second = await asyncio.gather(
        *(auth.anonymously("EnrolTotp", request) for _ in range(2))
    )
    assert first.provisioning_uri == second.provisioning_uri
