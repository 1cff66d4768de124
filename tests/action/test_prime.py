"""The prime action signs a number in its one canonical form, and only if it is prime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from votive.action import ActionThrew

from .conftest import PUBLIC_KEY

SOURCE = (Path(__file__).parents[2] / "examples" / "prime.js").read_text("utf-8")
LARGE = 2**256 - 189  # the largest prime below 2^256

PRIMES = (2, 3, 5, 41, 43, 7919, 2**31 - 1, 2**61 - 1, 2**127 - 1, 2**255 - 19, LARGE)
COMPOSITES = (
    *(0, 1, 4, 43 * 43, 7917, 561, 2047, 3277),
    *(5459, 5777, 10877),  # strong Lucas pseudoprimes
    3825123056546413051,  # passes Miller–Rabin to the bases 2…23
    318665857834031151167461,  # passes to the bases 2…37
    3317044064679887385961981,  # passes to the bases 2…41: only the Lucas test finds it
    *((2**127 - 1) ** 2, (2**61 - 1) * (2**127 - 1), 2**256 - 1, 2**256, LARGE - 2),
)


@pytest.mark.parametrize("n", PRIMES)
async def test_a_prime_is_signed_as_its_decimal_digits(act, host, n):
    result = await act(SOURCE, n=str(n), publicKey=PUBLIC_KEY)
    assert json.loads(result.response) == {"n": str(n), "prime": True}
    assert host.asked == [("personal_sign", str(n).encode(), PUBLIC_KEY, "prime")]


@pytest.mark.parametrize("n", COMPOSITES)
async def test_a_composite_throws_and_nothing_is_signed(act, host, n):
    with pytest.raises(ActionThrew, match=f"{n} is not prime"):
        await act(SOURCE, n=str(n), publicKey=PUBLIC_KEY)
    assert host.asked == []


async def test_an_integer_is_as_good_as_its_string(act, host):
    await act(SOURCE, n=7919, publicKey=PUBLIC_KEY)
    assert host.asked[0][1] == b"7919"


@pytest.mark.parametrize(
    "n",
    ["007", "+7", "-7", "1e3", "7.0", "0x7", " 7", "7 ", "7n", "", "٧", "1" * 79, -7, 7.5, 2**53, 10**30, None, True, [7], {"toString": 7}],
)
async def test_a_number_in_any_other_form_is_refused(act, host, n):
    with pytest.raises(ActionThrew, match="canonical decimal string"):
        await act(SOURCE, n=n, publicKey=PUBLIC_KEY)
    assert host.asked == []


async def test_a_number_beyond_its_range_is_refused(act, host):
    with pytest.raises(ActionThrew, match=r"at most 2\^256"):
        await act(SOURCE, n=str(2**256 + 1), publicKey=PUBLIC_KEY)
    assert host.asked == []


async def test_without_a_number_nothing_is_signed(act, host):
    with pytest.raises(ActionThrew, match="n is not defined"):
        await act(SOURCE, publicKey=PUBLIC_KEY)
    assert host.asked == []
