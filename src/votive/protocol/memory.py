"""What a node remembers between signing sessions: digests, outcomes, and which sets of nodes failed or worked.

One per node and epoch, in memory only: a restart forgets it. Nothing here is secret and nothing is needed for safety; it
saves attempts (f saboteurs cost at most C(n, f) − 1 of them) and it keeps the policy of one digest per session.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, KeysView
from dataclasses import dataclass

from votive.protocol.channel import Clock
from votive.protocol.errors import SecondDigest
from votive.protocol.leader import Signers
from votive.terms.key import Signature
from votive.terms.participant import Seat

DIGEST_SECONDS = 600.0
"""How long a second digest under one session is refused."""

_SESSIONS = 100_000
_OUTCOMES = 4_096


@dataclass(frozen=True, kw_only=True)
class Signed:
    """How a signing session ended well."""

    signature: Signature
    signers: Signers
    """The set whose attempt this node saw succeed, ascending; who adopts an outcome takes it from the message."""
    attempt: int
    source: Seat | None = None
    """Who sent it to this node; None: it computed the signature before it heard of it."""


class SigningMemory:
    """Memory of the signing sessions of one node in one epoch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._digests: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._outcomes: OrderedDict[bytes, Signed] = OrderedDict()
        self._failed: OrderedDict[Signers, int] = OrderedDict()
        """In how many sessions, as far as none of these was taken back."""
        self._suspicion: Counter[Seat] = Counter()
        self.worked: Signers | None = None
        """The set of the last success."""

    def claim(self, session: bytes, digest: bytes) -> Signed | None:
        """Bind ``session`` to ``digest``; return the outcome if this node has it already.

        Raises:
            SecondDigest: the session was bound to another digest within the last ten minutes.
        """
        self._forget_old()
        first, _ = self._digests.setdefault(session, (digest, self._clock.now()))
        if first != digest:
            raise SecondDigest(first, digest)
        return self._outcomes.get(session)

    def outcome(self, session: bytes) -> Signed | None:
        """Return how ``session`` ended, if it ended well and recently."""
        return self._outcomes.get(session)

    def remember(self, session: bytes, signed: Signed) -> None:
        """Note that ``session`` ended well."""
        self._outcomes[session] = signed
        while len(self._outcomes) > _OUTCOMES:
            self._outcomes.popitem(last=False)

    def note_success(self, signers: Signers) -> None:
        """Prefer this set from now on, and suspect none of it."""
        self.worked = signers
        for seat in signers:
            self._suspicion.pop(seat, None)
        self._failed.pop(signers, None)

    def note_failure(self, signers: Signers, sessions: int = 1) -> None:
        """Avoid this set while another exists, for so many more ``sessions`` in which it failed; 0 makes it the newest failure."""
        self._failed[signers] = self._failed.get(signers, 0) + sessions
        self._failed.move_to_end(signers)
        if self.worked == signers:
            self.worked = None

    def suspect(self, seats: Iterable[Seat]) -> None:
        """Take these seats last, each as often as it is named, until they are in a set that works."""
        self._suspicion.update(seats)

    def take_back(self, failed: Iterable[Signers], suspected: Counter[Seat]) -> None:
        """Take back what one session noted: no fault of these sets and seats."""
        for signers in failed:
            sessions = self._failed.get(signers, 0) - 1
            if sessions > 0:
                self._failed[signers] = sessions
            else:
                self._failed.pop(signers, None)
        self._suspicion -= suspected  # what falls to 0 is forgotten

    def suspicion(self, seat: Seat) -> int:
        """Return how often this seat was silent, or complained, since it last was in a set that worked. Never blame."""
        return self._suspicion[seat]

    def notes(self) -> Notes:
        """Return what one session notes in."""
        return Notes(self)

    @property
    def failed(self) -> KeysView[Signers]:
        """Sets that failed, the oldest failure first."""
        return self._failed.keys()

    def _forget_old(self) -> None:
        horizon = self._clock.now() - DIGEST_SECONDS
        while self._digests:
            session, (_, since) = next(iter(self._digests.items()))
            if since >= horizon and len(self._digests) < _SESSIONS:
                return
            del self._digests[session]


class Notes:
    """What one session adds to the memory; taken back if the session ends through nobody's fault."""

    def __init__(self, memory: SigningMemory) -> None:
        self._memory = memory
        self._failed: set[Signers] = set()
        self._suspected: Counter[Seat] = Counter()
        self._worked: Signers | None = None

    def note_failure(self, signers: Signers) -> None:
        """Avoid this set while another exists; once a session."""
        self._worked = self._memory.worked if self._memory.worked == signers else self._worked
        self._memory.note_failure(signers, 0 if signers in self._failed else 1)
        self._failed.add(signers)

    def note_silence(self, silent: Iterable[Seat], witness: Seat | None = None) -> None:
        """Suspect who was not heard in time, and as much who says so: one of the two, or the link between them, is at fault."""
        for seat in silent:
            suspects = [seat] if witness is None else [seat, witness]
            self._memory.suspect(suspects)
            self._suspected.update(suspects)

    def take_back(self) -> None:
        """Take all of it back; what other sessions noted stays."""
        self._memory.take_back(self._failed, self._suspected)
        if self._memory.worked is None:
            self._memory.worked = self._worked
        self._failed, self._suspected = set(), Counter()
