"""The echo service: its proto compiled on the spot, and a servicer whose answer a test decides."""

import asyncio
import importlib
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
COMPILE_LIMIT_SECONDS = 60
TICK_SECONDS = 0.01


@cache
def modules() -> tuple[ModuleType, ModuleType]:
    """`door_echo_pb2` and `door_echo_pb2_grpc`, compiled into a folder of this process."""
    tools = importlib.util.find_spec("grpc_tools")
    assert tools is not None
    assert tools.origin is not None
    well_known = Path(tools.origin).parent / "_proto"
    target = tempfile.TemporaryDirectory(prefix="door-echo-")
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"-I{HERE}", f"-I{ROOT / 'protos'}",
        f"-I{well_known}", f"--python_out={target.name}", f"--grpc_python_out={target.name}",
        "door_echo.proto",
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=COMPILE_LIMIT_SECONDS)
    sys.path.insert(0, target.name)
    try:
        messages = importlib.import_module("door_echo_pb2")
        return messages, importlib.import_module("door_echo_pb2_grpc")
    finally:
        sys.path.remove(target.name)
        target.cleanup()


class EchoApi:
    """Answers at once, unless a test puts something into `behave`."""

    def __init__(self) -> None:
        self.pb = modules()[0]
        self.behave: Callable[[Any], Awaitable[None]] | None = None
        self.served = 0

    async def _behave(self, request: Any) -> None:
        self.served += 1
        if self.behave is not None:
            await self.behave(request)

    async def Echo(self, request: Any, context: Any) -> Any:
        await self._behave(request)
        return self.pb.EchoResponse(text=request.text)

    async def Look(self, request: Any, context: Any) -> Any:
        await self._behave(request)
        return self.pb.LookResponse()

    async def Sweep(self, request: Any, context: Any) -> Any:
        await self._behave(request)
        return self.pb.SweepResponse()

    async def Clear(self, request: Any, context: Any) -> Any:
        await self._behave(request)
        return self.pb.ClearResponse()

    async def Ping(self, request: Any, context: Any) -> Any:
        await self._behave(request)
        return self.pb.PingResponse()

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:
        number = 0
        while request.limit == 0 or number < request.limit:
            await self._behave(request)
            number += 1
            yield self.pb.WatchResponse(number=number)
            if request.limit == 0:
                await asyncio.sleep(TICK_SECONDS)

    async def Collect(self, requests: AsyncIterator[Any], context: Any) -> Any:
        total = 0
        async for request in requests:
            await self._behave(request)
            total += request.number
        return self.pb.CollectResponse(sum=total)

    async def Converse(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for request in requests:
            await self._behave(request)
            yield self.pb.ConverseResponse(word=request.word)


def rpc(api: EchoApi) -> Any:
    """The echo service as a GrpcServer takes it."""
    messages, services = modules()
    descriptor = messages.DESCRIPTOR.services_by_name["EchoService"]
    return (services.add_EchoServiceServicer_to_server, api, descriptor)
