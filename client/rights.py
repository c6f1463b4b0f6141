"""`cards export` and `cards erase`: everything that is kept of a customer, and forgetting them."""

import json
from typing import Annotated

import typer
from cards.accounts.v1 import customers_service_pb2 as pb
from cards.accounts.v1.customers_service_pb2_grpc import CustomersServiceStub

from client.customers import CustomerId, as_proof
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, open_session, run

PAGE_SIZE = 200


def export(customer: CustomerId, system: SystemPath = DESCRIPTION) -> None:
    """Print everything that is kept of a customer, a JSON document a line."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(CustomersServiceStub, "accounts")
            request = pb.ExportCustomerDataRequest(customer_id=customer, page_size=PAGE_SIZE)
            while True:
                page = await stub.ExportCustomerData(request)
                for each in page.records:
                    line = {"kind": each.kind, "id": each.id, "data": json.loads(each.json)}
                    typer.echo(json.dumps(line, ensure_ascii=False))
                if not page.next_page_token:
                    return
                request.page_token = page.next_page_token

    run(work)


def erase(
    customer: CustomerId,
    yes: Annotated[bool, typer.Option("--yes", help="It is meant: there is no way back.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Forget a customer for ever, and show the proof."""
    if not yes:
        raise typer.BadParameter("this cannot be undone; say --yes")

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(CustomersServiceStub, "accounts")
            request = pb.EraseCustomerRequest(
                idempotency_key=f"erase-{customer}", customer_id=customer
            )
            proof = (await stub.EraseCustomer(request)).proof
            console.print(as_proof(proof))

    run(work)
