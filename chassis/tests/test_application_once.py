"""What is repeatable but not a command has its answer kept under the caller's key all the same."""

from pathlib import Path

import pytest
from cards.feed.v1 import intake_service_pb2 as pb

from chassis import call
from chassis.application import Application
from chassis.event_store.tests.sums import open_store
from chassis.kernel.errors import Refused
from chassis.testing.harness import call as called

METHOD = "sums.RedriveStream"


async def test_a_retry_gets_the_first_answer_and_another_body_is_refused(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    application = Application(store.committer, store.database, store.clock, b"secret")
    times = 0

    async def redrive() -> pb.RedriveStreamResponse:
        nonlocal times
        times += 1
        return pb.RedriveStreamResponse(done=times)

    for _ in range(2):
        with call.entered(called(METHOD, "key", body=b"one")):
            assert (await application.once(redrive)).done == 1
    with (
        call.entered(called(METHOD, "key", body=b"two")),
        pytest.raises(Refused, match="IDEMPOTENCY_KEY_REUSED"),
    ):
        await application.once(redrive)
    assert times == 1
    store.close()
