"""Answers and errors of NATS, as what the bus tells."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import nats.errors
from nats.aio.msg import Msg
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from chassis.bus import Away, Missing, Rejected

SOMEBODY_WAS_FASTER = (10071, 10201)
"""Errors of the server: wrong last sequence, a message id that it has."""
_STORE_FAILED = 10077
"""The stream is full, or its disk."""


def stored(answer: Msg, expected_sequence: int) -> int:
    """The sequence a publish ended at. Raises what the server says, and Rejected if the message was
    known already, for then it stands elsewhere."""
    found = json.loads(answer.data)
    if "error" in found:
        raise APIError.from_error(found["error"])
    if found.get("duplicate") or found["seq"] != expected_sequence:
        raise Rejected("the message is in the stream already")
    return expected_sequence


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of nats-py into those of the bus."""
    try:
        yield
    except NotFoundError as error:
        raise Missing(str(error)) from None
    except APIError as error:
        away = isinstance(error, ServiceUnavailableError) and error.err_code != _STORE_FAILED
        raise (Away if away else Rejected)(str(error)) from None
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise Away(f"{type(error).__name__}: {error}") from None
