"""Whom a quorum is asked of, and who is waited for."""

from __future__ import annotations

import pytest

from votive.chain import endpoint as endpoint_module
from votive.chain.endpoint import EndpointFailed, Health
from votive.chain.endpoints import Endpoints
from votive.chain.errors import AnswerTooLarge, ChainUnavailable


class Speaker(Health):
    """An endpoint that gives a number, or fails if it has none."""

    def __init__(self, url: str, number: int | None) -> None:
        super().__init__()
        self.url = url
        self.number = number
        self.asked = 0

    async def say(self) -> int:
        self.asked += 1
        if self.number is None:
            self.failed()
            raise EndpointFailed("silent")
        self.answered()
        return self.number

    async def close(self) -> None:
        return None


def speakers(*numbers: int | None) -> list[Speaker]:
    return [Speaker(f"http://{place}/", number) for place, number in enumerate(numbers)]


def asked(endpoints: list[Speaker]) -> list[int]:
    counts = [endpoint.asked for endpoint in endpoints]
    for endpoint in endpoints:
        endpoint.asked = 0
    return counts


async def test_only_the_preferred_quorum_is_asked_for_what_is_the_same_everywhere() -> None:
    hosts = speakers(7, 7, 7, 7)
    assert await Endpoints(hosts, 2, 1.0).agreed(Speaker.say) == 7
    assert asked(hosts) == [1, 1, 0, 0]


async def test_all_are_asked_for_what_differs_by_nature() -> None:
    hosts = speakers(3, 9, 8, 9)
    assert sorted(await Endpoints(hosts, 2, 1.0).surveyed(Speaker.say)) == [3, 8, 9, 9]
    assert asked(hosts) == [1, 1, 1, 1]


async def test_one_endpoint_is_enough_where_no_quorum_is_asked_for() -> None:
    hosts = speakers(3, 9)
    assert await Endpoints(hosts, 1, 1.0).surveyed(Speaker.say) == [3]
    assert asked(hosts) == [1, 0]


async def test_one_that_failed_is_preferred_no_more_until_it_answers_again() -> None:
    hosts = speakers(None, 7, 7)
    endpoints = Endpoints(hosts, 1, 1.0)
    for _ in range(3):
        assert await endpoints.agreed(Speaker.say) == 7
    assert asked(hosts) == [1, 3, 0]
    hosts[0].number, hosts[1].number = 7, None
    assert await endpoints.agreed(Speaker.say) == 7
    assert await endpoints.agreed(Speaker.say) == 7
    assert hosts[0].asked + hosts[2].asked >= 2


async def test_one_that_failed_is_not_waited_for_by_every_survey_but_asked_again_after_its_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = speakers(None, 7, 8)
    endpoints = Endpoints(hosts, 2, 1.0)
    for _ in range(3):
        assert sorted(await endpoints.surveyed(Speaker.say)) == [7, 8]
    assert asked(hosts) == [1, 3, 3]
    monkeypatch.setattr(endpoint_module, "REST_SECONDS", 0.0)
    hosts[0].number = 9
    assert sorted(await endpoints.surveyed(Speaker.say)) == [7, 8, 9]
    assert not hosts[0].failing


async def test_those_that_rest_are_asked_where_the_others_are_too_few() -> None:
    hosts = speakers(None, None, 8)
    endpoints = Endpoints(hosts, 2, 0.2)
    with pytest.raises(ChainUnavailable):
        await endpoints.surveyed(Speaker.say)
    hosts[1].number = 7
    assert sorted(await endpoints.surveyed(Speaker.say)) == [7, 8]


@pytest.mark.parametrize("quorum", [1, 2])
async def test_an_answer_that_is_too_large_is_not_asked_for_again(quorum: int) -> None:
    hosts = speakers(1, 2, 3)

    async def too_large(host: Speaker) -> int:
        await host.say()
        raise AnswerTooLarge("this", 5)

    with pytest.raises(AnswerTooLarge, match="more than 5 bytes"):
        await Endpoints(hosts, quorum, 1.0).agreed(too_large)
    assert sum(asked(hosts)) == quorum
