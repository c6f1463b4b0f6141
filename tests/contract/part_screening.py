"""What the story tells of lists of names: one comes into force, a customer is found on it, an
officer says that it is somebody else. Told last: from here on applicants are looked for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import customer_screenings_service_pb2 as screenings
from cards.risk.v1 import screening_service_pb2 as risk

from tests.contract.contracts import rpc

if TYPE_CHECKING:
    from tests.contract.story import Story

LIST = "contract"
PROGRAMME = "contract-card"
COLUMNS = "reference,kind,names,dates_of_birth,nationalities"
LISTED = "C-1,PERSON,Zoran Milutin Vukasevic;Зоран Вукашевић,1971-03-02,Serbia"
QUIET_DAYS = 30


def pieces() -> Iterator[risk.ImportScreeningListRequest]:
    """A list in two pieces: how it is written, and what is in it."""
    yield risk.ImportScreeningListRequest(
        list_id=LIST,
        format=risk.SCREENING_LIST_FORMAT_PLAIN_CSV,
        purpose=risk.SCREENING_LIST_PURPOSE_SANCTIONS,
    )
    content = f"{COLUMNS}\n{LISTED}\nC-2,VESSEL,Sea Cucumber,,\n"
    yield risk.ImportScreeningListRequest(content=content.encode())


def tell(story: "Story") -> None:
    """A list, a hit, a decision; and everybody is looked for."""
    ask, until = story.ask, story.outsider.until
    customer_id, other_id = _registered(story), _registered(story)
    _put_in_force(story)
    name = risk.ScreenNameRequest(subject_id="partner-1", name="Sea Cucumber Shipping")
    assert ask("risk.ScreenName", name).screening.outcome == risk.SCREENING_OUTCOME_CLEAR
    waiting = screenings.ListCustomerMatchesRequest(
        status=screenings.CUSTOMER_SCREENING_STATUS_WAITING
    )

    def found(wanted: str = customer_id) -> Any:
        rows = ask("accounts.ListCustomerMatches", waiting).screenings
        return [row for row in rows if row.customer_id == wanted]

    def passed() -> Any:
        passes = ask("accounts.ListRescreenings", screenings.ListRescreeningsRequest())
        return passes.rescreenings and all(each.completed for each in passes.rescreenings)

    (row,) = until(found, "the customer is found on the list")
    # As one who is new and with everybody: what is decided in between would be raised again.
    until(passed, "everybody has been looked for")
    assert row.reason == "SANCTIONS_MATCH"
    again = risk.ReplayScreeningRequest(
        screening_id=row.screening_id, name="Zoran Vukašević", date_of_birth="1971-03-02"
    )
    assert ask("risk.ReplayScreening", again).same
    hit_id = _decide(story, customer_id)
    until(lambda: not found(), "what waited is settled")
    # Not before, or the customer would be found again when what was decided is looked at.
    back = risk.WithdrawWhitelistingRequest(hit_id=hit_id, reason="NEW_DOCUMENTS")
    ask("risk.WithdrawWhitelisting", back, "second")
    (row,) = until(lambda: found(other_id), "the other one is found too")
    settle = screenings.ResolveCustomerMatchRequest(
        customer_id=other_id,
        screening_id=row.screening_id,
        decision=screenings.CUSTOMER_SCREENING_STATUS_TRUE_MATCH,
    )
    account_id = _opened(story, other_id)
    ask("accounts.ResolveCustomerMatch", settle)
    known = accounts.GetAccountRequest(account_id=account_id)

    def suspended() -> bool:
        account = ask("accounts.GetAccount", known).account
        return bool(account.status == accounts.ACCOUNT_STATUS_SUSPENDED)

    until(suspended, "who is on a list of sanctions may use no account")
    lift = screenings.LiftRestrictionRequest(customer_id=other_id, reason="LICENSED")
    ask("accounts.LiftRestriction", lift, "second")
    back_again = accounts.ReinstateAccountRequest(account_id=account_id, reason="LICENSED")
    ask("accounts.ReinstateAccount", back_again)
    until(passed, "everybody has been looked for again")


def _registered(story: "Story") -> str:
    """A customer of a name that will be on the list."""
    customer_id = uuid4().hex
    details = accounts.PersonalDetails(
        given_name="Zoran",
        family_name="Vukašević",
        email="zoran@contract.example",
        date_of_birth="1971-03-02",
    )
    known = accounts.RegisterCustomerRequest(customer_id=customer_id, details=details)
    story.ask("accounts.RegisterCustomer", known)
    return customer_id


def _opened(story: "Story", customer_id: str) -> str:
    """An account of a customer."""
    asked = accounts.OpenAccountRequest(
        account_id=uuid4().hex, customer_id=customer_id, programme_id=PROGRAMME
    )
    return str(story.ask("accounts.OpenAccount", asked).account.account_id)


def _put_in_force(story: "Story") -> None:
    """Brought in by one, put in force by another."""
    brought = story.outsider.call(rpc("risk.ImportScreeningList"), list(pieces()), by="operator")
    assert brought.ok, brought
    of = risk.ImportScreeningListResponse.FromString(brought.answers[0]).list
    activate = risk.ActivateScreeningListRequest(list_id=LIST, version_id=of.version_id)
    story.ask("risk.ActivateScreeningList", activate, "second")


def _decide(story: "Story", subject_id: str) -> str:
    """It is somebody else, and stays so for a while; the id of the hit."""
    ask = story.ask
    wanted = risk.ListScreeningHitsRequest(subject_id=subject_id)
    (hit,) = ask("risk.ListScreeningHits", wanted).hits
    decide = risk.DecideScreeningHitRequest(
        hit_id=hit.hit_id,
        decision=risk.HIT_STATUS_FALSE_POSITIVE,
        reason="ANOTHER_BIRTHPLACE",
    )
    assert ask("risk.DecideScreeningHit", decide).open_hits == 0
    until = datetime.now(UTC).date() + timedelta(days=QUIET_DAYS)
    quiet = risk.WhitelistEntryRequest(
        hit_id=hit.hit_id, reason="ANOTHER_BIRTHPLACE", expires_on=until.isoformat()
    )
    ask("risk.WhitelistEntry", quiet)
    return str(hit.hit_id)
