"""Every fact that moves the balance of an account is a line of it: the lines add up to what is
owed, whatever happened."""

from collections.abc import Sequence
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import disputes_service_pb2 as disputes
from cards.accounts.v1 import transactions_service_pb2 as pb
from sqlalchemy import create_engine, select

from chassis.kernel.events import Fact
from chassis.recorded import Meta, Recorded
from services.accounts.domain.disputes.events import DisputeAdvanced
from services.accounts.domain.ledger import FINANCIAL
from services.accounts.domain.transactions.kinds import NAMES, SIGNS, SPENDING
from services.accounts.projections import PROJECTIONS
from services.accounts.projections.money_lines import LISTED_BY_THEMSELVES
from services.accounts.queries.search import CURSOR
from services.accounts.tables.books import transactions
from services.accounts.tests.billing_stories import BilledStory
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.lives import try_lives
from services.accounts.tests.stories import NOW
from services.accounts.tests.test_billing_laws import BilledLives
from services.accounts.tests.test_disputes_service import disputed, holder
from services.accounts.tests.test_laws_disputes import AnyHistoryWithDisputes
from services.accounts.tests.test_whole_account_laws import WholeAccount

LINES = next(each for each in PROJECTIONS if each.name == "transactions")
ENGINE = create_engine("sqlite://")
transactions.create(ENGINE)


def lines_of(facts: Sequence[Fact]) -> list[Any]:
    """The list of transactions that these facts make, in order."""
    with ENGINE.begin() as connection:
        connection.execute(transactions.delete())
        for position, fact in enumerate(facts, start=1):
            meta = Meta(NOW, "tester")
            LINES.apply(
                connection,
                Recorded("accounts", 1, position, "stream", position, "", fact, meta),
            )
        query = select(transactions).order_by(transactions.c.position)
        return list(connection.execute(query))


def balance_of(lines: Sequence[Any]) -> int:
    """What lines add up to."""
    return sum(SIGNS[line.kind] * line.posted_minor for line in lines)


class LinesOfAnyHistory(AnyHistoryWithDisputes):
    """Charges, refunds, payments, disputes in any order."""

    def teardown(self) -> None:
        if hasattr(self, "story"):
            assert balance_of(lines_of(self.story.facts)) == self.story.state.posted_minor


class LinesOfBilledLives(BilledLives):
    """Interest, fees, returns, charge-offs, recoveries besides."""

    def teardown(self) -> None:
        if hasattr(self, "story"):
            assert balance_of(lines_of(self.story.facts)) == self.story.state.posted_minor


class LinesOfTheWholeAccount(WholeAccount):
    """Everything, transfers and limits and the end of the account among it."""

    def teardown(self) -> None:
        if hasattr(self, "story"):
            found = lines_of(self.story.facts)
            assert balance_of(found) == self.story.state.posted_minor
            assert len({(line.kind, line.transaction_id) for line in found}) == len(found)


def test_lines_add_up_in_lives_of_the_whole_account() -> None:
    try_lives(LinesOfTheWholeAccount, lives=20, steps=50)


def test_lines_add_up_in_any_history() -> None:
    try_lives(LinesOfAnyHistory, lives=20, steps=25)


def test_lines_add_up_in_billed_lives() -> None:
    try_lives(LinesOfBilledLives, lives=20, steps=25)


def test_fees_interest_and_losses_are_lines_of_their_own() -> None:
    story = BilledStory()
    story.buy(500)
    for month in range(1, 9):
        story.run(month, 28)
    story.pay(20)
    found = lines_of(story.facts)
    told = {(line.kind, line.reason, line.category) for line in found}
    assert {
        ("INTEREST", "", "fees"),
        ("FEE", "LATE", "fees"),
        ("CHARGE_OFF", "", ""),
        ("RECOVERY", "", ""),
        ("PAYMENT", "", ""),
    } <= told
    assert balance_of(found) == story.state.posted_minor == 0
    assert len({(line.kind, line.transaction_id) for line in found}) == len(found)


def test_no_fact_that_moves_the_balance_is_without_a_name() -> None:
    unnamed = {fact for fact in FINANCIAL if fact not in (*NAMES, *LISTED_BY_THEMSELVES)}
    # A stage of the network's procedure moves money between the network and the house alone.
    assert unnamed == {DisputeAdvanced}


def test_what_can_be_searched_is_what_is_projected_now() -> None:
    assert LINES.cursor == CURSOR


def test_every_kind_of_line_has_a_sign_and_a_name_at_the_door() -> None:
    names = {each.removeprefix("TRANSACTION_KIND_") for each, _ in accounts.TransactionKind.items()}
    assert names - {"UNSPECIFIED"} == set(SIGNS)
    assert set(SPENDING) <= set(SIGNS)


async def test_a_holder_sees_what_a_dispute_moves(door: Door) -> None:
    account = await door.open()
    ids = await disputed(door, account)
    await door("CreditDispute", **ids)
    await door.node.caught_up()
    asked: dict[str, Any] = {"as_": holder(account), "account_id": account.account_id}
    spent = await door("GetSpending", **asked)
    assert spent.total == gbp(0)
    await door(
        "ResolveDispute", outcome=disputes.DISPUTE_OUTCOME_LOST, explanation="It came", **ids
    )
    await door.node.caught_up()
    listed = (await door("ListTransactions", **asked)).transactions
    kinds = [(accounts.TransactionKind.Name(each.kind)[17:], each.reason) for each in listed]
    assert kinds == [("DISPUTE_DEBIT", "LOST"), ("DISPUTE_CREDIT", "PROVISIONAL"), ("CHARGE", "")]
    charge_id = listed[2].transaction_id
    assert {each.charge_id or each.transaction_id for each in listed} == {charge_id}
    assert [each.amount for each in listed] == [gbp(40)] * 3
    for query in ("dispute", "provisional", "grocer"):
        found = await door("SearchTransactions", query=query, **asked)
        assert listed[1].transaction_id in {
            each.transaction.transaction_id for each in found.transactions
        }
    exported = await door("ExportTransactions", format=pb.EXPORT_FORMAT_CSV, **asked)
    assert exported.content.count("DISPUTE_") == 2
    assert (await door("GetSpending", **asked)).total == gbp(40)
    breakdown = await door("GetSpendBreakdown", **asked)
    assert (breakdown.total, breakdown.spends[0].posted) == (gbp(40), gbp(40))
