"""The limit: a bare grpc.aio server on uvloop, without anything of ours, which is sent the same
requests with the same metadata, reads each and gives it back. Prints its port."""

import asyncio

import grpc
import uvloop
from cards.accounts.v1 import accounts_service_pb2 as pb


async def serve() -> None:
    """Serve until killed."""

    async def echo(request: pb.AuthoriseChargeRequest, context: object) -> object:
        return request

    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(
        echo, pb.AuthoriseChargeRequest.FromString, pb.AuthoriseChargeRequest.SerializeToString
    )
    service = grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
