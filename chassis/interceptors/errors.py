"""What went wrong, told as a status with google.rpc details; of a defect nothing is told."""

import asyncio
from typing import Any

import grpc

from chassis.call import Call
from chassis.grpc_errors import to_status
from chassis.interceptors.method import Handler, Inbound, Layer, MethodDescription
from chassis.kernel.errors import Error, Forbidden, Unauthenticated, Unavailable
from chassis.logs import frames, log


def layer(service: str) -> Layer:
    """A layer that speaks for `service` (the domain of ErrorInfo is `<service>.cards`)."""
    domain = f"{service}.cards"

    def around(method: MethodDescription, following: Handler) -> Handler:
        async def tell(inbound: Inbound) -> Any:
            try:
                return await following(inbound)
            except Error as error:
                told = error
                if error.code == "INTERNAL":
                    told = _defect(error, inbound.call)
                elif isinstance(error, Unauthenticated | Forbidden):
                    who = inbound.call.principal.scope
                    log("access_refused", level="warning", reason=error.reason, principal=who)
            except grpc.aio.AbortError:
                # A servicer that aborted by itself has told its caller already.
                raise
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    # The caller has gone or is out of time: nobody's error, and nobody to tell.
                    raise
                told = Unavailable("INTERRUPTED", "the work was given up; try again")
            except Exception as error:
                told = _defect(error, inbound.call)
            code, text, trailers = to_status(told, domain)
            inbound.status = code.name
            # Raises AbortError: that is how grpc.aio is told that the status has been sent.
            return await inbound.context.abort(code, text, trailers)

        return tell

    return around


def _defect(error: BaseException, call: Call) -> Error:
    """What may be known outside of a defect: where in the logs to look for it."""
    reason = error.reason if isinstance(error, Error) else ""
    log(
        "rpc_failed",
        level="error",
        error=type(error).__name__,
        reason=reason,
        frames=frames(error),
        cause=type(error.__cause__).__name__ if error.__cause__ else "",
    )
    return Error("DEFECT", "something is wrong here", correlation_id=call.correlation_id)
