"""The Merkle log against the vectors of RFC 6962's reference implementation, and its laws."""

from base64 import b64decode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from chassis import audit

# Leaves, roots and paths of certificate-transparency's merkle tree tests.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_96A2 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_5F08 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_6B47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_BC1A = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_CA85 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_0EBC = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSIONS = [
    (0, 1, []),
    (0, 8, [_96A2, _5F08, _6B47]),
    (5, 8, [_BC1A, _CA85, ROOTS[3]]),
    (2, 3, [ROOTS[1]]),
    (1, 5, [ROOTS[0], _5F08, _BC1A]),
]
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, [_96A2, _5F08, _6B47]),
    (6, 8, [_0EBC, _CA85, ROOTS[3]]),
    (2, 5, [_5F08, _BC1A]),
]
HASHES = [audit.leaf_hash(leaf) for leaf in LEAVES]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
logs = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def frontier_of(leaves: list[bytes]) -> bytes:
    frontier = b""
    for leaf in leaves:
        frontier = audit.append(frontier, leaf)
    return frontier


def signed(leaves: list[bytes]) -> audit.Checkpoint:
    return audit.Checkpoint("log", len(leaves), audit.root_of(frontier_of(leaves)))


def test_an_empty_log_has_the_root_that_the_rfc_gives_it() -> None:
    assert audit.root_of(b"") == sha256(b"").digest()
    assert audit.tree_root([]) == sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert audit.root_of(frontier_of(LEAVES[:size])).hex() == ROOTS[size - 1]
    assert audit.tree_root(HASHES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSIONS)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int, path: list[str]) -> None:
    proof = audit.inclusion_proof(index, HASHES[:size])
    assert [each.hex() for each in proof] == path
    root = bytes.fromhex(ROOTS[size - 1])
    assert audit.includes(index, size, HASHES[index], proof, root)


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCIES)
def test_consistency_proofs_are_the_published_ones(old: int, new: int, path: list[str]) -> None:
    proof = audit.consistency_proof(old, HASHES[:new])
    assert [each.hex() for each in proof] == path
    old_root, new_root = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1])
    assert audit.extends(old, new, proof, old_root, new_root)


@given(logs, st.data())
def test_every_proof_convinces_and_no_other_leaf_or_root_does(
    leaves: list[bytes], data: st.DataObject
) -> None:
    hashes = [audit.leaf_hash(leaf) for leaf in leaves]
    size = len(leaves)
    root = audit.root_of(frontier_of(leaves))
    assert root == audit.tree_root(hashes)
    index = data.draw(st.integers(0, size - 1))
    proof = audit.inclusion_proof(index, hashes)
    assert audit.includes(index, size, hashes[index], proof, root)
    assert not audit.includes(index, size, audit.leaf_hash(b"never there"), proof, root)
    assert not audit.includes(index, size, hashes[index], [*proof, root], root)
    old = data.draw(st.integers(0, size))
    before = audit.tree_root(hashes[:old])
    extension = audit.consistency_proof(old, hashes)
    assert audit.extends(old, size, extension, before, root)
    if 0 < old < size:
        assert not audit.extends(old, size, extension, audit.leaf_hash(b"other"), root)
        assert not audit.extends(old, size, extension, before, audit.leaf_hash(b"other"))
        assert not audit.extends(old, size, extension[:-1], before, root)


@given(logs, st.data())
def test_truncation_edit_and_reorder_are_detected(leaves: list[bytes], data: st.DataObject) -> None:
    checkpoint, frontier = signed(leaves), frontier_of(leaves)
    assert audit.verify_log(enumerate(leaves), [checkpoint], frontier).intact

    cut = leaves[: data.draw(st.integers(0, len(leaves) - 1))]
    assert not audit.verify_log(enumerate(cut), [checkpoint]).intact

    at = data.draw(st.integers(0, len(leaves) - 1))
    edited = [*leaves[:at], leaves[at] + b"!", *leaves[at + 1 :]]
    assert not audit.verify_log(enumerate(edited), [checkpoint]).intact

    other = data.draw(st.integers(0, len(leaves) - 1))
    swapped = list(leaves)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    assert audit.verify_log(enumerate(swapped), [checkpoint]).intact == (swapped == leaves)


def test_a_missing_row_and_a_frontier_of_another_log_are_named() -> None:
    rows = [(0, b"a"), (2, b"c")]
    verdict = audit.verify_log(rows, [], frontier_of([b"a", b"b", b"c"]))
    assert verdict.size == 1
    assert verdict.problems == (
        "leaf 1 is missing: leaf 2 stands in its place",
        "the stored frontier stands for 3 leaves other than these 1",
    )


def test_rewriting_the_whole_log_does_not_satisfy_an_old_checkpoint() -> None:
    kept = [signed([b"a"]), signed([b"a", b"b"])]
    forged = [b"a", b"x", b"c"]
    verdict = audit.verify_log(enumerate(forged), kept, frontier_of(forged))
    assert verdict.problems == ("the first 2 leaves are not those that were signed",)


def test_the_published_signed_note_is_accepted_and_no_change_of_it() -> None:
    # The example of golang.org/x/mod/sumdb/note.
    public = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    key = Ed25519PublicKey.from_public_bytes(b64decode(public)[1:])
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    first_half = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg"
    note = f"{text}\n— PeterNeumann {first_half}KvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    assert audit.open_note(note, "PeterNeumann", key) == text
    with pytest.raises(audit.CheckpointRefused):
        audit.open_note(note.replace("answer", "cure"), "PeterNeumann", key)
    with pytest.raises(audit.CheckpointRefused):
        audit.open_note(note, "SomebodyElse", key)


@given(st.integers(0, 2**40), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back_as_it_was_signed(size: int, root: bytes) -> None:
    checkpoint = audit.Checkpoint("cards.example/auth", size, root)
    text = audit.sign_checkpoint(checkpoint, KEY)
    assert audit.open_checkpoint(text, "cards.example/auth", KEY.public_key()) == checkpoint
    assert text.splitlines()[:2] == ["cards.example/auth", str(size)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n",
        "log\n1\n\n",
        "other\n1\nAAAA\n",
        "log\n01\nAAAA\n",
        "log\nx\nAAAA\n",
        "log\n1\n!\n",
    ],
)
def test_what_is_no_checkpoint_is_refused_even_when_signed(text: str) -> None:
    with pytest.raises(audit.CheckpointRefused):
        audit.open_checkpoint(text, "log", KEY.public_key())
    with pytest.raises(audit.CheckpointRefused):
        audit.open_checkpoint(audit.sign_note(text, "log", KEY), "log", KEY.public_key())
