"""cards.auth.v1.AuthService: requests to use cases and commands, states to answers."""

from cards.auth.v1 import auth_service_pb2 as pb
from cards.auth.v1.auth_service_pb2_grpc import AuthServiceServicer

from chassis import call
from chassis.answers import of_page_token, page_size, page_token, receipt, timestamp
from chassis.audit import CheckpointRefused
from chassis.checkpointing import Checkpointer
from chassis.kernel.errors import Invalid, NotFound
from chassis.ports import Ports
from chassis.work import Settled
from services.auth import queries
from services.auth.domain.identity import IDENTITY, AssignRole, RevokeRole, StartEnrolment
from services.auth.domain.session import RevokeSession
from services.auth.grpc_api import messages
from services.auth.use_cases.enrolling import Enrolling, registration
from services.auth.use_cases.logging_in import LoggingIn, Tokens
from services.auth.use_cases.safe import Safe


class AuthApi(AuthServiceServicer):
    """Identities, credentials, sessions, signing keys, audit."""

    def __init__(self, ports: Ports, safe: Safe, checkpointer: Checkpointer) -> None:
        self._ports = ports
        self._application = ports.application
        self._safe = safe
        self._enrolling = Enrolling(ports, safe)
        self._logging_in = LoggingIn(ports, safe)
        self._checkpointer = checkpointer

    # Identities -----------------------------------------------------------------------------------

    async def RegisterIdentity(
        self, request: pb.RegisterIdentityRequest, context: object
    ) -> pb.RegisterIdentityResponse:
        identity_id, enrolment_id = call.derived_id("identity"), call.derived_id("enrolment")
        commands = registration(
            self._safe,
            request.login_name,
            kind=messages.KINDS[request.kind],
            customer_id=request.customer_id,
            roles=tuple(request.roles),
            identity_id=identity_id,
            enrolment_id=enrolment_id,
        )
        answer = await self._application.answer(
            *commands,
            render=lambda settled: pb.RegisterIdentityResponse(
                identity_id=identity_id,
                enrolment_expires_at=timestamp(settled.state.enrolment_expires_at),
                receipt=receipt(settled),
            ),
        )
        # Not part of the stored answer, but made anew each time, always the same.
        answer.enrolment_token = self._safe.handles.enrolment(identity_id, enrolment_id)
        return answer

    async def GetIdentity(
        self, request: pb.GetIdentityRequest, context: object
    ) -> pb.GetIdentityResponse:
        identity = await self._application.find(IDENTITY, request.identity_id)
        if identity is None:
            raise NotFound("IDENTITY_UNKNOWN", "there is no such identity")
        return pb.GetIdentityResponse(identity=messages.identity(identity))

    async def StartEnrolment(
        self, request: pb.StartEnrolmentRequest, context: object
    ) -> pb.StartEnrolmentResponse:
        enrolment_id = call.derived_id("enrolment")
        answer = await self._application.answer(
            StartEnrolment(identity_id=request.identity_id, enrolment_id=enrolment_id),
            render=lambda settled: pb.StartEnrolmentResponse(
                enrolment_expires_at=timestamp(settled.state.enrolment_expires_at),
                receipt=receipt(settled),
            ),
        )
        answer.enrolment_token = self._safe.handles.enrolment(request.identity_id, enrolment_id)
        return answer

    async def AssignRole(
        self, request: pb.AssignRoleRequest, context: object
    ) -> pb.AssignRoleResponse:
        command = AssignRole(identity_id=request.identity_id, role=request.role, by=_person())
        return await self._application.answer(
            command,
            render=lambda settled: pb.AssignRoleResponse(
                roles=settled.state.roles, receipt=receipt(settled)
            ),
        )

    async def RevokeRole(
        self, request: pb.RevokeRoleRequest, context: object
    ) -> pb.RevokeRoleResponse:
        command = RevokeRole(identity_id=request.identity_id, role=request.role, by=_person())
        return await self._application.answer(
            command,
            render=lambda settled: pb.RevokeRoleResponse(
                roles=settled.state.roles, receipt=receipt(settled)
            ),
        )

    # Enrolment ------------------------------------------------------------------------------------

    async def EnrolPassword(
        self, request: pb.EnrolPasswordRequest, context: object
    ) -> pb.EnrolPasswordResponse:
        credential, settled = await self._enrolling.enrol_password(
            request.enrolment_token, request.password
        )
        return pb.EnrolPasswordResponse(
            credential_id=credential.credential_id,
            second_factor_required=not credential.suffices_alone,
            receipt=receipt(settled),
        )

    async def EnrolTotp(
        self, request: pb.EnrolTotpRequest, context: object
    ) -> pb.EnrolTotpResponse:
        credential_id, uri, settled = await self._enrolling.enrol_totp(request.enrolment_token)
        return pb.EnrolTotpResponse(
            credential_id=credential_id, provisioning_uri=uri, receipt=receipt(settled)
        )

    async def ConfirmTotp(
        self, request: pb.ConfirmTotpRequest, context: object
    ) -> pb.ConfirmTotpResponse:
        settled = await self._enrolling.confirm_totp(
            request.enrolment_token, request.credential_id, request.code
        )
        return pb.ConfirmTotpResponse(receipt=receipt(settled))

    # Log-in and sessions --------------------------------------------------------------------------

    async def LogIn(self, request: pb.LogInRequest, context: object) -> pb.LogInResponse:
        result = await self._logging_in.log_in(request.login_name, request.password)
        if isinstance(result, Tokens):
            return pb.LogInResponse(tokens=messages.tokens(result))
        return pb.LogInResponse(challenge=messages.challenge(result))

    async def AnswerChallenge(
        self, request: pb.AnswerChallengeRequest, context: object
    ) -> pb.AnswerChallengeResponse:
        result = await self._logging_in.answer_challenge(request.challenge_token, request.totp_code)
        return pb.AnswerChallengeResponse(tokens=messages.tokens(result))

    async def RefreshSession(
        self, request: pb.RefreshSessionRequest, context: object
    ) -> pb.RefreshSessionResponse:
        result = await self._logging_in.refresh(request.refresh_token)
        return pb.RefreshSessionResponse(tokens=messages.tokens(result))

    async def RevokeSession(
        self, request: pb.RevokeSessionRequest, context: object
    ) -> pb.RevokeSessionResponse:
        return await self._application.answer(
            RevokeSession(session_id=request.session_id, reason="requested"),
            render=lambda settled: pb.RevokeSessionResponse(receipt=receipt(settled)),
        )

    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: object
    ) -> pb.ListSessionsResponse:
        limit = page_size(request.page_size)
        cursor = of_page_token(request.page_token, int)
        before = None if cursor is None else int(cursor[0])
        found = await self._ports.database.read(
            lambda connection: queries.list_sessions(
                connection, request.identity_id, before, limit + 1
            )
        )
        page = found[:limit]
        return pb.ListSessionsResponse(
            sessions=[messages.session(each, self._ports.clock.now()) for each in page],
            next_page_token=page_token(page[-1].position) if len(found) > limit else "",
        )

    # Signing keys and audit -----------------------------------------------------------------------

    async def GetSigningKeys(
        self, request: pb.GetSigningKeysRequest, context: object
    ) -> pb.GetSigningKeysResponse:
        jwks, active_key_id = await self._safe.signer.published()
        return pb.GetSigningKeysResponse(jwks=jwks, active_key_id=active_key_id)

    async def RotateSigningKey(
        self, request: pb.RotateSigningKeyRequest, context: object
    ) -> pb.RotateSigningKeyResponse:
        command, inside = await self._safe.signer.rotation()

        def render(settled: Settled) -> pb.RotateSigningKeyResponse:
            # Its own, or one that was announced a moment ago and does not sign yet.
            newest = settled.state.keys[-1].key_id
            return pb.RotateSigningKeyResponse(key_id=newest, receipt=receipt(settled))

        return await self._application.answer(command, render=render, inside=inside)

    async def VerifyAuditLog(
        self, request: pb.VerifyAuditLogRequest, context: object
    ) -> pb.VerifyAuditLogResponse:
        try:
            review = await self._checkpointer.verify(request.known_checkpoint)
        except CheckpointRefused as refused:
            raise Invalid(
                "CHECKPOINT_INVALID",
                "this log never signed that checkpoint",
                field="known_checkpoint",
            ) from refused
        return pb.VerifyAuditLogResponse(
            intact=review.verdict.intact,
            problems=review.verdict.problems,
            size=review.verdict.size,
            checkpoint=review.checkpoint,
            consistency_proof=review.proof,
        )


def _person() -> str:
    """Whose wish it is in the end."""
    return call.current().principal.person.subject
