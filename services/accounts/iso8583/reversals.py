"""What a message is about, by the message that it names, and what it takes to reverse that."""

from dataclasses import dataclass

from chassis.kernel.events import Command
from services.accounts.domain.account.commands import RefundCharge, ReverseCharge
from services.accounts.domain.account.state import Act, Charge, CreditAccount, act_key
from services.accounts.domain.values import APPROVED
from services.accounts.iso8583.reading import Reading

INCREMENT = "increment"
CLEARING = "clearing"


@dataclass(frozen=True, slots=True)
class Named:
    """A charge, and what of it: all, or an increment or a clearing. `charge_id` is empty where
    nothing is named, `charge` None where what is named has not come, or not yet."""

    charge_id: str = ""
    charge: Charge | None = None
    kind: str = ""
    act: Act | None = None


def named_by(id: str, account: CreditAccount) -> Named:
    """What the message brought about whose business id this is."""
    clearing = account.acts.get(act_key(CLEARING, id))
    if clearing is not None:
        charge = account.charges.get(clearing.charge_id)
        return Named(clearing.charge_id, charge, CLEARING, clearing)
    increment = account.acts.get(act_key(INCREMENT, id))
    if increment is not None:
        charge = account.charges.get(increment.charge_id)
        return Named(increment.charge_id, charge, INCREMENT, increment)
    return Named(id, account.charges.get(id))


def reversal(asked: Reading, account: CreditAccount, named: Named) -> Command | None:
    """What reverses it: money that was posted comes back as a refund, a hold falls. None where
    there is nothing to reverse."""
    told = asked.amount()[0]
    if named.kind == CLEARING and named.charge is not None:
        return _give_back(asked, account, named.charge)
    if named.kind == INCREMENT:
        if named.act is None or named.act.response_code != APPROVED:
            return None
        return _release(asked, account, named, told.minor_units, whole=False)
    net_minor = told.minor_units
    if named.charge is not None and told.currency != account.currency:
        # It does not say what is billed of it: the same part as of what was asked for.
        net_minor = named.charge.amount_minor - named.charge.markup_minor
    return _release(asked, account, named, net_minor, whole=True)


def _release(
    asked: Reading, account: CreditAccount, named: Named, net_minor: int, *, whole: bool
) -> Command | None:
    """Let the hold fall: the whole of it, or what is not replaced of an amount."""
    remains = asked.replaced(net_minor)
    part = None if whole and remains is None else net_minor - (remains or 0)
    if part == 0:
        return None
    return ReverseCharge(
        account_id=account.account_id,
        charge_id=named.charge_id,
        reversal_id=asked.trace.id,
        amount=None if part is None else account.money(part),
        transaction_date=asked.day,
    )


def _give_back(asked: Reading, account: CreditAccount, charge: Charge) -> Command | None:
    """Give back what one message posted, or what is not replaced of it; never more than is
    posted still."""
    posted_minor = charge.captured_minor - charge.refunded_minor
    reversed_minor = asked.amount()[0].minor_units
    if reversed_minor == charge.amount_minor - charge.markup_minor:
        # All of it: with the mark-up that was posted on top.
        reversed_minor = charge.amount_minor
    back = min(posted_minor, reversed_minor - (asked.replaced(reversed_minor) or 0))
    if back <= 0:
        return None
    return RefundCharge(
        account_id=account.account_id,
        refund_id=asked.trace.id,
        charge_id=charge.charge_id,
        card_id=charge.card_id,
        amount=account.money(back),
        transaction_date=asked.day,
        posting_date=asked.posting_day,
    )
