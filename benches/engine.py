"""The core alone: what one party computes and sends, wrapper included. CPU time of the thread, so a busy machine hardly matters."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sized

from tests.core.bls import identity
from tests.core.ceremony import Committee, finish, key_shares, others, round1, round2, round3, to_receiver

from benches.report import Report, Row, publish, timed
from votive.core import STREAM_CHUNK, ContentKey, bls_combine, bls_verify, bls_verify_share, ibe_decrypt, ibe_encrypt

BATCH = 100
BLS_KEYS = 5
BLS_SAMPLES = 200
STREAM_CHUNKS = 256
SETUPS = 3
SIGNATURES = {4: 40, 10: 15}
REACH = {4: "≤ 12", 10: "≤ 32"}


def run() -> None:
    """Measure key generation, set-up and signing at 3 of 4 and 7 of 10; BLS and encryption."""
    rows: list[Row] = []
    for n in SIGNATURES:
        committee = Committee(range(1, n + 1))
        name = f"{committee.threshold} of {n}"
        rows += [*generation(committee, name), *set_ups(committee, name), *signatures(committee, name), *bls(committee, name)]
    rows += stream()
    publish(Report(section="engine", rows=tuple(rows)))


def milliseconds(since: float) -> float:
    """CPU of this thread since a former ``time.thread_time()``."""
    return (time.thread_time() - since) * 1000


def total(messages: Iterable[Sized]) -> int:
    """Bytes of all messages."""
    return sum(len(message) for message in messages)


def generation(committee: Committee, name: str) -> list[Row]:
    """One batch; figures for one key and one party."""
    begin = time.thread_time()
    parties = committee.dkg_parties(BATCH)
    commits = {seat: party.commit() for seat, party in parties.items()}
    reveals = {seat: party.reveal() for seat, party in parties.items()}
    deals = {seat: party.deal(others(seat, commits), others(seat, reveals)) for seat, party in parties.items()}
    for seat, party in parties.items():
        party.finish(to_receiver(seat, deals))
    spent = milliseconds(begin) / len(parties) / BATCH
    seat = committee.seats[0]
    sent = (len(commits[seat]) + len(reveals[seat])) * (len(parties) - 1) + total(deals[seat].values())
    return [
        Row(name=f"{name}: a key in a batch of {BATCH}, CPU a party", unit="ms", value=spent, samples=BATCH),
        Row(name=f"{name}: keys a second and core", unit="1/s", value=1000 / spent, reach="≥ 200" if len(parties) == 4 else ""),
        Row(name=f"{name}: a key in a batch of {BATCH}, bytes a party sends", unit="B", value=sent / BATCH),
    ]


def set_ups(committee: Committee, name: str) -> list[Row]:
    """The pairs among the signers; the first few are timed."""
    pairs = list(itertools.combinations(committee.seats[: committee.threshold], 2))
    samples = []
    for pair in pairs[:SETUPS]:
        begin = time.thread_time()
        committee.set_up(*pair)
        samples.append(milliseconds(begin) / 2)
    for pair in pairs[SETUPS:]:
        committee.set_up(*pair)
    left, right = committee.begin(*pairs[0])
    commit = left.commit()
    transfer = left.transfer(right.commit())
    sent = len(commit) + len(transfer) + 32
    return [
        timed(f"{name}: a pair set-up, CPU a side", samples),
        Row(name=f"{name}: a pair set-up, bytes a side sends", unit="B", value=sent),
        Row(name=f"{name}: a pair set-up, rounds", unit="", value=3),
    ]


def signatures(committee: Committee, name: str) -> list[Row]:
    """Whole signatures, one after the other."""
    shares = key_shares(committee.generate())
    samples: list[float] = []
    sent: Mapping[int, int] = {}
    for number in range(SIGNATURES[len(committee.seats)]):
        begin = time.thread_time()
        parties = committee.signing_parties(shares, digest=hashlib.sha256(b"%d" % number).digest())
        first = round1(parties)
        second = round2(parties, first)
        third = round3(parties, second)
        finish(parties, third)
        samples.append(milliseconds(begin) / len(parties))
        sent = {seat: total(first[seat].values()) + total(second[seat].values()) + 64 * (len(parties) - 1) for seat in parties}
    return [
        timed(f"{name}: a signature, CPU a party", samples, REACH[len(committee.seats)]),
        Row(name=f"{name}: a signature, bytes a party sends", unit="B", value=max(sent.values())),
        Row(name=f"{name}: a signature, rounds", unit="", value=3),
    ]


def samples(work: Callable[[], object], count: int = BLS_SAMPLES) -> list[float]:
    """CPU of each of ``count`` calls."""
    out = []
    for _ in range(count):
        begin = time.thread_time()
        work()
        out.append(milliseconds(begin))
    return out


def bls(committee: Committee, name: str) -> list[Row]:
    """Key generation, shares and their combination; what does not depend on n only once."""
    begin = time.thread_time()
    batch = committee.generate(BLS_KEYS, purpose="encryption-bls")
    spent = milliseconds(begin) / len(batch) / BLS_KEYS
    shares = key_shares(batch)
    first = shares[committee.seats[0]]
    plaintext = bytes(32)
    to = identity(data_hash=hashlib.sha256(plaintext).digest())
    made = {seat: shares[seat].decryption_share(to) for seat in committee.seats[: committee.threshold]}
    key = bls_combine(first.public_key, first.threshold, made, to)
    ciphertext = ibe_encrypt(first.public_key, to, plaintext)
    rows = [
        Row(name=f"{name}: a BLS key, CPU a party", unit="ms", value=spent, samples=BLS_KEYS),
        timed(
            f"{name}: a BLS combination, verified",
            samples(lambda: bls_combine(first.public_key, first.threshold, made, to)),
        ),
    ]
    if len(batch) > min(SIGNATURES):
        return rows
    point = first.verification_shares[first.seat]
    return [
        *rows,
        timed("a BLS share", samples(lambda: first.decryption_share(to))),
        timed("a BLS share verified", samples(lambda: bls_verify_share(point, to, made[first.seat]))),
        timed("a BLS signature verified", samples(lambda: bls_verify(first.public_key, to, key))),
        timed("32 bytes encrypted to an identity", samples(lambda: ibe_encrypt(first.public_key, to, plaintext))),
        timed("32 bytes decrypted", samples(lambda: ibe_decrypt(ciphertext, key))),
    ]


def stream() -> list[Row]:
    """A large file under its content key."""
    key, chunk = ContentKey.generate(), bytes(STREAM_CHUNK)
    sealer, opener = key.sealer(b""), key.opener(b"")
    begin = time.thread_time()
    pieces = [sealer.update(chunk, False) for _ in range(STREAM_CHUNKS)]
    sealed = milliseconds(begin)
    begin = time.thread_time()
    for piece in pieces:
        opener.update(piece, False)
    opened = milliseconds(begin)
    megabytes = STREAM_CHUNKS * STREAM_CHUNK / 1e6
    return [
        Row(name="a file sealed in chunks", unit="MB/s", value=megabytes / sealed * 1000, samples=STREAM_CHUNKS),
        Row(name="a file opened from chunks", unit="MB/s", value=megabytes / opened * 1000, samples=STREAM_CHUNKS),
    ]
