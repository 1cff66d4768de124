"""The pairwise set-up of DKLs23: once per pair of running processes, for all keys.

Two nodes run base oblivious transfers in both directions and share a zero-share seed; what comes out lives in the core's
memory only. Who learns a pair's correlation opens every session recorded under it, so a failed check is counted, durably,
and the next try waits longer each time. docs/protocol/setup.md has the steps and what each message reveals.

    commit     C_i = commitment to our half        the lower seat begins, the higher one answers
    transfer   our half, the seed sealed to the peer
    confirm    H(sid, both gadgets, H(seed))       compared by both; unequal: discarded, nobody is to blame
"""

from __future__ import annotations

from votive.core.errors import PeerFault
from votive.protocol.channel import Channel, Clock, Kind, Run
from votive.protocol.engine import PairSetup
from votive.protocol.errors import PairSetupFailed
from votive.protocol.inbox import Aborted, Inbox
from votive.terms.participant import Seat

_PAUSE_MINUTES = (0, 1, 4, 16, 60)


def pause_before(failures: int) -> float:
    """Return the seconds to wait before the next set-up of a pair in which ``failures`` checks have failed so far."""
    return 60.0 * _PAUSE_MINUTES[min(max(failures, 0), len(_PAUSE_MINUTES) - 1)]


async def set_up_pair(channel: Channel, peer: Seat, setup: PairSetup, *, run: Run, clock: Clock, seconds: float = 30.0) -> None:
    """Run a set-up with ``peer``; on return it is installed in the table that ``setup`` came from.

    Args:
        channel: opened on the set-up's session; messages of other seats in it are ignored.
        peer: the other seat.
        setup: made by ``PairTable.begin``, used once.
        run: where the engine's steps run.
        clock: for the deadline.
        seconds: for the whole set-up.

    Raises:
        CheckFailed, PeerFault: the peer's message breaks the protocol; count it (``pause_before``).
        PairSetupFailed: unequal digests, an abort, or silence; nobody is to blame.
    """
    kinds = (Kind.SETUP_COMMIT, Kind.SETUP_TRANSFER, Kind.SETUP_CONFIRM)
    inbox = Inbox(channel, clock, peers=[peer], kinds=kinds, abort=Kind.SETUP_ABORT, until=clock.now() + seconds)
    try:
        await _rounds(channel, peer, setup, inbox, run)
    except Aborted as abort:
        raise PairSetupFailed(peer, "the other side left it") from abort
    except TimeoutError:
        await channel.send(peer, Kind.SETUP_ABORT, b"")
        raise PairSetupFailed(peer, "the other side was not heard in time") from None
    except PeerFault as fault:
        await channel.send(peer, Kind.SETUP_ABORT, b"")
        if fault.culprits:
            raise
        raise PairSetupFailed(peer, fault.message) from fault


async def _rounds(channel: Channel, peer: Seat, setup: PairSetup, inbox: Inbox, run: Run) -> None:
    async def received(kind: Kind) -> bytes:
        return (await inbox.gather(kind))[peer].payload

    ours = await run(setup.commit)
    if channel.me < peer:
        await channel.send(peer, Kind.SETUP_COMMIT, ours)
        commit = await received(Kind.SETUP_COMMIT)
    else:
        commit = await received(Kind.SETUP_COMMIT)
        await channel.send(peer, Kind.SETUP_COMMIT, ours)
    await channel.send(peer, Kind.SETUP_TRANSFER, await run(lambda: setup.transfer(commit)))
    transfer = await received(Kind.SETUP_TRANSFER)
    await channel.send(peer, Kind.SETUP_CONFIRM, await run(lambda: setup.confirm(transfer)))
    confirm = await received(Kind.SETUP_CONFIRM)
    await run(lambda: setup.finish(confirm))
