"""The secrets that the manifests refer to: made once, kept private, renewed by deleting them."""

import json
import stat
from pathlib import Path

import pytest

from chassis.tokens import SigningKey
from tools.cluster_secrets import TRUST_BUNDLE, make


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    made = make(tmp_path / "secrets", with_certificates=True)

    modes = {
        str(path): stat.S_IMODE(path.stat().st_mode)
        for name in made.objects()
        if name != TRUST_BUNDLE
        for path in (made.folder / name).iterdir()
    }

    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path, with_certificates=True)
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    make(tmp_path, with_certificates=True)

    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_server_is_given_the_passwords_of_its_clients_in_quotes(tmp_path: Path) -> None:
    make(tmp_path)
    server = (tmp_path / "nats-passwords" / "CARDS_NATS_PASSWORD_RISK").read_text()

    assert json.loads(server) == (tmp_path / "risk-secrets" / "NATS_PASSWORD").read_text()


def test_a_signing_key_is_renewed_while_the_old_one_is_still_trusted(tmp_path: Path) -> None:
    make(tmp_path)
    path = tmp_path / "risk-signing-key" / "signing_key.json"
    old = SigningKey.load(path).key_id
    path.unlink()

    make(tmp_path)

    new = SigningKey.load(path).key_id
    trusted = json.loads((tmp_path / TRUST_BUNDLE / "trust_bundle.json").read_text())["keys"]
    mine = {key["kid"] for key in trusted if key["iss"] == "service:risk"}
    assert (mine, old != new) == ({old, new}, True)


def test_every_database_has_a_password_of_its_own(tmp_path: Path) -> None:
    make(tmp_path, store_url="postgresql+psycopg://{service}:{password}@db/{service}")

    urls = [path.read_text() for path in tmp_path.glob("*-secrets/STORE_URL")]

    assert len({url.partition("@")[0].rpartition(":")[2] for url in urls}) == len(urls) == 6


def test_certificates_of_two_authorities_are_refused(tmp_path: Path) -> None:
    make(tmp_path, with_certificates=True)
    for path in (tmp_path / "risk-tls").iterdir():
        path.unlink()
    (tmp_path / "risk-tls").rmdir()

    with pytest.raises(SystemExit, match="one authority"):
        make(tmp_path, with_certificates=True)
