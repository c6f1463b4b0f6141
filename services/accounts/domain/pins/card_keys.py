"""The keys of the cards of one BIN: made once, kept as ciphertext only."""

from chassis.kernel.decider import Context, Decider
from chassis.kernel.events import Command, Fact, command, fact, value


@fact
class CardKeysGenerated(Fact):
    """The cards of a BIN have keys. Each field is ciphertext: of the card verification key, the PIN
    verification key, and the keys PIN blocks come under, for TDES and for AES."""

    bin: str
    sealed_cvk: str
    sealed_pvk: str
    sealed_tdes_transport_key: str
    sealed_aes_transport_key: str


@command
class GenerateCardKeys(Command):
    """Keep these keys, unless there are some."""

    bin: str
    sealed_cvk: str
    sealed_pvk: str
    sealed_tdes_transport_key: str
    sealed_aes_transport_key: str


@value
class CardKeys:
    """`bin` is empty until there are keys."""

    bin: str = ""
    sealed_cvk: str = ""
    sealed_pvk: str = ""
    sealed_tdes_transport_key: str = ""
    sealed_aes_transport_key: str = ""


def evolve(state: CardKeys, fact: CardKeysGenerated) -> CardKeys:
    """The keys after a fact."""
    return CardKeys(
        bin=fact.bin,
        sealed_cvk=fact.sealed_cvk,
        sealed_pvk=fact.sealed_pvk,
        sealed_tdes_transport_key=fact.sealed_tdes_transport_key,
        sealed_aes_transport_key=fact.sealed_aes_transport_key,
    )


def decide(
    state: CardKeys, command: GenerateCardKeys, context: Context
) -> tuple[CardKeysGenerated, ...]:
    """The first keys stay: cards are in people's hands whose values were made with them."""
    if state.bin:
        return ()
    return (
        CardKeysGenerated(
            bin=command.bin,
            sealed_cvk=command.sealed_cvk,
            sealed_pvk=command.sealed_pvk,
            sealed_tdes_transport_key=command.sealed_tdes_transport_key,
            sealed_aes_transport_key=command.sealed_aes_transport_key,
        ),
    )


CARD_KEYS: Decider[CardKeys] = Decider(
    category="card_keys",
    state=CardKeys,
    initial=CardKeys(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.bin),
    commands=(GenerateCardKeys,),
    facts=(CardKeysGenerated,),
)
