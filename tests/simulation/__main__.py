"""`python -m tests.simulation`: plays simulated worlds, one a seed."""

import sys

from chassis.simulation.runner import main
from tests.simulation.small_world import scenario

if __name__ == "__main__":
    sys.exit(main(scenario))
