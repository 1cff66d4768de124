"""Fewer liars than the quorum never decide anything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from votive.chain.endpoint import EndpointFailed
from votive.chain.errors import CallRefused, CallReverted, ChainUnavailable, QuorumNotReached, WrongChain
from votive.chain.quorum import Ballot
from votive.terms.errors import WorldError

TRUTH = "0x01"
HONEST = st.sampled_from(["truth", "down", "lagging"])
LIES = st.sampled_from(["lie", "revert", "down"])


def outcome(kind: str) -> str | Exception:
    answers: dict[str, str | Exception] = {
        "truth": TRUTH,
        "lie": "0x02",
        "revert": CallReverted("reverted", rpc_code=3, data=b""),
        "down": EndpointFailed("down"),
        "lagging": CallRefused("unknown block", rpc_code=-32000),
    }
    return answers[kind]


def ballot(quorum: int, kinds: list[str]) -> Ballot[str]:
    counted: Ballot[str] = Ballot(quorum)
    counted.add([f"http://{place}/" for place in range(len(kinds))], [outcome(kind) for kind in kinds])
    return counted


@settings(max_examples=2000, deadline=None)
@given(st.data())
def test_fewer_liars_than_the_quorum_never_decide(data: st.DataObject) -> None:
    quorum = data.draw(st.integers(1, 5))
    liars = data.draw(st.lists(LIES, max_size=quorum - 1))
    honest = data.draw(st.lists(HONEST, min_size=1, max_size=7))
    counted = ballot(quorum, data.draw(st.permutations(liars + honest)))
    try:
        assert counted.result() == TRUTH
        assert honest.count("truth") >= quorum
    except WorldError as refusal:
        assert not isinstance(refusal, CallReverted)
        assert honest.count("truth") < quorum


@pytest.mark.parametrize(
    ("quorum", "kinds", "error"),
    [
        (1, ["down", "lagging"], ChainUnavailable),
        (1, ["lagging", "lagging"], CallRefused),
        (2, ["truth", "down", "down"], ChainUnavailable),
        (2, ["truth", "lagging"], ChainUnavailable),
        (2, ["truth", "revert"], QuorumNotReached),
        (2, ["truth", "lie", "down"], QuorumNotReached),
        (2, ["revert", "revert", "truth"], CallReverted),
    ],
)
def test_what_went_wrong_is_told_apart(quorum: int, kinds: list[str], error: type[WorldError]) -> None:
    with pytest.raises(error) as refusal:
        ballot(quorum, kinds).result()
    assert type(refusal.value) is error


def test_what_all_refuse_has_a_code_only_if_a_quorum_gives_it() -> None:
    for codes, told in (([5, 5, 7], 5), ([7, 5, 5], 5), ([5, 6, 7], 0)):
        counted: Ballot[str] = Ballot(2)
        refusals = [CallRefused(f"for {code}", rpc_code=code) for code in codes]
        counted.add([f"http://{place}/" for place in range(3)], refusals)
        with pytest.raises(CallRefused) as refusal:
            counted.result()
        assert refusal.value.rpc_code == told


def test_no_error_repeats_the_key_in_an_endpoints_url() -> None:
    url = "https://user:password@chain.example:8545/v3/secret-key?token=secret"
    counted: Ballot[str] = Ballot(1)
    counted.add([url], [EndpointFailed("down")])
    with pytest.raises(ChainUnavailable) as refusal:
        counted.result()
    assert refusal.value.details == ("https://chain.example:8545: down",)
    assert WrongChain(url, 1, 2).message.startswith("https://chain.example:8545 serves chain id 2,")


def test_another_chain_is_told_where_it_leaves_too_few_endpoints() -> None:
    counted = ballot(2, ["truth"])
    counted.add(["http://other/"], [WrongChain("http://other/", 1, 2)])
    with pytest.raises(WrongChain):
        counted.result()


def test_an_endpoint_that_claims_to_serve_another_chain_does_not_stop_the_others() -> None:
    counted = ballot(2, ["truth", "lie"])
    counted.add(["http://other/"], [WrongChain("http://other/", 1, 2)])
    with pytest.raises(QuorumNotReached) as refusal:
        counted.result()
    assert refusal.value.retryable
    assert "http://other serves chain id 2" in refusal.value.details[2]
