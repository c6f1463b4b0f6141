"""What everybody may look at, once each, when all has happened: each answer has in it what the
story brought about."""

from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import applications_service_pb2 as applications
from cards.accounts.v1 import balance_transfer_service_pb2 as transfers
from cards.accounts.v1 import business_day_service_pb2 as days
from cards.accounts.v1 import card_secrets_service_pb2 as secrets
from cards.accounts.v1 import clearing_service_pb2 as clearing
from cards.accounts.v1 import controls_service_pb2 as controls
from cards.accounts.v1 import credit_line_service_pb2 as credit_lines
from cards.accounts.v1 import customers_service_pb2 as customers
from cards.accounts.v1 import device_tokens_service_pb2 as tokens
from cards.accounts.v1 import disputes_service_pb2 as disputes
from cards.accounts.v1 import ledger_service_pb2 as ledger
from cards.accounts.v1 import programmes_service_pb2 as programmes
from cards.accounts.v1 import transactions_service_pb2 as transactions
from cards.feed.v1 import feed_service_pb2 as feed
from cards.feed.v1 import intake_service_pb2 as intake

from tests.contract.endings import PROGRAMME

if TYPE_CHECKING:
    from tests.contract.story import Story

AUDITOR = "second"


def tell(story: "Story") -> None:
    """Holder by holder, book by book."""
    _what_is_theirs(story)
    _programmes_and_applications(story)
    _disputes(story)
    _books(story)
    _logs(story)


def _what_is_theirs(story: "Story") -> None:
    ada, ask = story.holders["Ada"], story.ask
    its: dict[str, Any] = {"account_id": ada.account_id}
    account = ask("accounts.GetAccount", accounts.GetAccountRequest(**its), "Ada").account
    listed = ask("accounts.ListCards", accounts.ListCardsRequest(**its), "Ada").cards
    assert {each.card_id for each in listed} == {each.card_id for each in account.cards}
    known = accounts.GetCustomerRequest(customer_id=ada.customer_id)
    assert ask("accounts.GetCustomer", known, "Ada").customer_id == ada.customer_id
    lines = ask("accounts.ListTransactions", accounts.ListTransactionsRequest(**its), "Ada")
    charge_id = next(each.charge_id for each in lines.transactions if each.charge_id)
    charged = accounts.GetChargeRequest(charge_id=charge_id, **its)
    assert ask("accounts.GetCharge", charged, "Ada").charge.charge_id == charge_id
    for name, request in (
        ("GetSpendBreakdown", accounts.GetSpendBreakdownRequest(**its)),
        ("GetSpending", transactions.GetSpendingRequest(**its)),
        ("ListBalanceTransfers", transfers.ListBalanceTransfersRequest(**its)),
        ("ListControls", controls.ListControlsRequest(**its)),
        ("ListDeviceTokens", tokens.ListDeviceTokensRequest(card_id=ada.card_id)),
    ):
        ask(f"accounts.{name}", request, "Ada")
    exported = ask("accounts.ExportTransactions", transactions.ExportTransactionsRequest(**its))
    assert exported.content
    assert ask("accounts.ListCategories", transactions.ListCategoriesRequest(), "Ada").categories
    found = transactions.SearchAllTransactionsRequest(query="shop")
    assert ask("accounts.SearchAllTransactions", found).transactions
    rights = customers.ExportCustomerDataRequest(customer_id=ada.customer_id)
    assert ask("accounts.ExportCustomerData", rights).records
    code = secrets.RevealSecurityCodeRequest(card_id=ada.card_id)
    assert len(ask("accounts.RevealSecurityCode", code, "Ada").verification_value) == 3


def _programmes_and_applications(story: "Story") -> None:
    ask = story.ask
    of: dict[str, Any] = {"programme_id": PROGRAMME}
    version = programmes.GetProgrammeVersionRequest(programme_version=1, **of)
    assert ask("accounts.GetProgrammeVersion", version).version.programme.version == 1
    versions = programmes.ListProgrammeVersionsRequest(**of)
    assert len(ask("accounts.ListProgrammeVersions", versions).versions) > 1
    changes = programmes.ListProgrammeChangesRequest(**of)
    assert len(ask("accounts.ListProgrammeChanges", changes).changes) > 2
    assert ask("accounts.ListBusinessDays", days.ListBusinessDaysRequest(**of)).business_days
    listed = ask("accounts.ListApplications", applications.ListApplicationsRequest()).applications
    one = applications.GetApplicationRequest(application_id=listed[0].application_id)
    ask("accounts.GetApplication", one)
    ask("accounts.ListCreditLineQueue", credit_lines.ListCreditLineQueueRequest())


def _disputes(story: "Story") -> None:
    ask = story.ask
    its: dict[str, Any] = {"account_id": story.holders["Ada"].account_id}
    listed = ask("accounts.ListDisputes", disputes.ListDisputesRequest(**its), "Ada").disputes
    one = disputes.GetDisputeRequest(dispute_id=listed[0].dispute_id, **its)
    assert ask("accounts.GetDispute", one, "Ada").dispute.dispute_id == listed[0].dispute_id
    assert ask("accounts.ListDisputeQueue", disputes.ListDisputeQueueRequest()).disputes
    assert ask("accounts.ListDisputeWindows", disputes.ListDisputeWindowsRequest()).windows


def _books(story: "Story") -> None:
    ask = story.ask
    totals = ask("accounts.GetTrialBalance", accounts.GetTrialBalanceRequest())
    assert totals.position > 0
    assert ask("accounts.GetBalances", accounts.GetBalancesRequest()).balances
    assert ask("accounts.GetChartOfAccounts", ledger.GetChartOfAccountsRequest()).lines
    ask("accounts.ExportJournal", ledger.ExportJournalRequest())
    ended = ask("accounts.ListDayEnds", ledger.ListDayEndsRequest()).day_ends
    one = ledger.GetDayEndRequest(programme_id=ended[0].programme_id, date=ended[0].date)
    assert ask("accounts.GetDayEnd", one).day_end.date == ended[0].date
    assert ask("accounts.ListClearingFiles", clearing.ListClearingFilesRequest()).files


def _logs(story: "Story") -> None:
    first = story.ask("accounts.Feed", feed.FeedRequest(limit=1), AUDITOR)
    assert first.position > 0
    parked = intake.ListParkedRequest(source="risk", stream="card-1")
    assert not story.ask("accounts.ListParked", parked, AUDITOR).messages
