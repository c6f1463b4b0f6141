"""Laws that every aggregate of auth keeps, whatever is asked of it and in whatever order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.codec import Codec, StateCodec
from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Error
from chassis.kernel.events import Fact
from chassis.recorded import Meta
from services.auth.domain.data_keys import DATA_KEYS
from services.auth.domain.enrolment import ConfirmTotp
from services.auth.domain.events import UPCASTERS
from services.auth.domain.identity import IDENTITY, AssignRole, RegisterIdentity
from services.auth.domain.key_encryption_keys import KEY_ENCRYPTION_KEYS
from services.auth.domain.login_name import LOGIN_NAME
from services.auth.domain.policy_sets import POLICY_SETS
from services.auth.domain.session import SESSION, OpenSession
from services.auth.domain.signing_keys import SIGNING_KEYS

DECIDERS: tuple[Decider[Any], ...] = (
    IDENTITY,
    LOGIN_NAME,
    SESSION,
    SIGNING_KEYS,
    KEY_ENCRYPTION_KEYS,
    DATA_KEYS,
    POLICY_SETS,
)
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
CODEC = Codec([fact for decider in DECIDERS for fact in decider.facts], upcasters=UPCASTERS)

# Few values of each kind, so that commands meet one another.
texts = st.sampled_from(["a", "b"])
st.register_type_strategy(str, texts)
st.register_type_strategy(int, st.integers(0, 4))
commands_of = {
    decider.category: st.lists(
        st.tuples(
            st.one_of([st.builds(kind) for kind in decider.commands]),
            st.integers(0, 40).map(lambda seconds: timedelta(seconds=seconds)),
        ),
        max_size=12,
    )
    for decider in DECIDERS
}
roles = st.sampled_from(["agent", "operator", "gateway", "holder", "king"])
commands_of["session"] = st.lists(
    st.tuples(
        st.one_of(
            st.builds(OpenSession, totp_credential_id=st.sampled_from(["", "a"])),
            st.one_of([st.builds(kind) for kind in SESSION.commands]),
        ),
        st.integers(0, 40).map(lambda seconds: timedelta(seconds=seconds)),
    ),
    max_size=12,
)
commands_of["identity"] = st.lists(
    st.tuples(
        st.one_of(
            st.builds(
                RegisterIdentity,
                identity_id=st.just("a"),
                customer_id=st.sampled_from(["", "c"]),
                roles=st.lists(roles, max_size=2).map(tuple),
            ),
            st.builds(AssignRole, role=roles),
            st.one_of([st.builds(kind) for kind in IDENTITY.commands]),
            st.builds(ConfirmTotp, step=st.integers(0, 1)),
        ),
        st.just(timedelta(minutes=10)),
    ),
    max_size=15,
)


def context(now: datetime) -> Context:
    return Context(now=now, actor="operator:tester", new_id=lambda: "id")


@pytest.mark.parametrize("decider", DECIDERS, ids=lambda decider: decider.category)
@given(data=st.data())
def test_a_repeated_command_adds_nothing_and_what_is_stored_comes_back(
    decider: Decider[Any], data: st.DataObject
) -> None:
    state, now = decider.initial, BEGINNING
    facts: list[Fact] = []
    for command, pause in data.draw(commands_of[decider.category]):
        now += pause
        try:
            decided = decider.decide(state, command, context(now))
        except Error:
            # Refused; the law is about what was not.
            continue
        facts += decided
        state = decider.fold(decided, state)
        try:
            again = decider.decide(state, command, context(now))
        except Error:
            again = ()
        assert not again, f"{command} repeated"
    meta = Meta(BEGINNING, "operator:tester")
    stored = [CODEC.encode(fact, meta) for fact in facts]
    read = [CODEC.decode(topic, body)[0] for topic, body in stored]
    assert read == facts
    assert decider.fold(read) == state
    codec = StateCodec(decider.state)
    assert codec.decode(codec.encode(state)) == state
