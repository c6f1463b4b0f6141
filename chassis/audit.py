"""An append-only Merkle log (RFC 6962): frontier, proofs, signed checkpoints, verification.

A checkpoint is C2SP `tlog-checkpoint`, signed as a C2SP `signed-note` with Ed25519.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HASH_BYTES = 32
SIZE_BYTES = 8
CHECKPOINT_LENGTH_LIMIT = 4_096
PROBLEMS_LIMIT = 20
EMPTY_ROOT = sha256(b"").digest()

_ED25519 = b"\x01"
_SIGNATURE_MARK = "\u2014 "


class CheckpointRefused(Exception):
    """A checkpoint is malformed, or was not signed by whom it should be."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log claims to be: so many leaves, with this root. `origin` names the log."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a verification: how many leaves there are, and each thing that is wrong."""

    size: int
    root: bytes
    problems: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Nothing was truncated, edited or reordered."""
        return not self.problems


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf; its prefix keeps it apart from that of a node."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


# The frontier ------------------------------------------------------------------------------------
# Eight bytes of size, then the roots of the perfect subtrees from left to right, one for each bit
# of the size; no bytes at all stand for the empty log.


def append(frontier: bytes, leaf: bytes) -> bytes:
    """The frontier after one more leaf; O(log n), on average two hashes."""
    size = size_of(frontier)
    end = len(frontier)
    root = sha256(b"\x00" + leaf).digest()
    merged = size
    while merged & 1:
        root = sha256(b"\x01" + frontier[end - HASH_BYTES : end] + root).digest()
        end -= HASH_BYTES
        merged >>= 1
    return (size + 1).to_bytes(SIZE_BYTES, "big") + frontier[SIZE_BYTES:end] + root


def size_of(frontier: bytes) -> int:
    """How many leaves a frontier stands for."""
    return int.from_bytes(frontier[:SIZE_BYTES], "big")


def root_of(frontier: bytes) -> bytes:
    """The Merkle tree hash of all leaves."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-HASH_BYTES:]
    for end in range(len(frontier) - HASH_BYTES, SIZE_BYTES, -HASH_BYTES):
        root = node_hash(frontier[end - HASH_BYTES : end], root)
    return root


# Proofs ------------------------------------------------------------------------------------------


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least two."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of leaf hashes."""
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        # An odd one out goes up as it is, which is what RFC 6962's recursion comes to.
        level = paired + level[len(level) & ~1 :]
    return level[0]


def inclusion_proof(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The audit path of the leaf at `index` (RFC 6962 §2.1.1), from the hashes of all leaves."""
    if not 0 <= index < len(hashes):
        raise ValueError("there is no such leaf")
    path: list[bytes] = []
    first, last = 0, len(hashes)
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(tree_root(hashes[middle:last]))
            last = middle
        else:
            path.append(tree_root(hashes[first:middle]))
            first = middle
    return path[::-1]


def consistency_proof(old_size: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The proof that the first `old_size` leaves are as they were (RFC 6962 §2.1.2)."""
    if not 0 <= old_size <= len(hashes):
        raise ValueError("the log was never so long")
    if old_size in (0, len(hashes)):
        return []
    path: list[bytes] = []
    first, last, old, whole = 0, len(hashes), old_size, True
    while old != last - first:
        split = _split(last - first)
        middle = first + split
        if old <= split:
            path.append(tree_root(hashes[middle:last]))
            last = middle
        else:
            path.append(tree_root(hashes[first:middle]))
            first, old, whole = middle, old - split, False
    if not whole:
        path.append(tree_root(hashes[first:last]))
    return path[::-1]


def includes(index: int, size: int, hashed: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash stands at `index` of the log (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, computed = index, size - 1, hashed
    for each in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            computed = node_hash(each, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, each)
        node, last = node >> 1, last >> 1
    return last == 0 and computed == root


def extends(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether `proof` shows that the new log begins with the old one (RFC 9162 §2.1.4.2)."""
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old_size < new_size:
        return False
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, each)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


# Checkpoints -------------------------------------------------------------------------------------


def _key_id(name: str, key: Ed25519PublicKey) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """A signed note: the text, which ends with a line feed, an empty line and one signature."""
    signature = _key_id(name, key.public_key()) + key.sign(text.encode())
    return f"{text}\n{_SIGNATURE_MARK}{name} {b64encode(signature).decode()}\n"


def open_note(note: str, name: str, key: Ed25519PublicKey) -> str:
    """The text of a note that `name` signed with the key. Raises CheckpointRefused."""
    text, found, signatures = note.rpartition("\n\n")
    text += "\n"
    if not found:
        raise CheckpointRefused("no signature")
    for line in signatures.splitlines():
        match line.removeprefix(_SIGNATURE_MARK).split(" "):
            case [signer, encoded] if signer == name:
                if _is_signed(text, encoded, name, key):
                    return text
    raise CheckpointRefused("not signed by whom it should be")


def _is_signed(text: str, encoded: str, name: str, key: Ed25519PublicKey) -> bool:
    try:
        raw = b64decode(encoded, validate=True)
        if raw[:4] != _key_id(name, key):
            return False
        key.verify(raw[4:], text.encode())
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """A checkpoint as text, signed in the name of its origin."""
    root = b64encode(checkpoint.root).decode()
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"
    return sign_note(text, checkpoint.origin, key)


def open_checkpoint(signed: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint in a text that the log itself signed. Raises CheckpointRefused."""
    if len(signed) > CHECKPOINT_LENGTH_LIMIT:
        raise CheckpointRefused("too long")
    lines = open_note(signed, origin, key).splitlines()
    if len(lines) < 3 or lines[0] != origin:
        raise CheckpointRefused("not a checkpoint of this log")
    if not (lines[1].isascii() and lines[1].isdigit()) or str(int(lines[1])) != lines[1]:
        raise CheckpointRefused("its size is no number")
    try:
        root = b64decode(lines[2], validate=True)
    except NotBase64 as failure:
        raise CheckpointRefused("its root is not base64") from failure
    if len(root) != HASH_BYTES:
        raise CheckpointRefused("its root is no hash")
    return Checkpoint(origin, int(lines[1]), root)


# Verification ------------------------------------------------------------------------------------


def verify_log(
    rows: Iterable[tuple[int, bytes]],
    checkpoints: Iterable[Checkpoint],
    frontier: bytes | None = None,
) -> Verdict:
    """Recompute a log from its rows (index from 0, leaf) and hold it against what was signed.

    `frontier` is the one stored beside the rows, if it is to be compared too. An edit, a reorder or
    a truncation changes the root of every checkpoint after it; one behind the last checkpoint shows
    against the stored frontier only, so checkpoints are to be kept elsewhere, and often.
    """
    problems: list[str] = []
    waiting = sorted(checkpoints, key=lambda each: each.size)
    computed, at = b"", 0
    while at < len(waiting) and waiting[at].size == 0:
        _compare(waiting[at], computed, problems)
        at += 1
    for expected, (index, leaf) in enumerate(rows):
        if index != expected:
            problems.append(f"leaf {expected} is missing: leaf {index} stands in its place")
            break
        computed = append(computed, leaf)
        while at < len(waiting) and waiting[at].size == expected + 1:
            _compare(waiting[at], computed, problems)
            at += 1
    size = size_of(computed)
    problems += [
        f"a checkpoint was signed over {each.size} leaves, but there are {size}"
        for each in waiting[at:]
    ]
    if frontier is not None and frontier != computed:
        problems.append(
            f"the stored frontier stands for {size_of(frontier)} leaves other than these {size}"
        )
    return Verdict(size, root_of(computed), tuple(problems[:PROBLEMS_LIMIT]))


def _compare(checkpoint: Checkpoint, frontier: bytes, problems: list[str]) -> None:
    if checkpoint.root != root_of(frontier):
        problems.append(f"the first {checkpoint.size} leaves are not those that were signed")
