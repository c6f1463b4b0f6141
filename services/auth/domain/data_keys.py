"""The data keys of one subject, one for each purpose, and their destruction for ever."""

from datetime import datetime

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Exhausted, NotFound
from chassis.kernel.events import Command, Fact, command, value
from chassis.kernel.ids import derive
from services.auth.domain.events import DataKeyCreated, DataKeysDestroyed

PURPOSES_LIMIT = 64
FIRST_VERSION = 1

# commands


@command
class CreateDataKey(Command):
    """Let there be a data key; the version says what wraps it."""

    subject: str
    purpose: str
    key_encryption_key_version: int


@command
class DestroyDataKeys(Command):
    """Destroy every data key of the subject; `by` is the subject of whoever wishes it."""

    subject: str
    by: str


# state


@value
class DataKeys:
    """`keys` are purpose and version of each; after destruction, of those that were."""

    subject: str = ""
    keys: tuple[tuple[str, int], ...] = ()
    certificate_id: str = ""
    destroyed_by: str = ""
    destroyed_at: datetime | None = None

    def newest(self, purpose: str) -> int:
        """The newest version for a purpose; 0 if there is none."""
        return max((version for each, version in self.keys if each == purpose), default=0)

    @property
    def destroyed_keys(self) -> tuple[str, ...]:
        """`<purpose>/<version>` of each."""
        return tuple(f"{purpose}/{version}" for purpose, version in self.keys)


# evolve


def evolve(state: DataKeys, fact: Fact) -> DataKeys:
    """The keys after a fact."""
    match fact:
        case DataKeyCreated():
            return DataKeys(
                subject=fact.subject, keys=(*state.keys, (fact.purpose, fact.data_key_version))
            )
        case DataKeysDestroyed():
            return DataKeys(
                subject=fact.subject,
                keys=state.keys,
                certificate_id=fact.certificate_id,
                destroyed_by=fact.destroyed_by,
                destroyed_at=fact.destroyed_at,
            )
        case _:
            raise TypeError(type(fact).__name__)


# decide


def check_not_destroyed(state: DataKeys) -> None:
    """Raises NotFound KEY_DESTROYED."""
    if state.destroyed_at is not None:
        raise NotFound("KEY_DESTROYED", "the data keys of this subject have been destroyed")


def decide(state: DataKeys, command: Command, context: Context) -> tuple[Fact, ...]:
    """Create once, destroy once. Raises NotFound KEY_DESTROYED, KEY_UNKNOWN."""
    match command:
        case CreateDataKey():
            check_not_destroyed(state)
            return _create(state, command)
        case DestroyDataKeys():
            return _destroy(state, command, context)
        case _:
            raise TypeError(type(command).__name__)


def _create(state: DataKeys, command: CreateDataKey) -> tuple[Fact, ...]:
    if state.newest(command.purpose):
        return ()
    if len(state.keys) >= PURPOSES_LIMIT:
        raise Exhausted("TOO_MANY_PURPOSES", f"a subject has at most {PURPOSES_LIMIT} purposes")
    return (
        DataKeyCreated(
            subject=command.subject,
            purpose=command.purpose,
            data_key_version=FIRST_VERSION,
            key_encryption_key_version=command.key_encryption_key_version,
        ),
    )


def _destroy(state: DataKeys, command: DestroyDataKeys, context: Context) -> tuple[Fact, ...]:
    if state.destroyed_at is not None:
        return ()
    if not state.keys:
        raise NotFound("KEY_UNKNOWN", "there is no data key for this subject")
    return (
        DataKeysDestroyed(
            subject=command.subject,
            certificate_id=derive("destruction_certificate", command.subject),
            destroyed_keys=state.destroyed_keys,
            destroyed_by=command.by,
            destroyed_at=context.now,
        ),
    )


DATA_KEYS: Decider[DataKeys] = Decider(
    category="data_keys",
    state=DataKeys,
    initial=DataKeys(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.subject),
    commands=(CreateDataKey, DestroyDataKeys),
    facts=(DataKeyCreated, DataKeysDestroyed),
)
