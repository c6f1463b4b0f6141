"""The keys of the cards of one BIN, in versions: kept as ciphertext only, changed by two people."""

from datetime import date, timedelta

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact, command, fact, value

VERSIONS_LIMIT = 100
TAKES_EFFECT_AFTER = timedelta(days=1)
"""A day has one version only, so that a card's own day says which it is made with."""


# Facts


@fact
class CardKeysGenerated(Fact):
    """The cards of a BIN that are issued from a day on have keys; without a day, all cards before.
    Each sealed field is ciphertext: of the card verification key, the PIN verification key, the
    keys PIN blocks come under, for TDES and for AES, and the issuer master key of chips."""

    bin: str
    sealed_cvk: str
    sealed_pvk: str
    sealed_tdes_transport_key: str
    sealed_aes_transport_key: str
    sealed_chip_key: str = ""
    key_version: int = 1
    effective_on: date | None = None
    rotation_id: str = ""
    approved_by: str = ""


@fact
class CardKeyRotationProposed(Fact):
    """Somebody wants new keys for the cards of a BIN; another has to approve it."""

    bin: str
    rotation_id: str
    reason: str
    proposed_by: str


@fact
class CardKeyRotationRejected(Fact):
    """There are no new keys: another refused them, or who proposed them took it back."""

    bin: str
    rotation_id: str
    reason: str
    rejected_by: str


# Commands


@command
class GenerateCardKeys(Command):
    """Keep these keys, unless there are some."""

    bin: str
    sealed_cvk: str
    sealed_pvk: str
    sealed_tdes_transport_key: str
    sealed_aes_transport_key: str
    sealed_chip_key: str


@command
class ProposeKeyRotation(Command):
    """Ask for new keys; `by` is the person, whoever passes their wish on."""

    bin: str
    rotation_id: str
    reason: str
    by: str


@command
class ApproveKeyRotation(Command):
    """Keep these keys besides those there are, for the cards of tomorrow."""

    bin: str
    rotation_id: str
    by: str
    sealed_cvk: str
    sealed_pvk: str
    sealed_tdes_transport_key: str
    sealed_aes_transport_key: str
    sealed_chip_key: str


@command
class RejectKeyRotation(Command):
    """Leave the keys as they are."""

    bin: str
    rotation_id: str
    reason: str
    by: str


# State


@value
class KeySet:
    """One version of the keys of a BIN; `effective_on` is None for the first."""

    version: int
    sealed_cvk: str
    sealed_pvk: str
    sealed_tdes_transport_key: str
    sealed_aes_transport_key: str
    sealed_chip_key: str = ""
    effective_on: date | None = None
    rotation_id: str = ""
    proposed_by: str = ""
    approved_by: str = ""


@value
class Rotation:
    """New keys that somebody wants."""

    rotation_id: str
    reason: str
    proposed_by: str


@value
class CardKeys:
    """`bin` is empty until there are keys; `proposed` waits for a second person."""

    bin: str = ""
    sets: tuple[KeySet, ...] = ()
    proposed: Rotation | None = None
    rejected: tuple[str, ...] = ()

    def on(self, day: date) -> KeySet:
        """The keys that cards of a day are made with."""
        known = (each for each in self.sets if each.effective_on and each.effective_on <= day)
        return max(known, key=lambda each: each.version, default=self.sets[0])

    def of(self, version: int) -> KeySet:
        """The keys of a version. Raises NotFound."""
        found = next((each for each in self.sets if each.version == version), None)
        if found is None:
            raise NotFound("CARD_KEYS_NOT_FOUND", "the BIN has no such version of its keys")
        return found


# Evolve

AnyFact = CardKeysGenerated | CardKeyRotationProposed | CardKeyRotationRejected


def evolve(state: CardKeys, fact: AnyFact) -> CardKeys:
    """The keys after a fact."""
    if isinstance(fact, CardKeyRotationProposed):
        proposed = Rotation(
            rotation_id=fact.rotation_id, reason=fact.reason, proposed_by=fact.proposed_by
        )
        return CardKeys(bin=state.bin, sets=state.sets, proposed=proposed, rejected=state.rejected)
    if isinstance(fact, CardKeyRotationRejected):
        return CardKeys(
            bin=state.bin, sets=state.sets, rejected=(*state.rejected, fact.rotation_id)
        )
    made = KeySet(
        version=fact.key_version,
        sealed_cvk=fact.sealed_cvk,
        sealed_pvk=fact.sealed_pvk,
        sealed_tdes_transport_key=fact.sealed_tdes_transport_key,
        sealed_aes_transport_key=fact.sealed_aes_transport_key,
        sealed_chip_key=fact.sealed_chip_key,
        effective_on=fact.effective_on,
        rotation_id=fact.rotation_id,
        proposed_by=state.proposed.proposed_by if state.proposed else "",
        approved_by=fact.approved_by,
    )
    return CardKeys(bin=fact.bin, sets=(*state.sets, made), rejected=state.rejected)


# Decide

AnyCommand = GenerateCardKeys | ProposeKeyRotation | ApproveKeyRotation | RejectKeyRotation


def decide(state: CardKeys, command: AnyCommand, context: Context) -> tuple[AnyFact, ...]:
    """Keep the first keys, which cards in people's hands were made with; more by two people."""
    if isinstance(command, GenerateCardKeys):
        return () if state.bin else (_generated(command),)
    if not state.bin:
        raise NotFound("CARD_KEYS_NOT_FOUND", "the BIN has no keys that could be replaced")
    if isinstance(command, ProposeKeyRotation):
        return _propose(state, command)
    if isinstance(command, ApproveKeyRotation):
        return _approve(state, command, context.now.date())
    return _reject(state, command)


def _propose(state: CardKeys, command: ProposeKeyRotation) -> tuple[AnyFact, ...]:
    """Put it forward once. Raises Refused while another waits, and for an id that is used up."""
    waiting = state.proposed
    if waiting is not None and waiting.rotation_id == command.rotation_id:
        if (waiting.reason, waiting.proposed_by) == (command.reason, command.by):
            return ()
        raise Refused("ROTATION_PROPOSED_DIFFERENTLY", "a rotation of this id is another")
    if waiting is not None:
        raise Refused("ROTATION_WAITS", "another rotation of these keys waits for approval")
    if _is_decided(state, command.rotation_id):
        raise Refused("ROTATION_DECIDED", "this rotation is decided already")
    if len(state.sets) >= VERSIONS_LIMIT:
        raise Refused("TOO_MANY_VERSIONS", f"a BIN has at most {VERSIONS_LIMIT} versions of keys")
    return (
        CardKeyRotationProposed(
            bin=state.bin,
            rotation_id=command.rotation_id,
            reason=command.reason,
            proposed_by=command.by,
        ),
    )


def _is_decided(state: CardKeys, rotation_id: str) -> bool:
    return rotation_id in state.rejected or any(
        each.rotation_id == rotation_id for each in state.sets
    )


def _waiting(state: CardKeys, rotation_id: str) -> Rotation:
    """The rotation that waits. Raises NotFound, and Refused when it is decided."""
    if state.proposed is not None and state.proposed.rotation_id == rotation_id:
        return state.proposed
    if _is_decided(state, rotation_id):
        raise Refused("ROTATION_DECIDED", "this rotation is decided already")
    raise NotFound("ROTATION_NOT_FOUND", "there is no such rotation")


def _approve(state: CardKeys, command: ApproveKeyRotation, today: date) -> tuple[AnyFact, ...]:
    """Keep the new keys. Raises Refused to whoever proposed them."""
    if any(each.rotation_id == command.rotation_id for each in state.sets):
        return ()
    if _waiting(state, command.rotation_id).proposed_by == command.by:
        raise Refused("SECOND_PERSON_NEEDED", "whoever proposed new keys may not approve them")
    last = state.sets[-1]
    effective_on = max(today, last.effective_on or today) + TAKES_EFFECT_AFTER
    return (
        _generated(
            command,
            version=last.version + 1,
            effective_on=effective_on,
            rotation_id=command.rotation_id,
            approved_by=command.by,
        ),
    )


def _reject(state: CardKeys, command: RejectKeyRotation) -> tuple[AnyFact, ...]:
    if command.rotation_id in state.rejected:
        return ()
    waiting = _waiting(state, command.rotation_id)
    return (
        CardKeyRotationRejected(
            bin=state.bin,
            rotation_id=waiting.rotation_id,
            reason=command.reason,
            rejected_by=command.by,
        ),
    )


def _generated(
    command: GenerateCardKeys | ApproveKeyRotation,
    *,
    version: int = 1,
    effective_on: date | None = None,
    rotation_id: str = "",
    approved_by: str = "",
) -> CardKeysGenerated:
    return CardKeysGenerated(
        bin=command.bin,
        sealed_cvk=command.sealed_cvk,
        sealed_pvk=command.sealed_pvk,
        sealed_tdes_transport_key=command.sealed_tdes_transport_key,
        sealed_aes_transport_key=command.sealed_aes_transport_key,
        sealed_chip_key=command.sealed_chip_key,
        key_version=version,
        effective_on=effective_on,
        rotation_id=rotation_id,
        approved_by=approved_by,
    )


CARD_KEYS: Decider[CardKeys] = Decider(
    category="card_keys",
    state=CardKeys,
    initial=CardKeys(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.bin),
    commands=(
        GenerateCardKeys,
        ProposeKeyRotation,
        ApproveKeyRotation,
        RejectKeyRotation,
    ),
    facts=(CardKeysGenerated, CardKeyRotationProposed, CardKeyRotationRejected),
)
