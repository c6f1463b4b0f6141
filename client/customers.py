"""`cards customer`: who holders are, how they log in here, and the proof of being forgotten."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import customers_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.customers_service_pb2_grpc import CustomersServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION, SystemAddress
from client.staff import OPERATOR, enrol_holder
from client.terminal import By, Key, SystemPath, ask, console, group, named, open_session, run

app = group(__doc__)
CustomerId = Annotated[str, typer.Argument(help="Customer id.")]
Phone = Annotated[str, typer.Option(help="Telephone number, such as +441214960000.")]
Born = Annotated[str, typer.Option(help="Date of birth, YYYY-MM-DD.")]
Street = Annotated[str, typer.Option(help="Street and number.")]
City = Annotated[str, typer.Option(help="City.")]
PostalCode = Annotated[str, typer.Option(help="Postal code.")]
Country = Annotated[str, typer.Option(help="ISO 3166-1 alpha-2 country.")]
Language = Annotated[str, typer.Option(help="Of messages: en, zh-CN.")]


@app.command()
def show(customer: CustomerId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """Show a customer with the personal fields in clear."""
    request = accounts.GetCustomerRequest(customer_id=customer)

    def told(answer: Any) -> Table:
        since = tables.when(answer.registered_at)
        return _profile(f"customer {customer}, since {since} UTC", answer.details)

    ask(system, AccountsServiceStub, "GetCustomer", request, told, by)


def _profile(title: str, details: accounts.PersonalDetails) -> Table:
    where = details.address
    parts = (*where.lines, where.city, where.postal_code, where.country)
    rows = (
        ("name", f"{details.given_name} {details.family_name}"),
        ("e-mail", details.email),
        ("telephone", details.phone),
        ("born", details.date_of_birth),
        ("address", ", ".join(filter(None, parts))),
        ("language", details.locale or "en"),
    )
    return tables.table(title, ("", ""), rows)


@app.command()
def register(
    given_name: Annotated[str, typer.Argument(help="Given name.")],
    family_name: Annotated[str, typer.Argument(help="Family name.")],
    email: Annotated[str, typer.Option(help="E-mail address.")],
    phone: Phone = "",
    born: Born = "",
    street: Street = "",
    city: City = "",
    postal_code: PostalCode = "",
    country: Country = "",
    language: Language = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Make somebody a customer without an application; `cards open --customer` opens an account."""
    request = accounts.RegisterCustomerRequest(
        details=accounts.PersonalDetails(
            given_name=given_name,
            family_name=family_name,
            email=email,
            phone=phone,
            date_of_birth=born,
            locale=language,
            address=accounts.Address(
                lines=[street] if street else (),
                city=city,
                postal_code=postal_code,
                country=country,
            ),
        ),
        **named(key),
    )

    def told(answer: Any) -> str:
        return f"customer {answer.customer_id}"

    ask(system, AccountsServiceStub, "RegisterCustomer", request, told)


@app.command()
def update(
    customer: CustomerId,
    given_name: Annotated[str, typer.Option(help="Given name.")] = "",
    family_name: Annotated[str, typer.Option(help="Family name.")] = "",
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    phone: Phone = "",
    born: Born = "",
    street: Street = "",
    city: City = "",
    postal_code: PostalCode = "",
    country: Country = "",
    language: Language = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Put fields of a customer's profile right; what is not given stays as it is."""
    given = {
        "given_name": given_name,
        "family_name": family_name,
        "email": email,
        "phone": phone,
        "date_of_birth": born,
        "locale": language,
    }
    where = {"city": city, "postal_code": postal_code, "country": country}
    if not any((*given.values(), *where.values(), street)):
        raise typer.BadParameter("say what is to be different, such as --email")

    async def work() -> None:
        async with open_session(system, by) as session:
            known = await session.stub(AccountsServiceStub, "accounts").GetCustomer(
                accounts.GetCustomerRequest(customer_id=customer)
            )
            for field, value in given.items():
                setattr(known.details, field, value or getattr(known.details, field))
            address = known.details.address
            for field, value in where.items():
                setattr(address, field, value or getattr(address, field))
            if street:
                address.lines[:] = [street]
            request = pb.UpdateCustomerProfileRequest(
                customer_id=customer, details=known.details, **named()
            )
            stub = session.stub(CustomersServiceStub, "accounts")
            changed = (await stub.UpdateCustomerProfile(request)).changed_fields
            fields = ", ".join(each.replace("_", " ") for each in changed)
            console.print(_profile(f"changed: {fields or 'nothing'}", known.details))

    run(work)


@app.command()
def enrol(customer: CustomerId, system: SystemPath = DESCRIPTION) -> None:
    """Let a customer log in here, with a password and one-time codes, for `--as CUSTOMER_ID`."""

    async def work() -> None:
        async with open_session(system) as session:
            # Nobody is enrolled for a customer who does not exist.
            stub = session.stub(AccountsServiceStub, "accounts")
            await stub.GetCustomer(accounts.GetCustomerRequest(customer_id=customer))
        new = await enrol_holder(SystemAddress.read(system), customer)
        told = "can log in here now" if new else "could log in here already"
        console.print(f"customer {customer} {told}: --as {customer}")

    run(work)


@app.command()
def proof(customer: CustomerId, system: SystemPath = DESCRIPTION) -> None:
    """Show the proof that a customer was forgotten (`cards erase`)."""
    request = pb.GetErasureProofRequest(customer_id=customer)
    ask(system, CustomersServiceStub, "GetErasureProof", request, lambda it: as_proof(it.proof))


def as_proof(proof: pb.ErasureProof) -> Table:
    """What was destroyed, and what is kept."""
    rows = (
        ("certificate", proof.certificate_id),
        ("destroyed at (UTC)", tables.when(proof.destroyed_at)),
        ("keys", ", ".join(proof.destroyed_keys)),
        ("can no longer be read", ", ".join(proof.unreadable)),
        ("is kept", ", ".join(proof.kept)),
        ("signed", proof.signed),
    )
    return tables.table(f"customer {proof.customer_id} is forgotten", ("", ""), rows)
