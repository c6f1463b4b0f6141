"""The one tree of errors; each has a reason in UPPER_SNAKE and travels as google.rpc.ErrorInfo.

Error
├── Invalid          INVALID_ARGUMENT     the request is malformed; names the field
├── Unauthenticated  UNAUTHENTICATED      nobody we know is asking
├── Forbidden        PERMISSION_DENIED    whoever asks may not do this
├── NotFound         NOT_FOUND            there is no such thing
├── AlreadyExists    ALREADY_EXISTS       there is one already, and it is another
├── Refused          FAILED_PRECONDITION  the present state does not allow it
├── Conflict         ABORTED              somebody was faster; try again
├── Exhausted        RESOURCE_EXHAUSTED   too much at once; try later
└── Unavailable      UNAVAILABLE          something needed is away; try later
"""


class Error(Exception):
    """Base of every error a caller may see. `message` must not carry personal data or secrets.

    `reason` is UPPER_SNAKE, stable, part of the contract. `field` is the path of the request field
    at fault, if one is; `metadata` goes into ErrorInfo.
    """

    code = "INTERNAL"

    def __init__(
        self, reason: str, message: str, *, field: str | None = None, **metadata: str
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.field = field
        self.metadata = metadata


class Invalid(Error):
    """The request is malformed whatever the state."""

    code = "INVALID_ARGUMENT"


class Unauthenticated(Error):
    """The caller did not show who they are."""

    code = "UNAUTHENTICATED"


class Forbidden(Error):
    """The caller may not do this."""

    code = "PERMISSION_DENIED"


class NotFound(Error):
    """There is no such thing."""

    code = "NOT_FOUND"


class AlreadyExists(Error):
    """There is one already, and it differs from what was asked for."""

    code = "ALREADY_EXISTS"


class Refused(Error):
    """The present state does not allow it."""

    code = "FAILED_PRECONDITION"


class Conflict(Error):
    """Somebody was faster; the same request may be tried again."""

    code = "ABORTED"


class Exhausted(Error):
    """A named limit is reached; try later."""

    code = "RESOURCE_EXHAUSTED"


class Unavailable(Error):
    """Something that is needed is away; try later."""

    code = "UNAVAILABLE"
