"""The same layers round rpcs that stream."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from chassis.kernel.errors import Refused, Unavailable
from chassis.tests.door.conftest import PATIENCE_SECONDS, Doorway, doorway, until
from chassis.tests.door.refusals import refusal
from chassis.tokens import LEEWAY_SECONDS


async def each(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


async def exhaust(answers: AsyncIterator[Any]) -> None:
    async for _ in answers:
        pass


def collected(door: Doorway, *items: tuple[str, int], metadata: Any = None) -> Any:
    requests = [door.pb.CollectRequest(account_id=a, number=n) for a, n in items]
    return door.stub.Collect(each(requests), metadata=metadata or door.person(), timeout=20)


def spoken(door: Doorway, *words: str, metadata: Any = None) -> Any:
    requests = [door.pb.ConverseRequest(word=word) for word in words]
    return door.stub.Converse(each(requests), metadata=metadata or door.person(), timeout=20)


async def test_answers_stream_out(door: Doorway) -> None:
    request = door.pb.WatchRequest(account_id="acc-1", limit=3)
    answers = door.stub.Watch(request, metadata=door.person())
    assert [answer.number async for answer in answers] == [1, 2, 3]


async def test_requests_stream_in(door: Doorway) -> None:
    assert (await collected(door, ("acc-1", 1), ("acc-1", 2), ("acc-1", 4))).sum == 7


async def test_both_stream(door: Doorway) -> None:
    assert [answer.word async for answer in spoken(door, "a", "b")] == ["a", "b"]


async def test_the_one_request_is_validated(door: Doorway) -> None:
    request = door.pb.WatchRequest(account_id="acc-1", limit=-1)
    told = await refusal(door.stub.Watch(request, metadata=door.person()).read())
    assert (told.code, list(told.fields)) == ("INVALID_ARGUMENT", ["limit"])


async def test_every_request_of_a_stream_is_validated(door: Doorway) -> None:
    told = await refusal(collected(door, ("acc-1", 1), ("acc-1", -1)))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    answers = spoken(door, "a", "much too long a word")
    assert (await answers.read()).word == "a"
    assert (await refusal(answers.read())).code == "INVALID_ARGUMENT"


async def test_bytes_amid_a_stream_that_are_no_message_are_the_callers_fault(door: Doorway) -> None:
    raw = door.channel.stream_unary("/door.echo.v1.EchoService/Collect")
    requests = [door.pb.CollectRequest(account_id="acc-1").SerializeToString(), b"\xff\xff"]
    told = await refusal(raw(each(requests), metadata=door.person(), timeout=20))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_MALFORMED")


async def test_a_stream_needs_a_token(door: Doorway) -> None:
    request = door.pb.WatchRequest(account_id="acc-1")
    assert (await refusal(door.stub.Watch(request).read())).code == "UNAUTHENTICATED"


async def test_every_object_in_a_stream_is_asked_about(door: Doorway) -> None:
    request = door.pb.WatchRequest(account_id="acc-2")
    told = await refusal(door.stub.Watch(request, metadata=door.person()).read())
    assert told.code == "PERMISSION_DENIED"
    told = await refusal(collected(door, ("acc-2", 1)))
    assert (told.code, door.api.served) == ("PERMISSION_DENIED", 0)
    told = await refusal(collected(door, ("acc-1", 1), ("acc-2", 1)))
    assert (told.code, door.api.served) == ("PERMISSION_DENIED", 1)
    told = await refusal(collected(door))
    assert told.code == "PERMISSION_DENIED"
    told = await refusal(spoken(door, "a", metadata=[("nothing", "else")]).read())
    assert told.code == "UNAUTHENTICATED"


async def test_an_error_after_some_answers_is_told(door: Doorway) -> None:
    async def refuse_third(request: Any) -> None:
        if door.api.served == 3:
            raise Refused("ENOUGH", "that is enough")

    door.api.behave = refuse_third
    client = door.rpc().stub(type(door.stub), "echo")
    answers = client.Watch(door.pb.WatchRequest(account_id="acc-1", limit=9))
    assert [(await anext(answers)).number for _ in range(2)] == [1, 2]
    with pytest.raises(Refused) as caught:
        await anext(answers)
    assert caught.value.reason == "ENOUGH"


async def test_a_stream_ends_when_the_server_stops() -> None:
    async with doorway(drain_grace_seconds=100.0) as door:
        client = door.rpc().stub(type(door.stub), "echo")
        answers = client.Watch(door.pb.WatchRequest(account_id="acc-1"))
        await anext(answers)
        stopping = asyncio.create_task(door.server.stop())
        with pytest.raises(Unavailable) as caught:
            await exhaust(answers)
        assert caught.value.reason == "DRAINING"
        # Nobody had to wait for the end of the grace.
        await asyncio.wait_for(stopping, PATIENCE_SECONDS)


@pytest.mark.parametrize("written", [1, 2, 3])
async def test_a_stream_that_ends_amid_an_answer_says_why(written: int) -> None:
    async with doorway() as door:

        async def end_as_it_is_written(request: Any) -> None:
            if door.api.served == written:
                # Runs as soon as the answer that follows is on its way.
                asyncio.get_running_loop().call_soon(door.server.door.end_streams)

        door.api.behave = end_as_it_is_written
        client = door.rpc().stub(type(door.stub), "echo")
        answers = client.Watch(door.pb.WatchRequest(account_id="acc-1"))
        with pytest.raises(Unavailable) as caught:
            await exhaust(answers)
        assert (caught.value.reason, door.api.served) == ("DRAINING", written)


async def test_a_listener_who_goes_away_ends_the_stream(door: Doorway) -> None:
    answers = door.stub.Watch(door.pb.WatchRequest(account_id="acc-1"), metadata=door.person())
    await answers.read()
    answers.cancel()
    await until(lambda: door.server.admission.streams == 0)


async def test_a_stream_ends_with_the_token_that_opened_it(door: Doorway) -> None:
    # Over already, but for a second of the leeway; more where that is over before it is looked at.
    for seconds in (1, 5, 20):
        almost = door.person(lifetime_seconds=seconds - LEEWAY_SECONDS)
        answers = door.stub.Watch(door.pb.WatchRequest(account_id="acc-1"), metadata=almost)
        told = await refusal(exhaust(answers))
        assert (told.code, told.reason) == ("UNAUTHENTICATED", "TOKEN_EXPIRED")
        if door.api.served > 1:
            break
    assert door.api.served > 1
