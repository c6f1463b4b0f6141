"""The policy set that comes with the service: whom it lets do what, at all six doors."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import cards
import pytest
from cards.type.v1 import door_pb2

from chassis.call import Principal
from chassis.permission import Permissions, PolicySource
from services.auth.domain.policy_sets import PolicySet, hash_of
from services.auth.domain.roles import ROLES
from services.auth.use_cases.deciding import FILES, built_in_text, texts_of

TEXT = built_in_text()
PERMISSIONS = Permissions(PolicySource.of_text(TEXT))
SERVICES = ("accounts", "auth", "risk", "loyalty", "notify", "support")

# Served by every service, under its own name.
EVERYWHERE = "feed"


def rpcs() -> Iterator[tuple[str, bool, str]]:
    """Every rpc of every door: its action, whether it is anonymous, its type of object."""
    generated = Path(next(iter(cards.__path__)))
    for path in sorted(generated.glob("*/v1/*_service_pb2.py")):
        package = path.parts[-3]
        module = importlib.import_module(f"cards.{package}.v1.{path.stem}")
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                door = method.GetOptions().Extensions[door_pb2.door]
                for name in SERVICES if package == EVERYWHERE else (package,):
                    yield f"{name}.{method.name}", door.anonymous, door.resource_type


RPCS = list(rpcs())
CUSTOMER = "customer-1"

# The terms of a programme are for everybody.
OWNED = [(a, k) for a, anonymous, k in RPCS if k not in ("", "Programme") and not anonymous]


def staff(*roles: str, level: int = 2) -> Principal:
    return Principal("operator:o1", "operator", roles, "", level)


HOLDER = Principal("cardholder:h1", "cardholder", ("holder",), CUSTOMER, 2)
GATEWAY = Principal("partner:g1", "partner", ("gateway",), "", 1)
EVERYBODY = [
    HOLDER,
    GATEWAY,
    *(staff(role) for role, kind in ROLES.items() if kind == "operator"),
    *(Principal(f"service:{name}", "service") for name in SERVICES),
]


def may(who: Principal, action: str, kind: str = "", owner: str = CUSTOMER) -> bool:
    """Whether somebody may do something to an object of the customer's, of any service's."""
    service = action.partition(".")[0]
    if not kind:
        return PERMISSIONS.decide(who, action, "Service", service).allowed
    about = {"owner": owner} if kind != "Purpose" else {"service": owner}
    return PERMISSIONS.decide(who, action, kind, "id", about).allowed


def test_there_is_an_rpc_of_every_service() -> None:
    assert {action.partition(".")[0] for action, _, _ in RPCS} == set(SERVICES)
    assert len(RPCS) > 80


@pytest.mark.parametrize(("action", "kind"), [(a, k) for a, anonymous, k in RPCS if not anonymous])
def test_every_rpc_is_permitted_to_somebody(action: str, kind: str) -> None:
    owners = SERVICES if kind == "Purpose" else (CUSTOMER,)
    assert any(may(who, action, kind, owner) for who in EVERYBODY for owner in owners)


def test_policies_speak_of_rpcs_and_roles_that_exist() -> None:
    spoken_of = set(re.findall(r'Action::"([^"]+)"', TEXT))
    assert spoken_of <= {action for action, _, _ in RPCS}
    lists = re.findall(r"roles\.contains(?:Any)?\s*\(\s*\[?([^\])]*)", TEXT)
    assert {role for each in lists for role in re.findall(r'"(\w+)"', each)} == set(ROLES)
    assert set(re.findall(r'Principal::"service:(\w+)"', TEXT)) <= set(SERVICES)


def test_every_policy_has_a_name_of_its_own() -> None:
    names = re.findall(r'@id\("([^"]+)"\)', TEXT)
    assert len(names) == len(set(names)) == len(re.findall(r"^(?:permit|forbid) ", TEXT, re.M))
    shown = texts_of(
        PolicySet(policy_set_hash=hash_of(TEXT), text=TEXT, proposed_by="", built_in=True)
    )
    assert sorted(shown) == sorted(names)


def test_the_files_say_what_they_are_about() -> None:
    for path in FILES.glob("*.cedar"):
        assert path.read_text().startswith("// "), path.name


@pytest.mark.parametrize(("action", "kind"), [(a, k) for a, anonymous, k in RPCS if not anonymous])
def test_staff_without_a_second_factor_may_do_nothing(action: str, kind: str) -> None:
    everything = tuple(role for role, of in ROLES.items() if of == "operator")
    assert not may(staff(*everything, level=1), action, kind)


@pytest.mark.parametrize(("action", "kind"), OWNED)
def test_a_holder_never_touches_what_is_somebody_elses(action: str, kind: str) -> None:
    assert not may(HOLDER, action, kind, "customer-2")
    assert not may(HOLDER, action, kind, "")
    nobody = Principal("cardholder:h1", "cardholder", ("holder",), "", 2)
    assert not may(nobody, action, kind, "")


PERMITTED = [
    (GATEWAY, "accounts.AuthoriseCharge", "Card"),
    (GATEWAY, "accounts.ClearCharge", "Card"),
    (HOLDER, "accounts.GetAccount", "Account"),
    (HOLDER, "accounts.RevealCardNumber", "Card"),
    (HOLDER, "notify.StreamInbox", "Recipient"),
    (HOLDER, "support.PostMessage", "Case"),
    (HOLDER, "loyalty.GetPoints", "PointsAccount"),
    (staff("operator"), "accounts.OpenAccount", "Customer"),
    (staff("programme_manager"), "accounts.DefineProgramme", "Programme"),
    (staff("analyst"), "risk.DecideAlert", "Alert"),
    (staff("compliance_officer"), "risk.ActivateScreeningList", ""),
    (Principal("service:accounts", "service"), "risk.ScreenName", ""),
    (staff("auditor"), "accounts.GetTrialBalance", "Ledger"),
    (staff("administrator"), "auth.DestroyDataKeys", ""),
    (Principal("service:notify", "service"), "accounts.GetCustomer", "Customer"),
    (Principal("service:loyalty", "service"), "accounts.Feed", ""),
    (Principal("service:risk", "service"), "auth.GetPolicySet", ""),
]
FORBIDDEN = [
    (GATEWAY, "accounts.GetCustomer", "Customer"),
    (GATEWAY, "risk.AssessCharge", ""),
    (staff("analyst"), "risk.ActivateScreeningList", ""),
    (staff("operator"), "risk.ScreenName", ""),
    (staff("operator"), "risk.DecideScreeningHit", ""),
    (Principal("service:support", "service"), "risk.ScreenName", ""),
    (HOLDER, "accounts.AuthoriseCharge", "Card"),
    (HOLDER, "support.AssignCase", "Case"),
    (staff("operator"), "accounts.RevealCardNumber", "Card"),
    (staff("operator"), "accounts.AuthoriseCharge", "Card"),
    (staff("operator"), "auth.RegisterIdentity", ""),
    (staff("administrator"), "auth.GetDataKey", "Purpose"),
    (staff("auditor"), "accounts.GetCustomer", "Customer"),
    (staff("auditor"), "accounts.BlockCard", "Card"),
    (staff("agent"), "auth.StartEnrolment", "Identity"),
    (Principal("service:loyalty", "service"), "accounts.GetCustomer", "Customer"),
    (Principal("service:loyalty", "service"), "risk.AssessCharge", ""),
    (Principal("service:accounts", "service"), "accounts.AuthoriseCharge", "Card"),
]


@pytest.mark.parametrize(("who", "action", "kind"), PERMITTED)
def test_what_is_somebodys_work_is_permitted(who: Principal, action: str, kind: str) -> None:
    assert may(who, action, kind)


@pytest.mark.parametrize(("who", "action", "kind"), FORBIDDEN)
def test_what_is_not_is_refused(who: Principal, action: str, kind: str) -> None:
    assert not may(who, action, kind)


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "auth"])
def test_a_data_key_goes_to_the_service_of_its_purpose_and_to_nobody_else(service: str) -> None:
    for who in EVERYBODY:
        allowed = may(who, "auth.GetDataKey", "Purpose", service)
        assert allowed == (who.subject == f"service:{service}"), who.subject


def test_somebody_behind_a_service_is_not_in_the_way_but_opens_no_door_by_it() -> None:
    through = Principal("service:accounts", "service", on_behalf_of=GATEWAY)
    assert may(through, "risk.AssessCharge")
    assert may(through, "auth.CreateDataKey", "Purpose", "accounts")
    assert not may(through, "auth.CreateDataKey", "Purpose", "notify")
    helper = Principal("service:support", "service", on_behalf_of=HOLDER)
    assert may(helper, "accounts.GetCard", "Card")
    assert not may(helper, "accounts.GetCard", "Card", "customer-2")
    assert not may(helper, "accounts.RevealCardNumber", "Card")


def test_an_operator_helps_holders_but_does_not_touch_staff() -> None:
    assert may(staff("operator"), "auth.StartEnrolment", "Identity", CUSTOMER)
    assert not may(staff("operator"), "auth.StartEnrolment", "Identity", "")
    assert may(staff("administrator"), "auth.StartEnrolment", "Identity", "")
