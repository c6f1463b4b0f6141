"""`python -m tests.simulation`: plays simulated worlds, one a seed."""

import sys

from chassis.simulation.runner import main
from tests.simulation.two_services import scenario

if __name__ == "__main__":
    sys.exit(main(scenario))
