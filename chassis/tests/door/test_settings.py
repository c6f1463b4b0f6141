"""Settings come from the environment, and mistakes in it are told without showing secrets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from chassis.bounded import Bounded
from chassis.config import BadSettings, DoorLayer, Settings


class EchoSettings(Settings):
    """A service's own."""

    greeting: str = "hello"
    api_key: SecretStr | None = None


def test_each_service_has_its_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDS_ECHO_LISTEN", "0.0.0.0:7001")
    monkeypatch.setenv("CARDS_ECHO_GREETING", "hi")
    monkeypatch.setenv("CARDS_ECHO_PEERS__AUTH", "auth:7002")
    monkeypatch.setenv("CARDS_ECHO_DOOR_LAYERS_OFF", '["telemetry"]')
    monkeypatch.setenv("CARDS_OTHER_LISTEN", "0.0.0.0:1")
    settings = EchoSettings.load("echo")
    assert (settings.listen, settings.greeting) == ("0.0.0.0:7001", "hi")
    assert settings.peers == {"auth": "auth:7002"}
    assert settings.door_layers_off == {DoorLayer.TELEMETRY}
    assert EchoSettings.load("third").listen == EchoSettings().listen


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CARDS_ECHO_LISSEN", "x", "CARDS_ECHO_LISSEN: there is no such setting"),
        ("CARDS_ECHO_MAX_IN_FLIGHT", "hunter2", "CARDS_ECHO_MAX_IN_FLIGHT: "),
        ("CARDS_ECHO_TLS_KEY_PATH", "/hunter2", "tls_certificate_path and tls_key_path"),
        ("CARDS_ECHO_DOOR_LAYERS_OFF", '["hunter2"]', "CARDS_ECHO_DOOR_LAYERS_OFF__0: "),
        ("CARDS_ECHO_PEERS", "{hunter2", 'field "peers"'),
        ("CARDS_ECHO_MAX_MESSAGE_BYTES", "10", "max_message_bytes is not under"),
    ],
)
def test_a_mistake_is_told_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettings) as caught:
        EchoSettings.load("echo")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDS_ECHO_API_KEY", "hunter2")
    monkeypatch.setenv("CARDS_ECHO_STORE_URL", "postgresql://u:hunter2@db/echo")
    monkeypatch.setenv("CARDS_ECHO_SIGNING_KEY_PATH", "keys/echo.json")
    settings = EchoSettings.load("echo")
    assert settings.signing_key_path == Path("keys/echo.json")
    assert "hunter2" not in str(settings.printable())
    assert settings.printable()["greeting"] == "hello"
    assert "hunter2" not in repr(settings)


@given(st.integers(1, 20), st.lists(st.integers(0, 40), max_size=200))
def test_a_bounded_cache_forgets_but_does_not_lie(limit: int, keys: list[int]) -> None:
    cache: Bounded[int, str] = Bounded(limit)
    for key in keys:
        assert cache.get(key) in (None, str(key))
        cache.put(key, str(key))
        assert cache.get(key) == str(key)
        assert len(cache) <= max(2, limit)


def test_a_bounded_cache_keeps_what_is_asked_for() -> None:
    cache: Bounded[int, str] = Bounded(10)
    cache.put(0, "kept")
    for number in range(1, 100):
        cache.put(number, "passing")
        assert cache.get(0) == "kept"
    assert cache.get(1) is None
