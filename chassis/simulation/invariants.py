"""What must hold of services once all is mended: of their logs, streams and inboxes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from chassis.envelope import MESSAGE_ID, stream_of
from chassis.kernel import ids
from chassis.publishing import Publishing
from chassis.service import Service
from chassis.simulation.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it stands in a store; `fields` are those of the fact, as JSON has them."""

    position: int
    stream: str
    stream_version: int
    topic: str
    fields: dict[str, Any]

    @property
    def kind(self) -> str:
        """The name of the fact."""
        return self.topic.partition(".v")[0]


def log_of(cluster: Cluster, service: str) -> list[Stored]:
    """The whole log of a service, read past all of the chassis but the codec's format."""
    rows = cluster.nodes[service].disk.rows(
        "SELECT position, originator_id, originator_version, topic, state"
        " FROM events ORDER BY position"
    )
    return [
        Stored(position, stream, version, topic, msgspec.json.decode(state)[1])
        for position, stream, version, topic, state in rows
    ]


def broken_log(cluster: Cluster, service: str) -> Iterator[str]:
    """Positions are gap-free, streams too, and the head is where the log ends."""
    log = log_of(cluster, service)
    if [each.position for each in log] != list(range(1, len(log) + 1)):
        yield f"{service}: positions have gaps"
    versions: dict[str, int] = {}
    for each in log:
        versions[each.stream] = versions.get(each.stream, 0) + 1
        if each.stream_version != versions[each.stream]:
            yield f"{service}: {each.stream} has version {each.stream_version} out of turn"
    ((head,),) = cluster.nodes[service].disk.rows("SELECT position FROM log_head")
    if head != len(log):
        yield f"{service}: the head says {head}, the log has {len(log)}"


def broken_stream(cluster: Cluster, service: Service) -> Iterator[str]:
    """The stream on the bus holds the public facts of the log, all, in order, each once."""
    expected = [f"{service.name}:1:{each.position}" for each in public_facts(cluster, service)]
    found = [
        message.headers[MESSAGE_ID] for message in cluster.bus.messages(stream_of(service.name))
    ]
    if found != expected:
        yield f"{service.name}: {_difference(expected, found)} in its stream"


def broken_inbox(cluster: Cluster, service: Service, source: Service) -> Iterator[str]:
    """Every public fact of a source was taken in once, and the watermarks say so."""
    facts = public_facts(cluster, source)
    disk = cluster.nodes[service.name].disk
    expected = [each.position for each in facts]
    found = disk.rows(
        f"SELECT position FROM inbox WHERE source = '{source.name}' ORDER BY position"
    )
    if [position for (position,) in found] != expected:
        difference = _difference(expected, [position for (position,) in found])
        yield f"{service.name}: {difference} in its inbox of {source.name}"
    last = {ids.partition(each.stream): each.position for each in facts}
    marks = disk.rows(f"SELECT partition, position FROM watermarks WHERE source = '{source.name}'")
    if dict(marks) != last:
        yield f"{service.name}: its watermarks of {source.name} are not where that one stands"


def nothing_parked(cluster: Cluster, service: str) -> Iterator[str]:
    """No message waits any more."""
    for source, stream, reason in cluster.nodes[service].disk.rows(
        "SELECT source, stream, reason FROM parked"
    ):
        yield f"{service}: {stream} of {source} is parked: {reason}"


def broken_chassis(cluster: Cluster, services: Iterable[Service]) -> list[str]:
    """All of the above, for services that hear one another."""
    by_name = {service.name: service for service in services}
    broken: list[str] = []
    for name in by_name:
        broken += broken_log(cluster, name)
    for name, service in by_name.items():
        broken += broken_stream(cluster, service)
        broken += nothing_parked(cluster, name)
        for source in service.sources:
            broken += broken_inbox(cluster, service, by_name[source])
    return broken


def public_facts(cluster: Cluster, service: Service) -> list[Stored]:
    """The facts of a log that others are told of."""
    topics = _publishing(service).topics
    return [each for each in log_of(cluster, service.name) if each.topic in topics]


_known: dict[str, Publishing] = {}


def _publishing(service: Service) -> Publishing:
    if service.name not in _known:
        facts = [fact for decider in service.deciders for fact in decider.facts]
        _known[service.name] = Publishing(service.name, service.public, facts, service.overrides)
    return _known[service.name]


def _difference(expected: list[Any], found: list[Any]) -> str:
    missing = [each for each in expected if each not in found]
    extra = [each for each in found if each not in expected]
    if missing or extra:
        return f"missing {missing}, too many {extra}"
    if len(found) != len(expected):
        return f"repeated {[each for each in expected if found.count(each) > 1]}"
    return f"order {found} instead of {expected}"
