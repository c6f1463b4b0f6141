"""The users of NATS: what is granted follows from who reads whom, and from nothing else."""

import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

from chassis.nats_config import (
    OBSERVER,
    NatsPermissions,
    authorization,
    inbox_prefix,
    permissions,
)
from chassis.testing.servers import nats_binary

READERS = {"diary": (), "memory": ("diary",), "almanac": ("diary", "memory")}


def of(user: str, *, workers: int = 1) -> NatsPermissions:
    return next(each for each in permissions(READERS, workers=workers) if each.user == user)


def may_publish(user: NatsPermissions, subject: str) -> bool:
    return any(fnmatchcase(subject, each.replace(">", "*")) for each in user.publish)


def test_a_service_publishes_its_own_and_hears_only_its_inbox() -> None:
    diary = of("diary")
    assert may_publish(diary, "cards.diary.v1.note_written.3")
    assert not may_publish(diary, "cards.memory.v1.note_written.3")
    assert diary.subscribe == ("_INBOX_diary.>",)
    assert inbox_prefix("diary") == "_INBOX_diary"


def test_a_service_reads_whom_the_table_says_through_its_own_places() -> None:
    memory = of("memory")
    assert may_publish(memory, "$JS.API.CONSUMER.CREATE.DIARY.memory-0-of-1.cards.diary.>")
    assert not may_publish(memory, "$JS.API.CONSUMER.CREATE.DIARY.almanac-0-of-1")
    assert not may_publish(memory, "$JS.API.CONSUMER.CREATE.ALMANAC.memory-0-of-1")
    assert not any("CONSUMER" in each for each in of("diary").publish)


def test_each_share_of_a_service_has_a_place() -> None:
    assert not may_publish(of("memory"), "$JS.API.CONSUMER.MSG.NEXT.DIARY.memory-1-of-2")
    three = of("memory", workers=3)
    for place in ("memory-0-of-1", "memory-1-of-2", "memory-2-of-3"):
        assert may_publish(three, f"$JS.API.CONSUMER.MSG.NEXT.DIARY.{place}")


def test_nobody_may_delete_or_purge() -> None:
    for user in permissions(READERS, workers=4):
        for word in ("DELETE", "PURGE", "RESTORE", "LEADER", "$SYS"):
            assert not any(word in each for each in user.publish)
            assert not any(each in (">", "$JS.>", "$JS.API.>", "cards.>") for each in user.publish)


def test_the_observer_publishes_no_message() -> None:
    assert all(each.startswith("$JS.API.") for each in of(OBSERVER).publish)


def test_the_text_holds_no_password_and_is_understood_by_the_server(tmp_path: Path) -> None:
    users = permissions(READERS)
    text = authorization(users)
    environment = {each.password_variable: '"s3cret 123e4"' for each in users}
    file = tmp_path / "nats.conf"
    file.write_text(text)
    checked = subprocess.run(
        [nats_binary(), "--config", file, "-t"], env=environment, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert environment.keys() == {
        "CARDS_NATS_PASSWORD_ALMANAC",
        "CARDS_NATS_PASSWORD_DIARY",
        "CARDS_NATS_PASSWORD_MEMORY",
        "CARDS_NATS_PASSWORD_OBSERVER",
    }
    without = subprocess.run(
        [nats_binary(), "--config", file, "-t"], env={}, capture_output=True, check=False
    )
    assert without.returncode != 0
