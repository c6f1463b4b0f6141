"""Which keys sign access tokens, from when on, and how long the old ones are published."""

from datetime import datetime, timedelta

from chassis.kernel.decider import Context, Decider
from chassis.kernel.events import Command, command, value
from services.auth.domain.events import SigningKeyRotated

ANNOUNCED = timedelta(minutes=10)
"""A key is published so long before it signs: doors ask for keys every five minutes."""

PUBLISHED_AFTER = timedelta(minutes=10)
"""And so long after the next one took over: an access token lives five minutes."""

ROTATED_EVERY = timedelta(days=30)
KEPT_LIMIT = 8
ONLY = "main"

# commands


@command
class RotateSigningKey(Command):
    """Sign with this key soon; with the very first one at once. `if_due` asks for it only when the
    last one has signed for 30 days, however many workers ask at once."""

    key_id: str
    public_key: str
    if_due: bool = False


# state


@value
class SigningKey:
    """`public_key` is the x of its JWK."""

    key_id: str
    public_key: str
    active_from: datetime


@value
class SigningKeys:
    """In the order in which they sign; only the last few."""

    keys: tuple[SigningKey, ...] = ()

    def active(self, now: datetime) -> SigningKey | None:
        """The one that signs now."""
        started = [key for key in self.keys if key.active_from <= now]
        return started[-1] if started else None

    def is_due(self, now: datetime) -> bool:
        """Whether the newest key has signed for long enough."""
        return not self.keys or self.keys[-1].active_from + ROTATED_EVERY <= now

    def published(self, now: datetime) -> tuple[SigningKey, ...]:
        """Those that a token may be signed with: the present one, the next, the ones just gone."""
        gone = {
            old.key_id
            for old, new in zip(self.keys, self.keys[1:], strict=False)
            if new.active_from + PUBLISHED_AFTER <= now
        }
        return tuple(key for key in self.keys if key.key_id not in gone)


# evolve


def evolve(state: SigningKeys, fact: SigningKeyRotated) -> SigningKeys:
    """The keys after a fact."""
    key = SigningKey(key_id=fact.key_id, public_key=fact.public_key, active_from=fact.active_from)
    return SigningKeys(keys=(*state.keys, key)[-KEPT_LIMIT:])


# decide


def decide(
    state: SigningKeys, command: RotateSigningKey, context: Context
) -> tuple[SigningKeyRotated, ...]:
    """Announce a key, once; while one is announced, that one is the answer to every wish for a new
    one: however many are asked for in ten minutes, the key that signs is never pushed out."""
    if any(key.key_id == command.key_id for key in state.keys):
        return ()
    if state.keys and state.keys[-1].active_from > context.now:
        return ()
    if command.if_due and not state.is_due(context.now):
        return ()
    active_from = context.now + ANNOUNCED if state.keys else context.now
    return (
        SigningKeyRotated(
            key_id=command.key_id, public_key=command.public_key, active_from=active_from
        ),
    )


SIGNING_KEYS: Decider[SigningKeys] = Decider(
    category="signing_keys",
    state=SigningKeys,
    initial=SigningKeys(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: ONLY,
    commands=(RotateSigningKey,),
    facts=(SigningKeyRotated,),
)
