"""Pairwise set-ups: made when two nodes' processes are linked, renewed every day, forgotten when one of them is another process.

The lower seat starts. It invites over the control session with both boot nonces and a counter; the higher checks them and
takes part. A failed check is counted durably, and both sides then keep away from each other for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from votive.core import PairSetup, PairTable
from votive.core.errors import PeerFault
from votive.net import LinkEvent
from votive.node.control import Control, SetupInvited, SetupWanted
from votive.protocol import Channel, Clock, PairSetupFailed, Run, pause_before, set_up_pair
from votive.store import SetupFailures
from votive.terms.errors import OurError
from votive.terms.participant import Committee, Seat

log = structlog.get_logger()

RENEWAL_SECONDS = 24 * 3600.0
INVITE_PATIENCE = 6.0
"""A higher seat that has waited so long for an invitation asks for one."""
RETRY_SECONDS = 2.0
LONGEST_RETRY = 60.0
SETUP_SECONDS = 30.0


class Links(Protocol):
    """The part of the mesh that set-ups need."""

    def watch(self) -> AsyncIterator[LinkEvent]:
        """Yield links that are up, then every change."""

    def open(self, session: bytes) -> AbstractAsyncContextManager[Channel]:
        """Open a session's channel."""


class CountFailures(Protocol):
    """The part of the store that set-ups need."""

    def setup_failures(self, peer: Seat) -> SetupFailures:
        """Return the durable count."""

    def note_setup_failure(self, peer: Seat, at: float) -> SetupFailures:
        """Count one more, durably."""


class Peer:
    """What is known of one other node's process."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.nonce: bytes | None = None
        """Boot nonce of the process at the other end; None while the link is down."""
        self.changed = asyncio.Event()
        self.invitation: SetupInvited | None = None
        """The last one; it may come before we hear that the link is up, so it is judged when it is used."""
        self.wish: SetupWanted | None = None
        """The last one, judged when it is used."""
        self.last_nonce: bytes | None = None
        self.counter = 0
        """Number of the last set-up started with ``last_nonce``."""
        self.made_at: float | None = None
        """Monotonic seconds of the last set-up."""
        self.retries = 0


class Pairs:
    """Keeps a live set-up with every linked peer."""

    def __init__(
        self,
        *,
        me: Seat,
        committee: Committee,
        table: PairTable,
        links: Links,
        control: Control,
        store: CountFailures,
        run: Run,
        clock: Clock,
        unix: Callable[[], float] = time.time,
    ) -> None:
        self._me, self._committee, self._table, self._links, self._control = me, committee, table, links, control
        self._store, self._run, self._clock, self._unix = store, run, clock, unix
        self._peers = {seat: Peer(seat) for seat in committee.others(me)}
        control.listen(SetupInvited, self._on_invited)
        control.listen(SetupWanted, self._on_wanted)

    async def run(self) -> None:
        """Keep all pairs, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_links(), name="pairs: links")
            for peer in self._peers.values():
                tasks.create_task(self._keep(peer), name=f"pairs: seat {peer.seat}")

    async def note_check_failed(self, seat: Seat) -> None:
        """Count a failed check, which has destroyed the set-up already; the next one waits for the pause."""
        failures = await asyncio.to_thread(self._store.note_setup_failure, seat, self._unix())
        log.error(
            "a consistency check failed; the set-up is destroyed", peer=seat, failures=failures.count, pause=pause_before(failures.count)
        )
        self._peers[seat].changed.set()

    def pausing(self, seat: Seat) -> float:
        """Return the seconds before a set-up with ``seat`` may start; 0 if it may."""
        failures = self._store.setup_failures(seat)
        if not failures.count or failures.last_at is None:
            return 0.0
        return max(0.0, failures.last_at + pause_before(failures.count) - self._unix())

    async def _follow_links(self) -> None:
        async for news in self._links.watch():
            peer = self._peers[news.seat]
            if news.alarm or (news.up and peer.last_nonce not in (None, news.boot_nonce)):
                self._table.forget(news.seat)
                log.warning("the peer is another process; its set-up is forgotten", peer=news.seat, alarm=news.alarm)
            if news.up and peer.last_nonce != news.boot_nonce:
                peer.last_nonce, peer.counter, peer.made_at = news.boot_nonce, 0, None
            peer.nonce, peer.retries = (news.boot_nonce if news.up else None), 0
            peer.changed.set()

    def _on_invited(self, seat: Seat, message: SetupInvited) -> None:
        if seat < self._me:
            self._peers[seat].invitation = message
            self._peers[seat].changed.set()

    def _on_wanted(self, seat: Seat, message: SetupWanted) -> None:
        if seat > self._me:
            self._peers[seat].wish = message
            self._peers[seat].changed.set()

    def _invited(self, peer: Peer) -> SetupInvited | None:
        """The invitation between the two processes that are linked now."""
        invitation = peer.invitation
        between = None if invitation is None else (invitation.lower_nonce, invitation.higher_nonce)
        return invitation if between == (peer.nonce, self._table.boot_nonce) else None

    def _wanted(self, peer: Peer) -> bool:
        """Whether the higher seat of the two processes that are linked now has asked for a set-up."""
        return peer.wish is not None and (peer.wish.lower_nonce, peer.wish.higher_nonce) == (self._table.boot_nonce, peer.nonce)

    async def _keep(self, peer: Peer) -> None:
        """Keep one pair: wait for a reason to make a set-up, make it, and again."""
        next_step = self._lead if self._me < peer.seat else self._follow
        while True:
            peer.changed.clear()
            wait = await next_step(peer)
            if wait > 0:
                await self._wait(peer, wait)

    async def _wait(self, peer: Peer, seconds: float) -> bool:
        """Wait until something changes; False if nothing did within ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                return await peer.changed.wait()
        except TimeoutError:
            return False

    async def _lead(self, peer: Peer) -> float:
        """As the lower seat: start a set-up if one is due. Returns how long to wait before looking again."""
        if peer.nonce is None:
            return RENEWAL_SECONDS
        if (pause := self.pausing(peer.seat)) > 0:
            return pause
        age = self._age(peer)
        if age is not None and age < RENEWAL_SECONDS and not self._wanted(peer):
            return RENEWAL_SECONDS - age
        peer.wish, peer.counter = None, peer.counter + 1
        invitation = SetupInvited(lower_nonce=self._table.boot_nonce, higher_nonce=peer.nonce, counter=peer.counter)
        await self._control.tell(peer.seat, invitation)
        return await self._make(peer, peer.nonce, peer.counter)

    async def _follow(self, peer: Peer) -> float:
        """As the higher seat: take part in a set-up the lower one started; ask for one if none comes."""
        if peer.nonce is None:
            return RENEWAL_SECONDS
        if (pause := self.pausing(peer.seat)) > 0:
            peer.invitation = None
            return pause
        if (invitation := self._invited(peer)) is not None:
            peer.invitation = None
            return await self._make(peer, peer.nonce, invitation.counter)
        if self._age(peer) is not None:
            return RENEWAL_SECONDS + INVITE_PATIENCE
        if not await self._wait(peer, INVITE_PATIENCE):
            await self._control.tell(peer.seat, SetupWanted(lower_nonce=peer.nonce, higher_nonce=self._table.boot_nonce))
        return 0.0

    def _age(self, peer: Peer) -> float | None:
        """Seconds since the live set-up was made; None if there is none."""
        if peer.made_at is None or self._table.generation(peer.seat) is None:
            return None
        return self._clock.now() - peer.made_at

    async def _make(self, peer: Peer, nonce: bytes, counter: int) -> float:
        """Run one set-up and judge how it ended. Returns how long to wait before looking again."""
        started = self._clock.now()
        try:
            await self._while_wanted(peer, nonce, counter, self._set_up(peer.seat, nonce, counter))
        except PeerFault as error:
            if peer.seat in error.culprits:
                await self.note_check_failed(peer.seat)
            log.warning("pair set-up failed", peer=peer.seat, why=error.message, culprits=list(error.culprits))
            return self._retry(peer)
        except (PairSetupFailed, OurError) as error:
            log.warning("pair set-up failed", peer=peer.seat, why=error.message)
            return self._retry(peer)
        except Exception:  # a peer drives this ceremony: even a defect met in it may not end the process
            log.exception("pair set-up failed by a defect", peer=peer.seat)
            return self._retry(peer)
        peer.made_at, peer.retries = self._clock.now(), 0
        log.info("pair set up", peer=peer.seat, counter=counter, seconds=round(peer.made_at - started, 3))
        return 0.0

    async def _set_up(self, seat: Seat, nonce: bytes, counter: int) -> None:
        setup: PairSetup = self._table.begin(
            peer=seat, peer_boot_nonce=nonce, peer_key=self._committee.member(seat).x25519_key, counter=counter
        )
        async with self._links.open(setup.session) as channel:
            await set_up_pair(channel, seat, setup, run=self._run, clock=self._clock, seconds=SETUP_SECONDS)

    async def _while_wanted(self, peer: Peer, nonce: bytes, counter: int, work: Awaitable[None]) -> None:
        """Run ``work`` until it ends, the link's other end is another process, or the lower seat invites to a later set-up."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                changed = asyncio.ensure_future(peer.changed.wait())
                await asyncio.wait({task, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                peer.changed.clear()
                if not task.done():
                    self._refuse_stale(peer, nonce, counter)
            await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _refuse_stale(self, peer: Peer, nonce: bytes, counter: int) -> None:
        if peer.nonce != nonce:
            raise PairSetupFailed(peer.seat, "the link ended")
        if (invitation := self._invited(peer)) is not None and invitation.counter > counter:
            raise PairSetupFailed(peer.seat, "it started a later one")
        if self._wanted(peer):
            raise PairSetupFailed(peer.seat, "it did not hear the invitation")

    def _retry(self, peer: Peer) -> float:
        peer.retries += 1
        return float(min(RETRY_SECONDS * 2 ** (peer.retries - 1), LONGEST_RETRY))
