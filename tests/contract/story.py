"""What an outsider does to a fresh system, so that every service says all that it can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import events_pb2 as accounts_events
from cards.auth.v1 import auth_service_pb2 as auth
from cards.feed.v1 import feed_service_pb2 as feed
from cards.feed.v1 import intake_service_pb2 as intake
from cards.loyalty.v1 import loyalty_service_pb2 as loyalty
from cards.notify.v1 import notify_service_pb2 as notify
from cards.risk.v1 import risk_service_pb2 as risk
from cards.support.v1 import support_service_pb2 as support
from cards.type.v1 import money_pb2

from tests.contract import canaries, endings
from tests.contract.canaries import Canaries
from tests.contract.contracts import SERVICES, rpc
from tests.contract.endings import PROGRAMME
from tests.contract.outside import Outsider
from tests.contract.parts import PARTS

ROLES = (
    "operator",
    "programme_manager",
    "analyst",
    "agent",
    "auditor",
    "administrator",
    "compliance_officer",
)
SHOP = accounts_events.Merchant(id="SHOP1", name="The Shop", mcc="5411", country="GB")
CASINO = accounts_events.Merchant(id="CASINO1", name="The Casino", mcc="7995", country="GB")
LIMIT_MINOR = 1_000_00
HEARD = 4
"""What Ada hears in her case: three things that were said, and that hers stands."""


def money(minor_units: int, currency: str = "GBP") -> money_pb2.Money:
    return money_pb2.Money(minor_units=minor_units, currency_code=currency)


@dataclass
class Holder:
    """A holder, and what is theirs."""

    name: str
    customer_id: str
    account_id: str = ""
    card_id: str = ""
    number: str = ""
    case_id: str = ""
    personal: dict[str, str] = field(default_factory=dict)


class Story:
    """Two holders, who know nothing of each other, and everybody who deals with them."""

    def __init__(self, outsider: Outsider, first: Mapping[str, Mapping[str, str]]) -> None:
        self.outsider = outsider
        self.canaries = Canaries()
        self._first = first
        self.holders: dict[str, Holder] = {}
        self.rule_set_version = ""
        self.heard: list[support.ConverseResponse] = []
        self.answered: frozenset[str] = frozenset()

    def ask(self, name: str, request: Any, by: str = "operator") -> Any:
        """The answer of `<service>.<Rpc>`, which has to be OK."""
        return self.outsider.ask(name, request, by)

    def tell(self) -> None:
        """All of it, in order."""
        self._people()
        self._programme()
        for name in ("Ada", "Bea"):
            self._open(name)
        self._rules()
        self._charges()
        self._points()
        self._fraud()
        self._cards()
        self._cases()
        self._messages()
        ended = (endings.forget_somebody, endings.end_sessions, endings.change_keys_and_policies)
        for part in (*PARTS, *ended):
            part(self)
        self.outsider.until(self.taken_in, "everybody has taken in what was said")

    # People --------------------------------------------------------------------------------------

    def _people(self) -> None:
        """The first administrator and the gateway log in; two members of staff are registered."""
        outsider = self.outsider
        for name in ("administrator", "gateway"):
            known = self._first[name]
            outsider.log_in(
                name, name, known["password"], known.get("totp_seed", ""), known["identity_id"]
            )
        for name in ("operator", "second"):
            self.register(name, auth.IDENTITY_KIND_OPERATOR, f"{name}-at-work", roles=ROLES)

    def register(self, name: str, kind: Any, login_name: str, **more: Any) -> None:
        """Somebody is registered by an administrator, sets password and codes, and logs in."""
        registered = self.ask(
            "auth.RegisterIdentity",
            auth.RegisterIdentityRequest(kind=kind, login_name=login_name, **more),
            "administrator",
        )
        plant = self.canaries.plant
        password = plant(f"password of {name}", f"Tirili-{name}-{uuid4().hex}")
        person = self.outsider.enrol(name, login_name, password, registered)
        plant(f"login name of {name}", login_name)
        plant(f"seed of {name}", person.seed)
        plant(f"enrolment token of {name}", registered.enrolment_token)
        plant(f"refresh token of {name}", person.tokens.refresh_token)
        plant(f"access token of {name}", person.tokens.access_token)

    def _programme(self) -> None:
        programme = accounts.Programme(
            programme_id=PROGRAMME,
            name="Contract card",
            currency="GBP",
            bin=canaries.BIN,
            default_limit=money(LIMIT_MINOR),
            assessment_threshold=money(500_00),
            stand_in_limit=money(100_00),
        )
        self.ask("accounts.DefineProgramme", accounts.DefineProgrammeRequest(programme=programme))

    def _open(self, name: str) -> None:
        """A holder with an account and a virtual card, who can be written to and can log in."""
        holder = Holder(name, uuid4().hex, personal=canaries.holder(name))
        self.holders[name] = holder
        known = {
            what: self.canaries.plant(f"{what} of {name}", value)
            for what, value in holder.personal.items()
        }
        details = accounts.PersonalDetails(
            given_name=known["given name"],
            family_name=f"{known['family name']} {known['chinese name']}",
            email=known["email"],
            phone=known["phone"],
            date_of_birth=known["born"],
            address=accounts.Address(
                lines=[known["street"]],
                city=known["city"],
                postal_code=known["postal code"],
                country="DE",
            ),
        )
        request = accounts.RegisterCustomerRequest(customer_id=holder.customer_id, details=details)
        self.ask("accounts.RegisterCustomer", request)
        contact = notify.RegisterContactRequest(
            customer_id=holder.customer_id, email_address=known["email"], locale=notify.LOCALE_EN
        )
        self.ask("notify.RegisterContact", contact)
        opened = self.ask(
            "accounts.OpenAccount",
            accounts.OpenAccountRequest(
                customer_id=holder.customer_id,
                programme_id=PROGRAMME,
                card_kind=accounts.CARD_KIND_VIRTUAL,
            ),
        )
        holder.account_id = opened.account.account_id
        holder.card_id = opened.account.cards[0].card_id
        kind = auth.IDENTITY_KIND_CARDHOLDER
        self.register(name, kind, known["email"], customer_id=holder.customer_id)
        reveal = accounts.RevealCardNumberRequest(card_id=holder.card_id)
        revealed = self.ask("accounts.RevealCardNumber", reveal, name)
        holder.number = self.canaries.plant(f"card number of {name}", revealed.number)

    # Rules ---------------------------------------------------------------------------------------

    def _rules(self) -> None:
        """One proposes rules, another puts them in force."""
        rule = risk.Rule(
            rule_id="casino",
            reason_code="CASINO",
            scope=risk.SCOPE_CARD,
            expression='merchant_category == "7995"',
            score=900,
            verdict=risk.VERDICT_BLOCK,
        )
        watch = risk.Rule(
            rule_id="dear",
            reason_code="DEAR",
            scope=risk.SCOPE_CARD,
            expression="amount_minor == 33333",
            score=700,
            verdict=risk.VERDICT_WATCH,
        )
        proposed = self.ask(
            "risk.ProposeRuleSet",
            risk.ProposeRuleSetRequest(rules=[rule, watch], alert_score=600),
        )
        self.rule_set_version = proposed.rule_set.rule_set_version
        activate = risk.ActivateRuleSetRequest(rule_set_version=self.rule_set_version)
        self.ask("risk.ActivateRuleSet", activate, "second")
        rates = loyalty.RuleSet(
            base_rates=[loyalty.BaseRate(currency_code="GBP", points=2, per_minor_units=100)],
            expiry_months=12,
        )
        put = self.ask("loyalty.ProposeRuleSet", loyalty.ProposeRuleSetRequest(rule_set=rates))
        self.ask(
            "loyalty.ActivateRuleSet",
            loyalty.ActivateRuleSetRequest(rule_set_version=put.rule_set_version),
            "second",
        )

    # Charges -------------------------------------------------------------------------------------

    def authorise(self, holder: Holder, minor_units: int, **more: Any) -> Any:
        """One charge; the answer says whether it is approved."""
        more = {"card_id": holder.card_id, "merchant": SHOP, "amount": money(minor_units), **more}
        request = accounts.AuthoriseChargeRequest(**more)
        return self.ask("accounts.AuthoriseCharge", request, "gateway")

    def _clear(self, holder: Holder, charge_id: str, minor_units: int) -> None:
        request = accounts.ClearChargeRequest(
            card_id=holder.card_id, charge_id=charge_id, amount=money(minor_units)
        )
        self.ask("accounts.ClearCharge", request, "gateway")

    def _buy(self, holder: Holder, minor_units: int) -> str:
        answer = self.authorise(holder, minor_units)
        assert answer.approved, answer
        self._clear(holder, answer.charge.charge_id, minor_units)
        return str(answer.charge.charge_id)

    def _charges(self) -> None:
        """Approved, declined, unknown, advised, incremented, reversed, cleared, refunded, paid."""
        ada, ask = self.holders["Ada"], self.ask
        self._buy(ada, 10)
        answer = self.authorise(ada, 20_00, card_id="", card_number=ada.number)
        ids = {"account_id": ada.account_id, "charge_id": answer.charge.charge_id}
        advise = accounts.AdviseChargeRequest(amount=money(25_00), **ids)
        ask("accounts.AdviseCharge", advise, "gateway")
        more = accounts.IncrementChargeRequest(by=money(5_00), **ids)
        ask("accounts.IncrementCharge", more, "gateway")
        much = accounts.IncrementChargeRequest(by=money(9_000_00), **ids)
        assert not ask("accounts.IncrementCharge", much, "gateway").approved
        ask("accounts.ReverseCharge", accounts.ReverseChargeRequest(**ids), "gateway")
        assert not self.authorise(ada, 20_000_00).approved
        unknown = self.canaries.plant("unknown card number", f"{canaries.BIN}9999999990")
        assert not self.authorise(ada, 1_00, card_id="", card_number=unknown).approved
        pay = accounts.RecordPaymentRequest(account_id=ada.account_id, amount=money(1_00))
        ask("accounts.RecordPayment", pay)

    def _points(self) -> None:
        """Points are earned, used, returned, used again and then taken back: a debt, repaid."""
        ada, ask = self.holders["Ada"], self.ask
        charge_id = self._buy(ada, 90_00)
        points = self._points_of(ada)
        use = loyalty.RedeemPointsRequest(account_id=ada.account_id, points=points, purpose="TEST")
        redeemed = ask("loyalty.RedeemPoints", use, "Ada")
        back = loyalty.ReturnRedemptionRequest(
            account_id=ada.account_id, redemption_id=redeemed.redemption_id
        )
        ask("loyalty.ReturnRedemption", back)
        again = loyalty.RedeemPointsRequest(
            account_id=ada.account_id, points=points, purpose="TEST_AGAIN"
        )
        ask("loyalty.RedeemPoints", again)
        refund = accounts.RefundChargeRequest(
            card_id=ada.card_id, charge_id=charge_id, amount=money(90_00)
        )
        ask("accounts.RefundCharge", refund, "gateway")
        self._buy(ada, 200_00)

    def _points_of(self, holder: Holder) -> int:
        def available() -> int:
            request = loyalty.GetPointsRequest(account_id=holder.account_id)
            return int(self.ask("loyalty.GetPoints", request).available)

        return int(self.outsider.until(available, "points are earned"))

    def _fraud(self) -> None:
        """One charge is watched, another has the card blocked; an analyst looks."""
        ada = self.holders["Ada"]
        self.outsider.until(self._judged_by_our_rules, "our rules have come to those who judge")
        assert self.authorise(ada, 333_33).approved
        issue = accounts.IssueCardRequest(
            account_id=ada.account_id, kind=accounts.CARD_KIND_VIRTUAL
        )
        spare = self.ask("accounts.IssueCard", issue).card.card_id
        self.authorise(ada, 5_00, card_id=spare, merchant=CASINO)
        listing = risk.ListAlertsRequest(account_id=ada.account_id)

        def alerts() -> Any:
            found = self.ask("risk.ListAlerts", listing).alerts
            return found if len(found) > 1 else None

        raised = self.outsider.until(alerts, "two alerts are raised")
        decide = risk.DecideAlertRequest(
            alert_id=raised[0].alert_id, decision=risk.ALERT_DECISION_GENUINE
        )
        self.ask("risk.DecideAlert", decide)

        def blocked() -> bool:
            card = self.ask("accounts.GetCard", accounts.GetCardRequest(card_id=spare)).card
            return bool(card.status == accounts.CARD_STATUS_BLOCKED)

        self.outsider.until(blocked, "risk has the card blocked")

    def _judged_by_our_rules(self) -> bool:
        """Whether a charge that is made now is scored by the rules that were activated last."""
        charge_id = self.authorise(self.holders["Ada"], 1).charge.charge_id
        request = risk.GetScoreRequest(charge_id=charge_id)

        def score() -> Any:
            answer = self.outsider.call(rpc("risk.GetScore"), request, by="operator")
            return answer.answers

        scored = risk.GetScoreResponse.FromString(self.outsider.until(score, "it is scored")[0])
        return bool(scored.score.rule_set_version == self.rule_set_version)

    def _cards(self) -> None:
        """Blocked, unblocked, lost and replaced; the account suspended and reinstated."""
        ada, bea, ask = self.holders["Ada"], self.holders["Bea"], self.ask
        block = accounts.BlockCardRequest(card_id=ada.card_id, reason="MISLAID")
        ask("accounts.BlockCard", block, "Ada")
        unblock = accounts.UnblockCardRequest(card_id=ada.card_id, reason="FOUND")
        ask("accounts.UnblockCard", unblock, "Ada")
        lost = accounts.ReportCardLostRequest(card_id=bea.card_id, kind=accounts.LOSS_KIND_STOLEN)
        bea.card_id = ask("accounts.ReportCardLost", lost, "Bea").replacement.card_id
        ids = {"account_id": bea.account_id, "reason": "LOOKED_INTO"}
        ask("accounts.SuspendAccount", accounts.SuspendAccountRequest(**ids))
        ask("accounts.ReinstateAccount", accounts.ReinstateAccountRequest(**ids))

    # Talking -------------------------------------------------------------------------------------

    def _cases(self) -> None:
        """Opened, talked in, assigned, closed and opened again."""
        plant, ask = self.canaries.plant, self.ask
        for holder in self.holders.values():
            body = plant(f"question of {holder.name}", f"Where is my seed bowl, {holder.name}?")
            question = support.OpenCaseRequest(
                customer_id=holder.customer_id, kind=support.CASE_KIND_QUESTION, body=body
            )
            holder.case_id = ask("support.OpenCase", question, holder.name).case_id
        ada = self.holders["Ada"]
        charge_id = self.authorise(ada, 3_00).charge.charge_id
        report = support.ReportUnrecognisedChargeRequest(
            customer_id=ada.customer_id,
            account_id=ada.account_id,
            charge_id=charge_id,
            body=plant("report", "I was moulting that day."),
        )
        ask("support.ReportUnrecognisedCharge", report, "Ada")
        ask("support.AssignCase", support.AssignCaseRequest(case_id=ada.case_id))
        note = plant("internal note", "Sounds flighty to me.")
        post = support.PostMessageRequest(case_id=ada.case_id, body=note, internal=True)
        ask("support.PostMessage", post)
        close = support.CloseCaseRequest(
            case_id=ada.case_id, resolution=support.RESOLUTION_RESOLVED
        )
        ask("support.CloseCase", close)
        more = plant("answer", "Nothing is resolved, chirp.")
        ask(
            "support.PostMessage", support.PostMessageRequest(case_id=ada.case_id, body=more), "Ada"
        )
        join = support.ConverseRequest.Join(case_id=ada.case_id)
        say = support.ConverseRequest.Say(say_id="1", body=plant("said", "And my mirror is gone."))
        spoken = [support.ConverseRequest(join=join), support.ConverseRequest(say=say)]
        answer = self.outsider.call(rpc("support.Converse"), spoken, by="Ada", enough=HEARD)
        self.heard = [support.ConverseResponse.FromString(each) for each in answer.answers]
        assert len(self.heard) == HEARD, answer

    def _messages(self) -> None:
        """Preferences, an inbox, a message that is read."""
        ada, ask = self.holders["Ada"], self.ask
        every = notify.Preferences(charge_alert=notify.CHARGE_ALERT_EVERY)
        prefer = notify.SetPreferencesRequest(customer_id=ada.customer_id, preferences=every)
        ask("notify.SetPreferences", prefer, "Ada")
        listing = notify.ListInboxRequest(customer_id=ada.customer_id)
        inbox = self.outsider.until(
            lambda: ask("notify.ListInbox", listing, "Ada").messages, "the inbox fills"
        )
        read = notify.MarkReadRequest(customer_id=ada.customer_id, message_id=inbox[0].message_id)
        ask("notify.MarkRead", read, "Ada")

    def taken_in(self) -> bool:
        """Whether every service has taken in the last public fact of everybody it listens to."""
        heads = {
            name: self.ask(f"{name}.GetHead", feed.GetHeadRequest()).last_public_positions
            for name in SERVICES
        }
        return all(
            source.last_positions.get(partition, 0) >= position
            for name in SERVICES
            for source in self.ask(f"{name}.GetIntake", intake.GetIntakeRequest()).sources
            for partition, position in heads[source.source].items()
        )
