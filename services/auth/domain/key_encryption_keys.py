"""The versions of the key that wraps data keys: the highest is active, others only decrypt."""

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Conflict
from chassis.kernel.events import Command, Fact, command, value
from services.auth.domain.events import DataKeysRewrapped, KeyEncryptionKeyRotated

ONLY = "main"

# commands


@command
class RotateKeyEncryptionKey(Command):
    """Begin to wrap with this version."""

    version: int


@command
class RecordRewrap(Command):
    """Note that so many data keys, a batch, are now wrapped by this version."""

    version: int
    batch_id: str
    rewrapped: int


# state


@value
class KeyEncryptionKeys:
    """`active` is the version that wraps; 0 until there is one."""

    active: int = 0
    batch_id: str = ""


# evolve


def evolve(state: KeyEncryptionKeys, fact: Fact) -> KeyEncryptionKeys:
    """The keys after a fact."""
    match fact:
        case KeyEncryptionKeyRotated():
            return KeyEncryptionKeys(active=fact.key_encryption_key_version)
        case DataKeysRewrapped():
            return KeyEncryptionKeys(active=state.active, batch_id=fact.batch_id)
        case _:
            raise TypeError(type(fact).__name__)


# decide


def decide(state: KeyEncryptionKeys, command: Command, context: Context) -> tuple[Fact, ...]:
    """Rotate to the next version. Raises Conflict ROTATED_MEANWHILE for any other."""
    match command:
        case RotateKeyEncryptionKey():
            if command.version == state.active:
                return ()
            if command.version != state.active + 1:
                raise Conflict("ROTATED_MEANWHILE", "somebody else rotated; try again")
            return (KeyEncryptionKeyRotated(key_encryption_key_version=command.version),)
        case RecordRewrap():
            if not command.rewrapped or state.batch_id == command.batch_id:
                return ()
            return (
                DataKeysRewrapped(
                    key_encryption_key_version=command.version,
                    batch_id=command.batch_id,
                    rewrapped=command.rewrapped,
                ),
            )
        case _:
            raise TypeError(type(command).__name__)


KEY_ENCRYPTION_KEYS: Decider[KeyEncryptionKeys] = Decider(
    category="key_encryption_keys",
    state=KeyEncryptionKeys,
    initial=KeyEncryptionKeys(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: ONLY,
    commands=(RotateKeyEncryptionKey, RecordRewrap),
    facts=(KeyEncryptionKeyRotated, DataKeysRewrapped),
)
