"""What deciding about an existing charge has in common: finding it, and telling a repetition."""

from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.money import Money
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.values import ChargeStatus


def find(state: CreditAccount, charge_id: str) -> Charge:
    """The charge of this id. Raises NotFound."""
    charge = state.charges.get(charge_id)
    if charge is None:
        raise NotFound("CHARGE_NOT_FOUND", "there is no such charge on this account")
    return charge


OPEN = (ChargeStatus.HELD, ChargeStatus.CLEARED)


def find_open(
    state: CreditAccount, charge_id: str, among: tuple[ChargeStatus, ...] = OPEN
) -> Charge:
    """The charge of this id, if it is approved and stands `among` these: neither taken back nor
    expired. Raises NotFound or Refused."""
    charge = find(state, charge_id)
    if charge.status in (ChargeStatus.DECLINED, ChargeStatus.VERIFIED) or not charge.is_decided:
        raise Refused("CHARGE_NOT_APPROVED", "no amount of this charge was approved")
    if charge.status not in among:
        raise Refused("CHARGE_CLOSED", f"the charge is {charge.status.lower()}")
    return charge


def is_repeated(
    state: CreditAccount, key: str, charge_id: str, asked: str, otherwise: Refused
) -> bool:
    """Whether this was done already. Raises `otherwise` when something else was done under the
    same key (see `act_key`)."""
    act = state.acts.get(key)
    if act is None:
        return False
    if (act.charge_id, act.asked) == (charge_id, asked):
        return True
    raise otherwise


def check_currency(state: CreditAccount, amount: Money, field: str = "amount") -> int:
    """The minor units of an amount in billing currency. Raises Invalid for any other."""
    if amount.currency != state.currency:
        raise Invalid("CURRENCY_MISMATCH", f"the account is in {state.currency}", field=field)
    return amount.minor_units


def check_positive(amount: Money, field: str = "amount") -> None:
    """Raises Invalid unless there is something of it."""
    if amount.minor_units <= 0:
        raise Invalid("AMOUNT_NOT_POSITIVE", "an amount must be positive", field=field)


def check_room(state: CreditAccount, credit_minor: int) -> None:
    """Raises Invalid AMOUNT_TOO_LARGE unless so much credit leaves what may be spent an amount even
    when every hold has fallen: a hold must be able to fall."""
    state.money(state.limit_minor - state.posted_minor + credit_minor)
