"""Types of the extension module; see ``rust/py``.

Points of secp256k1 are SEC1 encodings (33 bytes compressed), points of BLS12-381 compressed: 48 bytes in G1 (public keys),
96 in G2 (signatures). Scalars are 32 bytes big-endian, seats 1…255. Every class is a frozen handle.
Any handle raises ``Forked`` in a process other than the one that made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

from votive.terms.frame import Envelope, Kind
from votive.terms.participant import Seat

STREAM_CHUNK: Final[int]
"""Bytes of plaintext in every chunk of a stream but the last: 65 536."""
STREAM_SALT: Final[int]
"""Bytes before the first sealed chunk: 32."""
STREAM_TAG: Final[int]
"""How much longer a sealed chunk is: 16 bytes."""

@final
class Vault:
    """Holds the key-encryption key in Rust; seals values that are kept on disk."""

    @staticmethod
    def create_key_file(path: str) -> None:
        """Write a new random key to ``path``: mode 0600, durable on return.

        Raises:
            KeyFileError: the file exists (it is never overwritten) or cannot be written.
        """

    @staticmethod
    def from_key_file(path: str) -> Vault:
        """Read the key from ``path``; the bytes never pass through Python.

        Raises:
            KeyFileError: missing, not a regular file, not the right size, or readable by group or others.
        """

    @staticmethod
    def from_passphrase_env(variable: str, salt: bytes) -> Vault:
        """Derive the key by Argon2id (64 MiB, 3 passes, 1 lane; RFC 9106) from an environment variable that Rust reads.

        Args:
            variable: name of the variable; at least 12 characters are expected in it.
            salt: 16 to 64 bytes, random, kept beside the data; not secret.

        Raises:
            KeyFileError: the variable is unset, empty, too short or not UTF-8.
            InvalidInput: the salt's length.
        """

    @staticmethod
    def from_passphrase_prompt(prompt: str, salt: bytes) -> Vault:
        """Derive the key by Argon2id from a passphrase that Rust reads from the terminal, without echo.

        Raises:
            KeyFileError: no terminal, or a passphrase that is too short.
            InvalidInput: the salt's length.
        """

    def seal(self, ad: bytes, value: bytes) -> bytes:
        """Encrypt ``value`` bound to ``ad`` (AES-256-GCM under a key derived for each value; versioned)."""

    def open(self, ad: bytes, sealed: bytes) -> bytes:
        """Return what was sealed under the same key and ``ad``.

        Raises:
            SealError: anything differs.
        """

@final
class SealingKey:
    """A node's X25519 private key, to which peers seal private protocol messages (HPKE auth mode, RFC 9180)."""

    @staticmethod
    def generate() -> SealingKey:
        """Draw a new key from the operating system."""

    @property
    def public_key(self) -> bytes:
        """The public key, 32 bytes, as it stands in the registry."""

    def sealed(self, vault: Vault, ad: bytes) -> bytes:
        """Return the key sealed for storage."""

    @staticmethod
    def unsealed(vault: Vault, ad: bytes, sealed: bytes) -> SealingKey:
        """Open what ``sealed`` gave.

        Raises:
            SealError: wrong vault, ``ad`` or kind of value, or damaged.
        """

@final
class KeyShare:
    """A share of one key: the secret scalar, which stays in Rust, and the key's public parts."""

    @property
    def seat(self) -> Seat:
        """Our seat, the Shamir x of this share."""

    @property
    def purpose(self) -> str:
        """What the key is for, fixed at its generation (``terms.key.Purpose``); a derived key is a ``pkp-ecdsa``."""

    @property
    def threshold(self) -> int:
        """t: how many shares sign."""

    @property
    def seats(self) -> tuple[Seat, ...]:
        """All n seats that hold a share, ascending."""

    @property
    def public_key(self) -> bytes:
        """The key, compressed: 33 bytes, or 48 of a BLS key."""

    @property
    def public_key_uncompressed(self) -> bytes:
        """The key as the chain's votes have it: SEC1 uncompressed with its 0x04, 65 bytes; of a BLS key the same 48 bytes."""

    @property
    def verification_shares(self) -> dict[Seat, bytes]:
        """share_j·G of every seat j, compressed: 33 bytes each, or 48 of a BLS key."""

    def decryption_share(self, identity: bytes) -> bytes:
        """Return our share of the decryption key of ``identity``: seat (1 byte) ‖ x_i·H(identity) in G2 (96 bytes).

        Args:
            identity: ``lit-accesscontrolcondition://<64 hex>/<64 hex>``, lower case.

        Raises:
            InvalidInput: the key's purpose is not ``encryption-bls``, or ``identity`` is anything else.
        """

    def session_share(self, digest: bytes) -> bytes:
        """Return our share of the signature over a session's digest: seat (1 byte) ‖ x_i·H(digest) in G2 (96 bytes).

        Args:
            digest: 32 bytes.

        Raises:
            InvalidInput: the key's purpose is not ``session-bls``, or ``digest`` has another length.
        """

    @staticmethod
    def derived(roots: Sequence[KeyShare], derived_key_id: bytes, public_key: bytes) -> KeyShare:
        """Return our share of a key derived of the network's root keys: Σ tⁱ·rootᵢ, t the hash of the id (docs/protocol/derive.md).

        Some milliseconds: ten multiplications for each seat. The share signs as any PKP's does; ``sealed`` refuses it.

        Args:
            roots: our shares of the ten root keys, in the chain's order.
            derived_key_id: 32 bytes.
            public_key: the child's as the chain names it, SEC1 of either form.

        Raises:
            InvalidInput: not ten root keys of one seat and committee, another public key, or an id of which no key is derived.
        """

    def matches(self) -> bool:
        """Return whether the secret times G is the verification share of our seat."""

    def sealed(self, vault: Vault, ad: bytes) -> bytes:
        """Return the share sealed for storage, bound to ``ad``.

        Raises:
            InvalidInput: it is a derived key's, which the roots give again.
        """

    @staticmethod
    def unsealed(vault: Vault, ad: bytes, sealed: bytes) -> KeyShare:
        """Open what ``sealed`` gave and check share·G against its verification share.

        Raises:
            SealError: wrong vault, ``ad`` or kind of value, damaged, or the share does not match.
        """

@final
class DkgParty:
    """One node's part in one batch of distributed key generation (FROST DKG, Pedersen with proofs of possession).

    The methods are called once each, in the order commit, reveal, deal, finish; anything else raises ``Spent``.
    After an error the party is spent.
    """

    def __init__(
        self,
        *,
        context: bytes,
        seat: int,
        seats: Sequence[int],
        threshold: int,
        count: int,
        sealing: SealingKey,
        peer_keys: Mapping[Seat, bytes],
        purpose: str = "pkp-ecdsa",
    ) -> None:
        """Prepare a batch.

        Args:
            context: 32 bytes that name everything about the batch (network, epoch, batch, purpose, deadline …).
            seat: ours.
            seats: all n seats, ascending and distinct, ours among them.
            threshold: t, 2 ≤ t ≤ n.
            count: number of keys B, 1 to 1000.
            sealing: our X25519 key.
            peer_keys: registered X25519 public keys, 32 bytes each, of exactly the other seats.
            purpose: what the keys are for; decides their curve (``terms.key.Purpose``), and is part of every proof.

        Raises:
            InvalidInput: any of these does not hold.
        """

    def commit(self) -> bytes:
        """Draw all polynomials; return the commitment to ``reveal()``, 32 bytes, for all."""

    def reveal(self) -> bytes:
        """Return for all: a salt of 32 bytes, then for each key t Feldman points and the proof of possession.

        A point has 33 bytes and a proof 65; of BLS keys 48 and 80.
        """

    def deal(self, commitments: Mapping[Seat, bytes], reveals: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        """Check what the other seats committed and revealed; return our sealed shares by receiver.

        Each message holds an HPKE encapsulation (32 bytes) and for each key a sealed share (48 bytes).

        Raises:
            PeerFault: names every seat whose reveal does not open its commitment, is malformed, or proves nothing.
            InvalidInput: not exactly the other seats.
        """

    def finish(self, deals: Mapping[Seat, bytes]) -> list[KeyShare]:
        """Open and check the shares dealt to us; return our B key shares in the order of key numbers.

        Raises:
            PeerFault: names every dealer whose message does not open or whose share does not fit its commitment.
            InvalidInput: not exactly the other seats.
        """

@final
class ContentKey:
    """The key of one file, 32 bytes in Rust: encrypted to an identity as any plaintext is, and used for streams."""

    @staticmethod
    def generate() -> ContentKey:
        """Draw a new key from the operating system."""

    @staticmethod
    def unwrap(ciphertext: bytes, signature: bytes) -> ContentKey:
        """Decrypt a key with the signature over its identity, 96 bytes.

        Raises:
            InvalidCiphertext: it does not open, is not canonical, or holds no key.
        """

    @property
    def data_hash(self) -> bytes:
        """SHA-256 of the key, 32 bytes: the ``dataToEncryptHash`` of its identity."""

    def wrap(self, public_key: bytes, identity: bytes) -> bytes:
        """Encrypt the key as ``ibe_encrypt`` does.

        Raises:
            InvalidInput: malformed key or identity, or one that names another data hash.
        """

    def sealer(self, header: bytes) -> StreamSealer:
        """Start to seal a stream that opens only with the same ``header``; its key is its own, by a fresh salt."""

    def opener(self, header: bytes) -> StreamOpener:
        """Start to open a stream that was sealed with ``header``."""

@final
class StreamSealer:
    """Seals a stream chunk by chunk: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) with AES-256-GCM. Over after an error."""

    def update(self, chunk: bytes, last: bool) -> bytes:
        """Seal the next chunk; the first comes out with the salt before it.

        Args:
            chunk: exactly ``STREAM_CHUNK`` bytes; the last 1 to ``STREAM_CHUNK``, or none if it is the only one.
            last: whether it is the last.

        Raises:
            InvalidInput: a chunk of another length.
            Spent: the stream is over.
        """

@final
class StreamOpener:
    """Opens a stream chunk by chunk. Over after an error. The stream is whole only when its last chunk has opened."""

    def update(self, chunk: bytes, last: bool) -> bytes:
        """Open the next sealed chunk.

        Args:
            chunk: ``STREAM_CHUNK + STREAM_TAG`` bytes, of the last as many as are left; the first with ``STREAM_SALT`` more.
            last: whether it is the last; must be as when it was sealed.

        Raises:
            InvalidCiphertext: it is not this chunk of this stream.
            Spent: the stream is over.
        """

@final
class PairTable:
    """All live pair set-ups of this process. They exist in this object's memory only, are never stored, and serve every key."""

    def __init__(self, *, network: bytes, epoch: int, seat: int, sealing: SealingKey) -> None:
        """Make an empty table with a fresh boot nonce.

        Args:
            network: network id, 32 bytes.
            epoch: number of the epoch.
            seat: ours.
            sealing: our X25519 key.
        """

    @property
    def boot_nonce(self) -> bytes:
        """16 random bytes drawn for this table; peers see it in the link's hello."""

    def begin(self, *, peer: int, peer_boot_nonce: bytes, peer_key: bytes, counter: int) -> PairSetup:
        """Start a set-up with ``peer``.

        Args:
            peer: the other seat.
            peer_boot_nonce: its boot nonce, 16 bytes, from the link's hello.
            peer_key: its registered X25519 key, 32 bytes.
            counter: counts set-ups between these two processes; both sides use the same and never one twice.

        Raises:
            InvalidInput: a field is malformed, or the counter is not above the last one used with this boot nonce.
        """

    def live(self) -> list[Seat]:
        """Return the peers with a live set-up, ascending."""

    def generation(self, peer: int) -> int | None:
        """Return the number of the live set-up with ``peer`` (never reused within the table), or None."""

    def forget(self, peer: int) -> None:
        """Destroy the set-up with ``peer``, if any: its boot nonce changed, its link was replaced, or it is renewed.

        Sessions that run on it raise ``SetupGone`` at their next step.
        """

@final
class PairSetup:
    """One side of a pair set-up: base OTs in both directions, gadgets, zero-share seed. Both sides call the same methods."""

    @property
    def session(self) -> bytes:
        """32 bytes that name this set-up; equal on both sides."""

    @property
    def peer(self) -> Seat:
        """The other seat."""

    def commit(self) -> bytes:
        """Draw our half (0.2 s of CPU); return the commitment to it, 32 bytes."""

    def transfer(self, commit: bytes) -> bytes:
        """Take the peer's commitment; return our half: OT messages, proofs, and our zero-share seed sealed to the peer.

        Raises:
            PeerFault: names the peer if ``commit`` is malformed.
        """

    def confirm(self, transfer: bytes) -> bytes:
        """Check the peer's half (0.2 s of CPU); return the hash of what both now share, 32 bytes.

        Raises:
            PeerFault: names the peer: malformed, does not open its commitment, or the seed does not open.
            CheckFailed: names the peer: a proof does not hold.
        """

    def finish(self, confirm: bytes) -> None:
        """Compare the peer's hash with ours and put the set-up into the table in place of any former one.

        Raises:
            PeerFault: without culprits when the hashes differ; nothing is installed.
        """

@final
class SigningParty:
    """One node's part in one attempt at one threshold ECDSA signature (DKLs23, eprint 2023/765, Protocol 3.6).

    The methods are called once each, in the order round1, round2, round3, finish; anything else raises ``Spent``.
    Messages carry no header: their sender is the channel's. After an error the party is spent.
    """

    def __init__(self, *, table: PairTable, share: KeyShare, signers: Sequence[int], session: bytes, sign_id: bytes, digest: bytes) -> None:
        """Assemble the party.

        Args:
            table: holds a live set-up with every other signer.
            share: our share of the key; its purpose is ``pkp-ecdsa``.
            signers: exactly t seats, ascending, ours among them.
            session: session of the signature, 32 bytes.
            sign_id: H(session, attempt, H(proposal)), 32 bytes.
            digest: what is signed, 32 bytes; not ≡ 0 mod q.

        Raises:
            SetupGone: no live set-up with some signers; ``.seats`` names them.
            InvalidInput: any argument does not hold.
        """

    def round1(self) -> dict[Seat, bytes]:
        """Draw the nonce; return by receiver: commitment to R_i and the OT-extension message (26.7 kB).

        Raises:
            SetupGone: a set-up was destroyed since.
        """

    def round2(self, received: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        """Check round 1; return by receiver: decommitment, Γ, ψ, and the multiplication's τ (53.7 kB).

        Takes a ticket of every pair when it starts to compute, and returns only when all earlier tickets of these pairs
        have passed their checks. At most 16 tickets of a pair are open; more callers wait.

        Raises:
            CheckFailed: a consistency check failed; the set-up with the culprit is destroyed.
            SetupGone: another session's check failed meanwhile; our output is discarded.
            PeerFault: names the sender of a malformed message; nobody for a message that belongs to another session.
            InvalidInput: not exactly the other signers.
        """

    def round3(self, received: Mapping[Seat, bytes]) -> bytes:
        """Check round 2; return (u_i, w_i), 64 bytes, for all other signers.

        Raises:
            CheckFailed, SetupGone, PeerFault, InvalidInput: as in ``round2``.
        """

    def finish(self, received: Mapping[Seat, bytes]) -> tuple[bytes, bytes, int]:
        """Combine the others' (u, w) with ours; return (r, s, recovery id 0 or 1): low s, verified under the key.

        Raises:
            PeerFault: names the sender of a malformed message; nobody when the signature does not verify.
            InvalidInput: not exactly the other signers.
        """

def verify(public_key: bytes, digest: bytes, r: bytes, s: bytes, recovery_id: int) -> bool:
    """Return whether (r, s) is a low-s ECDSA signature of ``digest`` under ``public_key`` whose point has ``recovery_id``.

    Args:
        public_key: SEC1, 33 or 65 bytes.
        digest: 32 bytes.
        r: 32 bytes.
        s: 32 bytes.
        recovery_id: 0 or 1.

    Returns:
        False as well for anything malformed.
    """

def bls_combine(public_key: bytes, threshold: int, shares: Mapping[Seat, bytes] | Sequence[bytes], message: bytes) -> bytes:
    """Combine t shares to the signature of ``message``, 96 bytes, verified under ``public_key`` in one pairing product.

    The shares of the t lowest seats are used. Give them by sender: then a share that names another seat convicts its
    sender. In a sequence each counts under the seat that it names.

    Args:
        public_key: 48 bytes.
        threshold: t.
        shares: at least t of 97 bytes: seat ‖ point of G2.
        message: what was signed.

    Raises:
        CombinationFailed: names senders of malformed shares; nobody when the result does not verify: ask ``bls_verify_share``
            of each, with verification shares whose hash the chain has.
        InvalidInput: fewer than t shares, two different ones of one seat, or a malformed key.
    """

def bls_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether ``signature`` (96 bytes) signs ``message`` under ``public_key`` (48 bytes); False for anything malformed."""

def bls_verify_share(verification_share: bytes, message: bytes, share: bytes) -> bool:
    """Return whether ``share`` (97 bytes) is the share of ``message`` of the seat with ``verification_share`` (48 bytes).

    The caller looks the verification share up by the sender's seat. False for anything malformed.
    """

def ibe_encrypt(public_key: bytes, identity: bytes, plaintext: bytes) -> bytes:
    """Encrypt to an identity: Boneh–Franklin with Fujisaki–Okamoto, U ‖ V ‖ LEB128(len W) ‖ W ‖ 2 (docs/protocol/bls.md).

    Args:
        public_key: the network's encryption key, 48 bytes.
        identity: ``lit-accesscontrolcondition://<hash of the conditions>/<SHA-256 of the plaintext>``, lower-case hexadecimal.
        plaintext: any length; it is held in memory.

    Raises:
        InvalidInput: malformed key or identity.
    """

def ibe_decrypt(ciphertext: bytes, signature: bytes) -> bytes:
    """Decrypt with the signature over the identity, 96 bytes.

    Raises:
        InvalidCiphertext: the ciphertext is not canonical, or does not open under this signature; one error for all.
    """

def ibe_check(ciphertext: bytes) -> None:
    """Check that a ciphertext is canonical, as far as its encoding shows.

    Raises:
        InvalidCiphertext: it is not.
    """

def derive_public_key(roots: Sequence[bytes], derived_key_id: bytes) -> bytes:
    """Return the public key, SEC1 uncompressed, 65 bytes, that ten root keys (SEC1 of either form, in the chain's order) give for an id.

    Raises:
        InvalidInput: not ten distinct points, an id of another length than 32 bytes, or one of which no key is derived.
    """

def harden_process() -> None:
    """Switch core dumps off and make the process not dumpable (Linux: RLIMIT_CORE 0, PR_SET_DUMPABLE 0).

    Raises:
        OurError: the operating system refuses.
    """

def mark_fork() -> None:
    """Note that this process is a fork: every handle made before is unusable from now on."""

@final
class FrameReader:
    """Reads the frames of one peer; see ``votive.net.frame`` for their layout."""

    def __new__(cls, *, kinds: Sequence[tuple[Kind, int, int, int]], sender: Seat, envelope: type[Envelope]) -> FrameReader:
        """Take all kinds, each with its number and the least and the greatest length of what follows the prefix.

        A least length of 0 means a word of the link itself, that belongs to no session.
        """

    def cut(self, window: bytearray, filled: int) -> tuple[list[Cut], int]:
        """Return the frames that are whole in the first ``filled`` bytes, and where they end.

        Stops before a frame that is not whole, and before a prefix that may not come: ``read_prefix`` says which it is.
        """

    def read(self, kind: int, body: bytearray) -> Cut:
        """Return the frame whose body this is. ValueError unless its length is at least its kind's least."""

Cut = tuple[Kind, bytes, int, bytes, Envelope | bytes]
"""Kind, session, receiver, signature and envelope of a frame; or kind, b"", 0, b"" and the body, of a word of the link itself."""

def statement_hash(network: bytes, session: bytes, kind: int, attempt: int, sender: int, receiver: int, payload: bytes, /) -> bytes:
    """Return the 32 bytes that the sender of ``payload`` signs; see ``votive.net.evidence``."""

@final
class WalletKey:
    """The key of a chain account, one of the two secrets that Python may hold; called with a hash of 32 bytes, it signs it."""

    def __new__(cls, private_key: bytes) -> WalletKey:
        """Take 32 bytes; ValueError if they are no private key."""

    def __call__(self, digest: bytes) -> bytes:
        """Return r ‖ s ‖ v, 65 bytes, v 27 or 28, s low (RFC 6979)."""

def recover_wallet(digest: bytes, signature: bytes) -> bytes | None:
    """Return the uncompressed public key (65 bytes) that signed ``digest``; None unless r ‖ s ‖ v is the one canonical form.

    ValueError unless ``digest`` has 32 bytes.
    """
