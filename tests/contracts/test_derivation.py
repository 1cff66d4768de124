"""Keys derived of root keys, on chain: what the published SDK computes, what arithmetic on integers computes, and no surprise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.evm import BLS, ECDSA, Evm, Reverted
from tests.core.independent_derivation import G, N, P, Point, add, encoded, times, tweak

VECTORS = Path(__file__).parents[1] / "vectors" / "hd"

H = times(0xDEADBEEF, G)


def minus(point: Point) -> Point:
    assert point is not None
    return point[0], P - point[1]


def roots_of(points: Sequence[Point]) -> list[tuple[bytes, int]]:
    return [(bytes.fromhex(encoded(point)), ECDSA) for point in points]


def evaluated(t: int, points: Sequence[Point]) -> Point:
    total: Point = None
    for power, point in enumerate(points):
        total = add(total, times(pow(t, power, N), point))
    return total


def expected(t: int, points: Sequence[Point]) -> tuple[bool, bytes]:
    derived = evaluated(t, points) if t % N else None
    return (False, b"") if derived is None else (True, bytes.fromhex(encoded(derived)))


def networks(file: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / file).read_text())["networks"]


def test_the_chain_derives_what_the_published_sdk_derives(evm: Evm) -> None:
    """Every third of the vectors: a derivation takes this EVM a third of a second, and the core's tests go through them all."""
    for network in networks("lit-sdk.json"):
        roots = [(bytes.fromhex(root), ECDSA) for root in network["roots"]]
        for key in network["keys"][::3]:
            derived = evm.deriver.computeHDPubKey(bytes.fromhex(key["derivedKeyId"]), roots, ECDSA)
            assert derived == (True, bytes.fromhex(key["publicKey"]))


def test_an_id_is_hashed_to_a_scalar_as_rfc_9380_says(evm: Evm) -> None:
    keys = [key for network in networks("independent.json") for key in network["keys"]]
    for key in keys:
        assert evm.deriver.hashToScalar(bytes.fromhex(key["derivedKeyId"])) == int(key["t"], 16)
    for identity in (bytes(32), b"\xff" * 32, bytes(range(32))):
        assert evm.deriver.hashToScalar(identity) == tweak(identity)


EDGES = [1, 2, 15, 16, 17, 31, 32, 33, N - 1, N - 2, N >> 1, (N >> 1) + 1, 2**255, 2**128 - 1]
ADVERSARIAL = {
    "equal": [G] * 4,
    "opposite": [G, minus(G)] * 2,
    "opposite and equal": [H, minus(H), minus(H), minus(H)],
    "odd multiples, as in the table": [times(number, G) for number in (1, 3, 5, 15)],
}


@pytest.mark.parametrize("roots", ADVERSARIAL)
@pytest.mark.parametrize("t", EDGES)
def test_edges_of_scalars_and_points_are_summed_as_integers_sum_them(evm: Evm, t: int, roots: str) -> None:
    points = ADVERSARIAL[roots]
    assert evm.deriver.evaluate(t, roots_of(points)) == expected(t, points)


@pytest.mark.parametrize("t", [1, N - 1, N >> 1, 2**255, N + 1, 2**256 - 1])
@pytest.mark.parametrize("points", [[G, minus(G)] * 5, [times(number * number + 7, H) for number in range(16)]], ids=["ten", "sixteen"])
def test_as_many_points_as_there_can_be_are_summed(evm: Evm, t: int, points: list[Point]) -> None:
    assert evm.deriver.evaluate(t, roots_of(points)) == expected(t, points)


@pytest.mark.parametrize("t", [1, 17, N - 1, N >> 1, 2**255])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_the_point_at_infinity_is_no_key(evm: Evm, t: int, count: int) -> None:
    """The first root cancels all others: a sum that only the last addition makes 0."""
    others = [times(number + 5, H) for number in range(1, count)]
    rest = evaluated(t, [None, *others])
    assert evm.deriver.evaluate(t, roots_of([minus(rest), *others])) == (False, b"")
    assert evm.deriver.evaluate(t, roots_of([rest, *others])) == (True, bytes.fromhex(encoded(add(rest, rest))))


@pytest.mark.parametrize("t", [3, N - 5, 2**200 + 1])
def test_infinity_on_the_way_is_gone_through(evm: Evm, t: int) -> None:
    """Two roots that cancel one another before a third is added: the sum is at infinity in the middle of the work."""
    cancelling = [H, G, minus(times(pow(t, -1, N), G))]
    assert evaluated(t, [None, *cancelling[1:]]) is None
    assert evm.deriver.evaluate(t, roots_of(cancelling)) == (True, bytes.fromhex(encoded(H)))


@pytest.mark.parametrize("t", [0, N])
def test_a_scalar_that_is_zero_gives_no_key(evm: Evm, t: int) -> None:
    assert evm.deriver.evaluate(t, roots_of([G, H])) == (False, b"")


@settings(max_examples=10, deadline=None, derandomize=True)
@given(t=st.integers(0, 2**256 - 1), seeds=st.lists(st.integers(1, N - 1) | st.sampled_from([1, 2, N - 1, N - 2]), min_size=2, max_size=6))
def test_random_sums_agree(network_of_four: Evm, t: int, seeds: list[int]) -> None:
    points = [times(seed, G) for seed in seeds]
    assert network_of_four.deriver.evaluate(t, roots_of(points)) == expected(t, points)


def test_what_is_no_set_of_roots_is_refused(evm: Evm) -> None:
    good = roots_of([G, H])
    for roots in ([], good[:1], roots_of([G] * 17)):
        with pytest.raises(Reverted, match="RootCountOutOfRange"):
            evm.deriver.computeHDPubKey(bytes(32), roots, ECDSA)
    for roots in ([good[0], (b"\x04" + bytes(64), ECDSA)], [(good[0][0][:-1], ECDSA), good[1]], [good[0], (good[1][0] + b"\0", ECDSA)]):
        with pytest.raises(Reverted, match="NotAPublicKey"):
            evm.deriver.computeHDPubKey(bytes(32), roots, ECDSA)
    with pytest.raises(Reverted, match="UnsupportedKeyType"):
        evm.deriver.computeHDPubKey(bytes(32), [good[0], (good[1][0], BLS)], ECDSA)
    for key_type in (0, BLS, 3):
        with pytest.raises(Reverted, match="UnsupportedKeyType"):
            evm.deriver.computeHDPubKey(bytes(32), good, key_type)
