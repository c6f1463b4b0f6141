"""A database of its own for each test, in a real server that the tests share."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from chassis.testing.servers import PostgresServer

_numbers = count(1)


@contextmanager
def fresh_database(server: PostgresServer) -> Iterator[str]:
    """The address of an empty database that is dropped afterwards."""
    name = f"test_{next(_numbers)}"
    try:
        yield server.create_database(name)
    finally:
        server.drop_database(name)
