"""Somebody applies and becomes a customer, others do not; one has their profile put right, and one
is forgotten."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import applications_service_pb2 as applications
from cards.accounts.v1 import customers_service_pb2 as customers
from cards.notify.v1 import notify_service_pb2 as notify

from tests.contract.endings import PROGRAMME

if TYPE_CHECKING:
    from tests.contract.story import Story

DECLINED = "dora@contract.example"


def tell(story: "Story") -> None:
    """One is approved by two people, one declined, one withdrawn; then a customer's rights."""
    ask = story.ask
    about: Any = {"application_id": _applied(story, "Cleo")}
    ask("accounts.ProposeApproval", applications.ProposeApprovalRequest(**about))
    confirm = applications.ConfirmApprovalRequest(**about)
    approved = ask("accounts.ConfirmApproval", confirm, "second")
    about = {"application_id": _applied(story, "Dora")}
    decline: Any = applications.DeclineApplicationRequest(reasons=["NO_PROOF"], **about)
    declined = ask("accounts.DeclineApplication", decline).application
    # Where to write to is told only afterwards, and the letter goes out all the same.
    contact = notify.RegisterContactRequest(
        customer_id=declined.applicant_id, email_address=DECLINED, locale=notify.LOCALE_EN
    )
    ask("notify.RegisterContact", contact)
    about = {"application_id": _applied(story, "Edna")}
    withdraw = applications.WithdrawApplicationRequest(reason="CHANGED_MIND", **about)
    ask("accounts.WithdrawApplication", withdraw)
    update = customers.UpdateCustomerProfileRequest(
        customer_id=approved.account.customer_id,
        details=accounts.PersonalDetails(
            given_name=story.canaries.plant("new name of Cleo", "Kleopatra-Kanaria"),
            email=story.canaries.plant("new email of Cleo", "kleopatra@canary.example"),
        ),
    )
    ask("accounts.UpdateCustomerProfile", update)
    _forget(story)


def _applied(story: "Story", name: str) -> str:
    """Somebody applies; the rules leave it to people."""
    plant = story.canaries.plant
    request = applications.SubmitApplicationRequest(
        programme_id=PROGRAMME,
        applicant=applications.Applicant(
            given_name=plant(f"given name of {name}", f"Antragina{name}"),
            family_name=plant(f"family name of {name}", f"Wellensittich{name}"),
            email=plant(f"email of {name}", f"wellensittich.{name.lower()}@canary.example"),
            phone="+49 30 901820",
            date_of_birth="1971-11-05",
            address=accounts.Address(
                lines=[plant(f"street of {name}", f"Stangenweg 815 {name}")],
                city=plant(f"city of {name}", f"Sittichhausen{name}"),
                postal_code="10115",
                country="DE",
            ),
        ),
    )
    submitted = story.ask("accounts.SubmitApplication", request)
    assert submitted.application.status == applications.APPLICATION_STATUS_REFERRED
    return str(submitted.application.application_id)


def _forget(story: "Story") -> None:
    """A customer without an account is forgotten; the keys of nobody else are touched."""
    name = story.canaries.plant("name of somebody forgotten", "Vergissmeinnicht")
    details = accounts.PersonalDetails(given_name=name, email="vergiss@canary.example")
    known = accounts.RegisterCustomerRequest(customer_id=uuid4().hex, details=details)
    story.ask("accounts.RegisterCustomer", known)
    erase = customers.EraseCustomerRequest(customer_id=known.customer_id)
    proof = story.ask("accounts.EraseCustomer", erase).proof
    assert proof.destroyed_keys == ["accounts.personal/1"]
    again = customers.GetErasureProofRequest(customer_id=known.customer_id)
    assert story.ask("accounts.GetErasureProof", again).proof == proof
