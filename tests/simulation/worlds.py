"""The kinds of worlds there are."""

from chassis.simulation.runner import Kind
from tests.simulation import six_world, small_world

KINDS = {
    "six": Kind(six_world.scenario, six_world.EXPECTED),
    "small": Kind(small_world.scenario, small_world.EXPECTED),
}
