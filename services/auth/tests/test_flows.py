"""Enrolling, logging in, refreshing: as somebody at a client lives through it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.auth.v1 import auth_service_pb2 as pb

from chassis.answers import page_token
from chassis.call import Principal
from chassis.kernel.errors import AlreadyExists, Error, Invalid, Refused, Unauthenticated
from chassis.tokens import TokenVerifier, TrustBundle
from services.auth.domain.events import LogInFailed
from services.auth.tests.conftest import ADMINISTRATOR, PASSWORD, Auth, started
from services.auth.use_cases.logging_in import REFUSAL_SECONDS


async def reason(asked: Any) -> str:
    """Why a call was refused."""
    with pytest.raises(Error) as refusal:
        await asked
    return refusal.value.reason


async def principal(auth: Auth, token: str) -> Principal:
    """Whom a door takes the bearer of a token for."""

    async def fetch() -> str:
        answer = await auth.anonymously("GetSigningKeys", pb.GetSigningKeysRequest())
        return str(answer.jwks)

    return await TokenVerifier(TrustBundle([], auth.clock, fetch), auth.clock).verify(token)


async def test_a_long_password_suffices_and_the_token_says_who_somebody_is(auth: Auth) -> None:
    made = await auth.register(
        "switch@network.example", kind=pb.IDENTITY_KIND_PARTNER, roles=("gateway",)
    )
    enrolled = await auth.enrol(made.enrolment_token)
    assert not enrolled.second_factor_required
    answer = await auth.log_in("Switch@Network.Example")
    who = await principal(auth, answer.tokens.access_token)
    assert who == Principal(f"partner:{made.identity_id}", "partner", ("gateway",), "", 1)
    assert answer.tokens.access_token_expires_at.ToDatetime() == (
        auth.clock.now() + timedelta(minutes=5)
    ).replace(tzinfo=None)


async def test_a_second_factor_is_asked_for_and_gives_level_two(auth: Auth) -> None:
    made = await auth.register("agent.li")
    codes = await auth.enrol_codes(made.enrolment_token)
    enrolled = await auth.enrol(made.enrolment_token, "kurz&gut9")
    assert enrolled.second_factor_required
    asked = await auth.log_in("agent.li", "kurz&gut9")
    assert asked.challenge.methods == [pb.CREDENTIAL_TYPE_TOTP]
    answer = await auth.answer(asked.challenge.challenge_token, codes.at(auth.clock.now()))
    assert (await principal(auth, answer.tokens.access_token)).assurance_level == 2
    assert auth.names()[-2:] == ["FactorsAccepted", "LoggedIn"]


async def test_a_lost_answer_is_given_again_and_the_code_serves_no_other_session(
    auth: Auth,
) -> None:
    made = await auth.register("agent.li")
    codes = await auth.enrol_codes(made.enrolment_token)
    await auth.enrol(made.enrolment_token)
    first = (await auth.log_in("agent.li")).challenge.challenge_token
    second = (await auth.log_in("agent.li")).challenge.challenge_token
    code = codes.at(auth.clock.now())
    answer = await auth.answer(first, code)
    auth.clock.advance(timedelta(seconds=20))
    assert await auth.answer(first, code) == answer
    assert await reason(auth.answer(second, code)) == "CODE_USED"
    auth.clock.advance(timedelta(seconds=20))
    assert await reason(auth.answer(first, code)) in ("CODE_USED", "CHALLENGE_INVALID")


async def test_the_code_that_confirmed_the_enrolment_does_not_log_in(auth: Auth) -> None:
    made = await auth.register("agent.li")
    codes = await auth.enrol_codes(made.enrolment_token)
    await auth.enrol(made.enrolment_token)
    challenge = (await auth.log_in("agent.li")).challenge.challenge_token
    used = codes.at(auth.clock.now(), counter_offset=-1)
    assert await reason(auth.answer(challenge, used)) == "CODE_USED"


async def test_a_short_password_without_second_factor_does_not_log_in(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token, "kurz&gut9")
    assert await reason(auth.log_in("agent.li", "kurz&gut9")) == "SECOND_FACTOR_REQUIRED"


async def test_unknown_names_and_wrong_passwords_are_the_same_to_whoever_asks(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token)
    hashed = counting(auth)
    seen = []
    for name in ("agent.li", "nobody.at.all"):
        before, facts = len(hashed), len(auth.node.facts())
        tries = []
        for _ in range(6):
            with pytest.raises((Unauthenticated, Refused)) as refusal:
                await auth.log_in(name, "a wrong pass phrase")
            tries.append((refusal.value.reason, refusal.value.message, refusal.value.metadata))
        seen.append((tries, len(hashed) - before, len(auth.node.facts()) - facts))
    assert seen[0] == seen[1]
    tries, hashes, facts = seen[0]
    assert [each[0] for each in tries] == ["LOG_IN_FAILED"] * 5 + ["LOG_IN_LOCKED"]
    assert (hashes, facts) == (5, 5)
    assert auth.slept == [REFUSAL_SECONDS] * 10


def counting(auth: Auth) -> list[int]:
    """Notes every hash that is computed from now on."""
    hasher = auth.node.ports.keys.hasher
    hashed: list[int] = []

    async def offload(work: Any) -> Any:
        hashed.append(1)
        return work()

    hasher._offload = offload
    return hashed


async def test_the_right_password_does_not_help_while_the_name_is_locked(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token)
    for _ in range(5):
        await reason(auth.log_in("agent.li", "a wrong pass phrase"))
    assert await reason(auth.log_in("agent.li")) == "LOG_IN_LOCKED"
    auth.clock.advance(timedelta(seconds=30))
    assert (await auth.log_in("agent.li")).tokens.access_token
    assert await reason(auth.log_in("agent.li", "wrong again")) == "LOG_IN_FAILED"


async def test_codes_cannot_be_guessed_behind_a_right_password(auth: Auth) -> None:
    made = await auth.register("agent.li")
    codes = await auth.enrol_codes(made.enrolment_token)
    await auth.enrol(made.enrolment_token)
    right = codes.at(auth.clock.now())
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        challenge = (await auth.log_in("agent.li")).challenge.challenge_token
        assert await reason(auth.answer(challenge, wrong)) == "CODE_WRONG"
    assert await reason(auth.answer(challenge, right)) == "LOG_IN_LOCKED"
    assert await reason(auth.log_in("agent.li")) == "LOG_IN_LOCKED"
    failures = [fact for fact in auth.node.facts() if isinstance(fact, LogInFailed)]
    assert {fact.identity_id for fact in failures} == {made.identity_id}


async def test_refresh_tokens_rotate_and_a_stolen_one_ends_the_session(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token)
    first = (await auth.log_in("agent.li")).tokens
    auth.clock.advance(timedelta(minutes=4))
    second = (await auth.refresh(first.refresh_token)).tokens
    assert second.refresh_token != first.refresh_token
    assert second.access_token != first.access_token
    auth.clock.advance(timedelta(seconds=29))
    assert (await auth.refresh(first.refresh_token)).tokens == second
    auth.clock.advance(timedelta(seconds=1))
    assert await reason(auth.refresh(first.refresh_token)) == "REFRESH_TOKEN_REUSED"
    assert await reason(auth.refresh(second.refresh_token)) == "SESSION_ENDED"
    assert auth.names()[-1] == "SessionRevoked"


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1] + "A" * (t[-1] != "A") + "B" * (t[-1] == "A"),
        lambda t: t.replace(".0.", ".1."),
        lambda t: "",
        lambda t: "a.b",
    ],
)
async def test_no_token_can_be_made_up(auth: Auth, change: Any) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token)
    tokens = (await auth.log_in("agent.li")).tokens
    assert await reason(auth.refresh(change(tokens.refresh_token))) == "REFRESH_TOKEN_INVALID"
    assert await reason(auth.answer(tokens.refresh_token, "000000")) == "CHALLENGE_INVALID"
    assert await reason(auth.enrol(tokens.refresh_token)) == "ENROLMENT_INVALID"


async def test_roles_change_with_the_next_token_and_nobody_changes_their_own(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token)
    tokens = (await auth.log_in("agent.li")).tokens
    given = pb.AssignRoleRequest(idempotency_key="1", identity_id=made.identity_id, role="analyst")
    answer = await auth.ask(auth.auth, "AssignRole", given, key="1")
    assert answer.roles == ["agent", "analyst"]
    fresh = (await auth.refresh(tokens.refresh_token)).tokens
    assert (await principal(auth, fresh.access_token)).roles == ("agent", "analyst")
    own = Principal(f"operator:{made.identity_id}", "operator", ("administrator",), "", 2)
    asked = auth.ask(auth.auth, "AssignRole", given, by=own, key="2")
    assert await reason(asked) == "OWN_ROLES"
    other = pb.AssignRoleRequest(idempotency_key="3", identity_id=made.identity_id, role="holder")
    assert await reason(auth.ask(auth.auth, "AssignRole", other, key="3")) == "ROLE_NOT_FOR_KIND"


async def test_a_login_name_belongs_to_one_in_any_spelling(auth: Auth) -> None:
    await auth.register("agent.li")
    with pytest.raises(AlreadyExists) as refusal:
        await auth.register("ＡＧＥＮＴ.Li")
    assert refusal.value.reason == "LOGIN_NAME_TAKEN"
    assert auth.names().count("IdentityRegistered") == 1


async def test_an_enrolment_sets_one_password_and_ends_after_a_day(auth: Auth) -> None:
    made = await auth.register("agent.li")
    first = await auth.enrol(made.enrolment_token)
    assert (await auth.enrol(made.enrolment_token)).credential_id == first.credential_id
    assert await reason(auth.enrol(made.enrolment_token, "another pass phrase")) == (
        "ENROLMENT_INVALID"
    )
    auth.clock.advance(timedelta(days=1))
    assert await reason(auth.enrol(made.enrolment_token)) == "ENROLMENT_INVALID"
    again = await auth.ask(
        auth.auth,
        "StartEnrolment",
        pb.StartEnrolmentRequest(idempotency_key="e", identity_id=made.identity_id),
        key="e",
    )
    await auth.enrol(again.enrolment_token, "another pass phrase")
    assert await reason(auth.log_in("agent.li")) == "LOG_IN_FAILED"
    assert (await auth.log_in("agent.li", "another pass phrase")).tokens.access_token


async def test_the_login_name_is_no_password(auth: Auth) -> None:
    made = await auth.register("a.rather.long.login.name")
    with pytest.raises(Invalid) as refusal:
        await auth.enrol(made.enrolment_token, "A.Rather.Long.Login.Name")
    assert refusal.value.reason == "PASSWORD_HAS_CONTEXT"


async def test_wrong_first_codes_are_counted(auth: Auth) -> None:
    made = await auth.register("agent.li")
    token = made.enrolment_token
    begun = await auth.anonymously("EnrolTotp", pb.EnrolTotpRequest(enrolment_token=token))
    again = await auth.anonymously("EnrolTotp", pb.EnrolTotpRequest(enrolment_token=token))
    assert begun.provisioning_uri == again.provisioning_uri
    wrong = pb.ConfirmTotpRequest(
        enrolment_token=token, credential_id=begun.credential_id, code="000000"
    )
    for _ in range(5):
        assert await reason(auth.anonymously("ConfirmTotp", wrong)) == "CODE_WRONG"
    assert await reason(auth.anonymously("ConfirmTotp", wrong)) == "TOO_MANY_TRIES"


async def test_the_seed_is_not_shown_once_it_is_confirmed(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol_codes(made.enrolment_token)
    asked = pb.EnrolTotpRequest(enrolment_token=made.enrolment_token)
    assert await reason(auth.anonymously("EnrolTotp", asked)) == "ALREADY_CONFIRMED"


async def test_sessions_are_listed_newest_first_and_can_be_ended(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token)
    tokens = [(await auth.log_in("agent.li")).tokens for _ in range(3)]
    await auth.ask(
        auth.auth,
        "RevokeSession",
        pb.RevokeSessionRequest(idempotency_key="r", session_id=tokens[2].session_id),
        key="r",
    )
    await auth.node.caught_up()
    asked = pb.ListSessionsRequest(identity_id=made.identity_id, page_size=2)
    page = await auth.ask(auth.auth, "ListSessions", asked)
    assert [each.session_id for each in page.sessions] == [
        tokens[2].session_id,
        tokens[1].session_id,
    ]
    assert [(each.state, each.end_reason) for each in page.sessions] == [
        ("ended", "requested"),
        ("active", ""),
    ]
    asked.page_token = page.next_page_token
    rest = await auth.ask(auth.auth, "ListSessions", asked)
    assert [each.session_id for each in rest.sessions] == [tokens[0].session_id]
    assert not rest.next_page_token
    asked.page_token = page_token(2**70)
    assert await reason(auth.ask(auth.auth, "ListSessions", asked)) == "PAGE_TOKEN_UNKNOWN"
    assert await reason(auth.refresh(tokens[2].refresh_token)) == "SESSION_ENDED"


async def test_an_older_hash_is_replaced_at_the_next_log_in(tmp_path: Path) -> None:
    async with started(tmp_path) as auth:
        made = await auth.register("agent.li")
        await auth.enrol(made.enrolment_token)
        auth.node.ports.keys.hasher.parameters = type(auth.node.ports.keys.hasher.parameters)(
            "newer", 64, 1, 1
        )
        assert (await auth.log_in("agent.li")).tokens.access_token
        assert auth.names().count("PasswordRehashed") == 1
        assert (await auth.log_in("agent.li")).tokens.access_token
        assert auth.names().count("PasswordRehashed") == 1


def everything_in(folder: Path) -> bytes:
    """Every byte that is on disk."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_nothing_secret_is_stored_in_clear(tmp_path: Path) -> None:
    async with started(tmp_path) as auth:
        made = await auth.register("agent.li@bank.example")
        codes = await auth.enrol_codes(made.enrolment_token)
        await auth.enrol(made.enrolment_token)
        asked = await auth.log_in("agent.li@bank.example")
        answer = await auth.answer(asked.challenge.challenge_token, codes.at(auth.clock.now()))
        secrets = [
            PASSWORD,
            "agent.li@bank.example",
            made.enrolment_token,
            asked.challenge.challenge_token,
            answer.tokens.access_token,
            answer.tokens.refresh_token,
            codes.secret,
        ]
        seed = codes.byte_secret()
    stored = everything_in(tmp_path)
    assert len(stored) > 10_000
    for secret in secrets:
        assert secret.encode() not in stored
    assert seed not in stored


async def test_somebody_is_shown_without_what_they_are_verified_with(auth: Auth) -> None:
    made = await auth.register(
        "li.na", kind=pb.IDENTITY_KIND_CARDHOLDER, roles=(), customer_id="customer-1"
    )
    await auth.enrol(made.enrolment_token)
    asked = pb.GetIdentityRequest(identity_id=made.identity_id)
    shown = (await auth.ask(auth.auth, "GetIdentity", asked)).identity
    assert (shown.customer_id, shown.roles) == ("customer-1", ["holder"])
    assert [each.type for each in shown.credentials] == [pb.CREDENTIAL_TYPE_PASSWORD]
    resources = auth.node.resources()
    assert await resources["Identity"](made.identity_id) == {
        "owner": "customer-1",
        "subject": f"cardholder:{made.identity_id}",
    }
    session = (await auth.log_in("li.na")).tokens.session_id
    assert await resources["Session"](session) == {
        "owner": "customer-1",
        "subject": f"cardholder:{made.identity_id}",
    }
    assert await resources["Session"]("0" * 32) is None


async def test_a_key_rotation_does_not_disturb_those_who_are_logged_in(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol(made.enrolment_token)
    before = (await auth.log_in("agent.li")).tokens
    rotate = pb.RotateSigningKeyRequest(idempotency_key="rotate")
    answer = await auth.ask(auth.auth, "RotateSigningKey", rotate, by=ADMINISTRATOR, key="rotate")
    keys = await auth.anonymously("GetSigningKeys", pb.GetSigningKeysRequest())
    assert keys.active_key_id != answer.key_id
    assert answer.key_id in keys.jwks
    auth.clock.advance(timedelta(minutes=10))
    keys = await auth.anonymously("GetSigningKeys", pb.GetSigningKeysRequest())
    assert keys.active_key_id == answer.key_id
    after = (await auth.refresh(before.refresh_token)).tokens
    assert (await principal(auth, after.access_token)).subject == f"operator:{made.identity_id}"


async def test_keys_are_rotated_every_thirty_days_by_one_of_many_workers(auth: Auth) -> None:
    signer = auth.node.ports.keys.signer
    await signer.rotate_if_due()
    assert auth.names().count("SigningKeyRotated") == 1
    auth.clock.advance(timedelta(days=30))
    late, inside = await signer.rotation(if_due=True)
    await signer.rotate_if_due()
    await auth.node.application.execute(late, actor="service:auth", inside=inside)
    assert auth.names().count("SigningKeyRotated") == 2
