"""How the story ends: somebody is forgotten, sessions end, keys and policies change."""

from typing import TYPE_CHECKING
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.auth.v1 import auth_service_pb2 as auth
from cards.auth.v1 import key_service_pb2 as keys
from cards.auth.v1 import policy_service_pb2 as policies
from cards.notify.v1 import notify_service_pb2 as notify

from tests.contract.contracts import rpc
from tests.contract.mailbox import GONE

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "contract-card"


def forget_somebody(story: "Story") -> None:
    """Somebody cannot be written to, and is forgotten; keys are rotated."""
    ask, gone = story.ask, uuid4().hex
    email = story.canaries.plant("unwritable email", f"{GONE}canary.example")
    details = accounts.PersonalDetails(given_name="Weggeflogen", email=email)
    known = accounts.RegisterCustomerRequest(customer_id=gone, details=details)
    ask("accounts.RegisterCustomer", known)
    contact = notify.RegisterContactRequest(
        customer_id=gone, email_address=email, locale=notify.LOCALE_ZH_CN
    )
    ask("notify.RegisterContact", contact)
    opening = accounts.OpenAccountRequest(customer_id=gone, programme_id=PROGRAMME)
    ask("accounts.OpenAccount", opening)

    def abandoned() -> str:
        listing = notify.ListMessagesRequest(customer_id=gone)
        states = {m.state: m.message_id for m in ask("notify.ListMessages", listing).messages}
        return str(states.get(notify.DELIVERY_STATE_ABANDONED, ""))

    message_id = story.outsider.until(abandoned, "the message is given up")
    ask("notify.ReplayMessage", notify.ReplayMessageRequest(message_id=message_id))
    ask("auth.RotateWrappingKey", keys.RotateWrappingKeyRequest(), "administrator")
    ask("auth.RewrapDataKeys", keys.RewrapDataKeysRequest(), "administrator")
    destroy = keys.DestroyDataKeysRequest(subject=f"customer:{gone}")
    ask("auth.DestroyDataKeys", destroy, "administrator")


def end_sessions(story: "Story") -> None:
    """A wrong password, a session that is ended, roles that come and go, other keys."""
    ask, outsider = story.ask, story.outsider
    wrong = auth.LogInRequest(
        login_name=story.holders["Bea"].personal["email"],
        password=story.canaries.plant("wrong password", "piep-piep-piep-piep"),
    )
    assert outsider.call(rpc("auth.LogIn"), wrong).reason == "LOG_IN_FAILED"
    second = outsider.people["second"]
    role = {"identity_id": second.identity_id, "role": "auditor"}
    ask("auth.RevokeRole", auth.RevokeRoleRequest(**role), "administrator")
    ask("auth.AssignRole", auth.AssignRoleRequest(**role), "administrator")
    story.register("leaver", auth.IDENTITY_KIND_OPERATOR, "leaver-at-work", roles=["agent"])
    leaver = outsider.people.pop("leaver")
    again = auth.StartEnrolmentRequest(identity_id=leaver.identity_id)
    ask("auth.StartEnrolment", again, "administrator")
    end = auth.RevokeSessionRequest(session_id=leaver.tokens.session_id)
    ask("auth.RevokeSession", end, "administrator")


def change_keys_and_policies(story: "Story") -> None:
    """Other signing keys; a data key; policies that one puts forward and another puts in force."""
    ask = story.ask
    ask("auth.RotateSigningKey", auth.RotateSigningKeyRequest(), "administrator")
    key = keys.CreateDataKeyRequest(subject="customer:nobody", purpose="accounts.contract")
    ask("auth.CreateDataKey", key, "service:accounts")
    text = ask("auth.GetPolicySet", policies.GetPolicySetRequest(), "administrator").policy_set.text
    propose = policies.ProposePolicySetRequest(text=f"{text}\n// Put forward.\n")
    proposed = ask("auth.ProposePolicySet", propose, "administrator")
    activate = policies.ActivatePolicySetRequest(policy_set_hash=proposed.policy_set_hash)
    ask("auth.ActivatePolicySet", activate, "second")
