"""`python -m tests.simulation`: plays simulated worlds, one a seed."""

import logging
import os
import sys
from pathlib import Path

from chassis import logs
from chassis.simulation.runner import main
from tests.simulation.worlds import KINDS


def quietly() -> int:
    """Play as the command line says; what the services log is no concern of whoever looks on."""
    logging.disable(logging.CRITICAL)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logs.configure("simulation", stream=nowhere)
        return main(KINDS, "python -m tests.simulation")


if __name__ == "__main__":
    sys.exit(quietly())
