"""RFC 6962 trees and proofs against the reference, the definition and tiles."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import merkle, tiles
from signing.errors import (
    InvalidInclusionError,
)
from signing.merkle import EMPTY_ROOT, Frontier, MerkleTree, leaf_hash, node_hash
from tests.signing.log_world import TREE, hashes

# The leaves and roots of the reference implementation of RFC 6962 (certificate-transparency,
# merkletree tests).
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
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


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word: the oracle for everything that is faster."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def defined_path(place: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if place < split:
        return [*defined_path(place, leaves[:split]), defined_root(leaves[split:])]
    return [*defined_path(place - split, leaves[split:]), defined_root(leaves[:split])]


def defined_consistency(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [defined_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        left = defined_consistency(old, leaves[:split], whole=whole)
        return [*left, defined_root(leaves[split:])]
    right = defined_consistency(old - split, leaves[split:], whole=False)
    return [*right, defined_root(leaves[:split])]


# --- trees -----------------------------------------------------------------------------------


def test_the_roots_are_those_of_the_reference_implementation() -> None:
    tree = MerkleTree()
    assert tree.root() == EMPTY_ROOT
    for size, (leaf, root) in enumerate(zip(LEAVES, ROOTS, strict=True), start=1):
        assert tree.append(bytes.fromhex(leaf)) == size - 1
        assert tree.root().hex() == root
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS
    assert len(tree) == 8


def test_all_proofs_of_all_small_trees_are_those_of_the_definition() -> None:
    leaves = hashes(34)
    for size in range(1, 35):
        root = TREE.root(size)
        assert root == defined_root(leaves[:size])
        for index in range(size):
            proof = TREE.inclusion_proof(index, size)
            assert proof == defined_path(index, leaves[:size])
            merkle.verify_inclusion(leaves[index], index, size, proof, root)
        for old in range(1, size + 1):
            proof = TREE.consistency_proof(old, size)
            assert proof == defined_consistency(old, leaves[:size])
            merkle.verify_consistency(old, size, proof, TREE.root(old), root)


@settings(max_examples=60)
@given(st.data())
def test_a_changed_proof_of_inclusion_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    leaf, root = hashes(size)[index], TREE.root(size)
    proof = TREE.inclusion_proof(index, size)
    merkle.verify_inclusion(leaf, index, size, proof, root)
    wrong: list[tuple[bytes, int, int, list[bytes]]] = [
        (leaf_hash(b"another"), index, size, proof),
        (leaf, index, size, [*proof, bytes(32)]),
        (leaf, size, size, proof),
        (leaf, -1, size, proof),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        wrong += [
            (leaf, index, size, proof[:-1]),
            (leaf, index, size, [*proof[:place], bytes(32), *proof[place + 1 :]]),
            (leaf, index ^ 1, size, proof),
        ]
    for arguments in wrong:
        with pytest.raises(InvalidInclusionError):
            merkle.verify_inclusion(*arguments, root)


@settings(max_examples=60)
@given(st.data())
def test_a_changed_proof_of_consistency_shows_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(1, size))
    proof, old_root, root = TREE.consistency_proof(old, size), TREE.root(old), TREE.root(size)
    merkle.verify_consistency(old, size, proof, old_root, root)
    wrong: list[tuple[int, int, list[bytes], bytes, bytes]] = [
        (old, size, [*proof, bytes(32)], old_root, root),
        (old, size, proof, bytes(32), root),
        (old, size, proof, old_root, bytes(32)),
        (size + 1, size, proof, old_root, root),
        (-1, size, proof, old_root, root),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:place], bytes(32), *proof[place + 1 :]]
        wrong += [(old, size, proof[:-1], old_root, root), (old, size, changed, old_root, root)]
    for arguments in wrong:
        with pytest.raises(InvalidInclusionError):
            merkle.verify_consistency(*arguments)


def test_the_empty_tree_is_consistent_with_every_tree() -> None:
    assert TREE.consistency_proof(0) == []
    merkle.verify_consistency(0, 130, [], EMPTY_ROOT, TREE.root())
    with pytest.raises(InvalidInclusionError):
        merkle.verify_consistency(0, 130, [], TREE.root(), TREE.root())
    with pytest.raises(InvalidInclusionError):
        TREE.consistency_proof(131)
    with pytest.raises(InvalidInclusionError):
        TREE.inclusion_proof(130)


def test_the_right_edge_alone_appends_like_the_whole_tree() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(hashes(130), start=1):
        assert frontier.append_hash(leaf) == size - 1
        frontier = Frontier(frontier.size, tuple(frontier.edge))  # as it would be stored
        assert frontier.root() == TREE.root(size)
    with pytest.raises(InvalidInclusionError):
        Frontier(3, [bytes(32)])
    with pytest.raises(InvalidInclusionError):
        Frontier(-1)


# --- tiles -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "000"), (7, "007"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
)
def test_paths_are_those_of_the_specification(index: int, path: str) -> None:
    assert tiles.index_path(index) == path
    assert tiles.tile_path(2, index) == f"tile/2/{path}"
    assert tiles.tile_path(0, index, 17) == f"tile/0/{path}.p/17"
    assert tiles.entries_path(index, 3) == f"tile/entries/{path}.p/3"
    assert tiles.entries_path(index) == f"tile/entries/{path}"


def test_a_tree_of_70000_leaves_has_the_tiles_of_the_specification() -> None:
    made = list(tiles.tiles_for_growth(0, 70_000))
    full = [(level, width) for level, _, width in made if width == 256]
    assert full.count((0, 256)) == 273
    assert full.count((1, 256)) == 1
    assert [item for item in made if item[2] != 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles.tiles_for_growth(0, 256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles.tiles_for_growth(300, 300)) == []
    assert list(tiles.tiles_for_growth(0, 0)) == []


def test_a_log_published_as_tiles_gives_the_same_proofs() -> None:
    tree = MerkleTree(hashes(1))
    published: dict[str, bytes] = {}
    size = 1
    for grown in (1, 2, 255, 256, 257, 600, 1000):
        for place in range(len(tree), grown):
            tree.append(str(place).encode())
        for level, index, width in tiles.tiles_for_growth(0 if grown == 1 else size, grown):
            published[tiles.tile_path(level, index, width)] = tiles.tile(tree, level, index, width)
        size = grown
        read = tiles.TiledTree(size, published.__getitem__)
        assert merkle.root(read, size) == tree.root()
        assert merkle.root(read, size) == tree.root()  # now from the tiles it has kept
        for index in {0, size // 2, size - 1}:
            assert merkle.inclusion_proof(read, index, size) == tree.inclusion_proof(index)
        for old in {1, size // 2 + 1, size}:
            assert merkle.consistency_proof(read, old, size) == tree.consistency_proof(old)
    assert len(published["tile/0/000"]) == 8192


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    read = tiles.TiledTree(3, lambda _: bytes(64))
    with pytest.raises(InvalidInclusionError):
        read.node(0, 0)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_bundles_of_entries_there_and_back(entries: list[bytes]) -> None:
    bundle = tiles.entry_bundle(entries)
    assert tiles.entries_of(bundle) == entries
    if bundle:
        with pytest.raises(InvalidInclusionError):
            tiles.entries_of(bundle + b"\x00")
        with pytest.raises(InvalidInclusionError):
            tiles.entries_of(bundle + b"\x00\x05abc")


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(InvalidInclusionError):
        tiles.entry_bundle([bytes(65_536)])
