from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.log.tree import (
    EMPTY_ROOT,
    HeldNodes,
    RightEdge,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)

# The reference vectors of Certificate Transparency (merkle_tree_test): eight leaves, and what follows.
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
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): ["96a296d224f285c67bee93c30f8a3091", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"],
    (5, 8): ["bc1a0643b12e4d2d7c77918f44e0f4f7", "ca854ea128ed050b", "d37ee418976dd957"],
    (2, 3): ["fac54203e7cc696c"],
    (1, 5): ["6e340b9cffb37a98", "5f083f0a1a33ca07", "bc1a0643b12e4d2d"],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): ["96a296d224f285c67bee93c30f8a3091", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"],
    (6, 8): ["0ebc5d3437fbe2db158b9f126a1d118e", "ca854ea128ed050b", "d37ee418976dd957"],
    (2, 5): ["5f083f0a1a33ca07", "bc1a0643b12e4d2d"],
}
TREE = HeldNodes([leaf_hash(leaf) for leaf in LEAVES])

trees = st.integers(1, 70).map(lambda n: HeldNodes([leaf_hash(b"%d" % i) for i in range(n)]))


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    edge, _ = RightEdge().extended([leaf_hash(leaf) for leaf in LEAVES[:size]])
    assert edge.root().hex() == ROOTS[size]
    assert root_at(size, TREE.read).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_reference(index: int, size: int) -> None:
    proof = inclusion_proof(index, size, TREE.read)
    starts = INCLUSION[index, size]
    assert [item.hex()[: len(start)] for item, start in zip(proof, starts, strict=True)] == starts


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference(first: int, second: int) -> None:
    proof = consistency_proof(first, second, TREE.read)
    starts = CONSISTENCY[first, second]
    assert [item.hex()[: len(start)] for item, start in zip(proof, starts, strict=True)] == starts


@given(st.lists(st.binary(max_size=3), max_size=70), st.lists(st.integers(0, 70), max_size=8))
def test_any_batching_gives_the_root_of_the_definition(
    leaves: list[bytes], cuts: list[int]
) -> None:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    held = HeldNodes(hashes)
    edge = RightEdge()
    for start, end in pairwise(sorted({0, len(leaves), *(c for c in cuts if c < len(leaves))})):
        edge, completed = edge.extended(hashes[start:end])
        assert all(held.read(node.level, node.index) == node.hash for node in completed)
    assert edge.size == len(leaves)
    assert edge.root() == by_definition(leaves)
    assert RightEdge(edge.size, edge.hashes).root() == edge.root()


def test_growing_tells_each_inner_node_once() -> None:
    _, completed = RightEdge().extended([leaf_hash(b"%d" % i) for i in range(100)])
    places = [(node.level, node.index) for node in completed]
    assert len(places) == len(set(places)) == 50 + 25 + 12 + 6 + 3 + 1


@given(trees, st.data())
def test_every_inclusion_proof_verifies_and_any_altered_one_does_not(
    tree: HeldNodes, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, tree.size - 1))
    leaf, root = tree.read(0, index), root_at(tree.size, tree.read)
    proof = inclusion_proof(index, tree.size, tree.read)
    assert verify_inclusion(leaf, index, tree.size, proof, root)
    for altered in altered_paths(proof):
        assert not verify_inclusion(leaf, index, tree.size, altered, root)
    assert not verify_inclusion(flipped(leaf), index, tree.size, proof, root)
    assert not verify_inclusion(leaf, index, tree.size, proof, flipped(root))
    assert not verify_inclusion(leaf, -1, tree.size, proof, root)
    other = data.draw(st.integers(0, tree.size - 1).filter(lambda i: i != index) | st.just(-1))
    assert not verify_inclusion(leaf, other, tree.size, proof, root)


@given(trees, st.data())
def test_every_consistency_proof_verifies_and_any_altered_one_does_not(
    tree: HeldNodes, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, tree.size))
    old, new = root_at(first, tree.read), root_at(tree.size, tree.read)
    proof = consistency_proof(first, tree.size, tree.read)
    assert verify_consistency(first, tree.size, old, new, proof)
    for altered in altered_paths(proof):
        assert not verify_consistency(first, tree.size, old, new, altered)
    assert not verify_consistency(first, tree.size, flipped(old), new, proof)
    if first:
        assert not verify_consistency(first, tree.size, old, flipped(new), proof)


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(8, 8, TREE.read)
    with pytest.raises(ValueError, match="no beginning"):
        consistency_proof(9, 8, TREE.read)
    with pytest.raises(ValueError, match="no right edge"):
        RightEdge(3, (EMPTY_ROOT,))
    assert not verify_consistency(9, 8, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(3, 8, EMPTY_ROOT, EMPTY_ROOT, [])


def flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def altered_paths(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with one hash altered, removed, doubled or added."""
    changed = [[*proof[:i], flipped(item), *proof[i + 1 :]] for i, item in enumerate(proof)]
    changed += [[*proof[:i], *proof[i + 1 :]] for i in range(len(proof))]
    changed += [[*proof[: i + 1], *proof[i:]] for i in range(len(proof))]
    return [*changed, [*proof, EMPTY_ROOT], [*proof, b""]]
