"""Who is calling: a verified access token, and for whom a service acts."""

import asyncio
from typing import Any

from chassis.call import SERVICE, Principal
from chassis.interceptors.method import Handler, Inbound, Layer, MethodDescription
from chassis.kernel.errors import Forbidden, Unauthenticated
from chassis.tokens import TokenVerifier

AUTHORIZATION = "authorization"
ON_BEHALF_OF = "cards-on-behalf-of"
_SCHEME = "bearer "
_CERTIFIED_NAMES = "x509_subject_alternative_name"


def layer(verifier: TokenVerifier, *, certified: bool) -> Layer:
    """A layer that asks `verifier`. Where peers are `certified` (mutual TLS), a service's token is
    good only on a connection with that service's own certificate."""

    def around(method: MethodDescription, following: Handler) -> Handler:
        async def identify(inbound: Inbound) -> Any:
            header = inbound.metadata.get(AUTHORIZATION)
            if header is None:
                raise Unauthenticated("TOKEN_MISSING", "show an access token: authorization")
            if header[: len(_SCHEME)].lower() != _SCHEME:
                raise Unauthenticated("TOKEN_MALFORMED", "the scheme of authorization is Bearer")
            token = header[len(_SCHEME) :]
            verified = await verifier.examine(token)
            principal, seconds_left = verified.principal, verifier.seconds_left(verified)
            inbound.call.origin = origin(inbound.context, certified)
            if principal.kind == SERVICE:
                if certified:
                    _check_certificate(principal, inbound.call.origin)
                token = inbound.metadata.get(ON_BEHALF_OF, "")
                if token:
                    verified = await verifier.examine(token)
                    person = verified.principal
                    seconds_left = min(seconds_left, verifier.seconds_left(verified))
                    if person.kind == SERVICE:
                        raise Forbidden("ON_BEHALF_OF_NOBODY", "a service acts for people only")
                    principal = Principal(principal.subject, SERVICE, on_behalf_of=person)
            elif ON_BEHALF_OF in inbound.metadata:
                raise Forbidden("ON_BEHALF_OF_REFUSED", "only a service may act for somebody")
            inbound.call.principal = principal
            inbound.call.person_token = token
            if method.response_streaming:
                return await _for_seconds(seconds_left, following, inbound)
            return await following(inbound)

        async def anonymous(inbound: Inbound) -> Any:
            inbound.call.origin = origin(inbound.context, certified)
            return await following(inbound)

        return anonymous if method.anonymous else identify

    return around


async def _for_seconds(seconds: float, following: Handler, inbound: Inbound) -> Any:
    """A stream ends with the token that opened it: whoever was shut out meanwhile hears no more,
    and everybody else goes on with a fresh token where they left off."""
    try:
        async with asyncio.timeout(seconds) as scope:
            return await following(inbound)
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise Unauthenticated(
            "TOKEN_EXPIRED", "the token has expired; go on with a fresh one"
        ) from error


def origin(context: Any, certified: bool) -> str:
    """From where a call comes: the names in the peer's certificate, else its address."""
    if certified:
        names = context.auth_context().get(_CERTIFIED_NAMES, ())
        return ",".join(sorted(each.decode(errors="replace") for each in names))
    peer: str = context.peer()
    return peer


def _check_certificate(principal: Principal, names: str) -> None:
    service = principal.subject.partition(":")[2]
    for name in names.split(","):
        # A host name (`accounts`, `accounts.cards.svc`) or a SPIFFE id (`spiffe://…/accounts`).
        host = name if "/" not in name else name.rpartition("/")[2]
        if host == service or host.startswith(f"{service}."):
            return
    raise Unauthenticated("TOKEN_OF_ANOTHER", "the token is not of the service that shows it")
