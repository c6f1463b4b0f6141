"""cards.auth.v1.PolicyService: the policy sets, and questions about decisions."""

from typing import Any

from cards.auth.v1 import policy_service_pb2 as pb
from cards.auth.v1.policy_service_pb2_grpc import PolicyServiceServicer
from google.protobuf.struct_pb2 import Struct, Value

from chassis import call
from chassis.answers import receipt, timestamp
from chassis.call import Principal
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from services.auth.domain.policy_sets import (
    ActivatePolicySet,
    PolicySet,
    ProposePolicySet,
    hash_of,
)
from services.auth.use_cases.deciding import Deciding, check_text, texts_of

ATTRIBUTES_LIMIT = 64


class PolicyApi(PolicyServiceServicer):
    """Decisions are made as the doors make them."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        self._deciding = Deciding(ports)

    async def GetPolicySet(
        self, request: pb.GetPolicySetRequest, context: object
    ) -> pb.GetPolicySetResponse:
        found = await self._deciding.policy_set(request.policy_set_hash)
        return pb.GetPolicySetResponse(policy_set=_policy_set(found))

    async def ProposePolicySet(
        self, request: pb.ProposePolicySetRequest, context: object
    ) -> pb.ProposePolicySetResponse:
        check_text(request.text)
        return await self._application.answer(
            ProposePolicySet(text=request.text, by=call.current().principal.person.subject),
            render=lambda settled: pb.ProposePolicySetResponse(
                policy_set_hash=hash_of(request.text), receipt=receipt(settled)
            ),
        )

    async def ActivatePolicySet(
        self, request: pb.ActivatePolicySetRequest, context: object
    ) -> pb.ActivatePolicySetResponse:
        command = ActivatePolicySet(
            policy_set_hash=request.policy_set_hash,
            by=call.current().principal.person.subject,
        )
        return await self._application.answer(
            command, render=lambda settled: pb.ActivatePolicySetResponse(receipt=receipt(settled))
        )

    async def CheckPermission(
        self, request: pb.CheckPermissionRequest, context: object
    ) -> pb.CheckPermissionResponse:
        decision, _ = await self._deciding.decide(
            _principal(request.principal), request.action, *_resource(request)
        )
        return pb.CheckPermissionResponse(allowed=decision.allowed, policy_set_hash=decision.digest)

    async def ListAllowed(
        self, request: pb.ListAllowedRequest, context: object
    ) -> pb.ListAllowedResponse:
        actions, policy_set_hash = await self._deciding.allowed(
            _principal(request.principal), *_resource(request)
        )
        return pb.ListAllowedResponse(actions=actions, policy_set_hash=policy_set_hash)

    async def ExplainDecision(
        self, request: pb.ExplainDecisionRequest, context: object
    ) -> pb.ExplainDecisionResponse:
        decision, policies = await self._deciding.decide(
            _principal(request.principal),
            request.action,
            *_resource(request),
            request.policy_set_hash,
        )
        texts = texts_of(policies)
        return pb.ExplainDecisionResponse(
            allowed=decision.allowed,
            policy_set_hash=decision.digest,
            policies=[
                pb.DecidingPolicy(policy_id=name, text=texts.get(name, ""))
                for name in decision.policies
            ],
        )


def _policy_set(state: PolicySet) -> pb.PolicySet:
    message = pb.PolicySet(policy_set_hash=state.policy_set_hash, text=state.text)
    if state.activated_at is not None:
        message.activated_at.CopyFrom(timestamp(state.activated_at))
    return message


def _principal(message: pb.Principal) -> Principal:
    return Principal(
        subject=message.subject,
        kind=message.kind,
        roles=tuple(sorted(set(message.roles))),
        customer_id=message.customer_id,
        assurance_level=message.assurance_level,
    )


def _resource(
    request: pb.CheckPermissionRequest | pb.ListAllowedRequest | pb.ExplainDecisionRequest,
) -> tuple[tuple[str, str] | None, dict[str, Any]]:
    """The object asked about, and its attributes as policies know them. Raises Invalid."""
    if not request.HasField("resource"):
        return None, {}
    asked = request.resource
    if len(asked.attributes.fields) > ATTRIBUTES_LIMIT:
        raise _malformed()
    return (asked.type, asked.id), _attributes(asked.attributes)


def _attributes(struct: Struct) -> dict[str, Any]:
    return {name: _attribute(value) for name, value in struct.fields.items()}


def _attribute(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value" if value.number_value.is_integer():
            # Policies know whole numbers only.
            return int(value.number_value)
        case "list_value":
            texts = [each.string_value for each in value.list_value.values]
            if all(each.HasField("string_value") for each in value.list_value.values):
                return texts
    raise _malformed()


def _malformed() -> Invalid:
    return Invalid(
        "QUESTION_MALFORMED",
        f"attributes are at most {ATTRIBUTES_LIMIT} texts, whole numbers, truths, lists of texts",
        field="resource.attributes",
    )
