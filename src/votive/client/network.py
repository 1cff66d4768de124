"""A network as a user sees it: mint keys, say who may use them, run actions, get signatures."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from votive.client import abi
from votive.client.arguments import Token, action_fields, address_of, cid_of_action, grantee_of, to_sign, token_of
from votive.client.ask import Answer
from votive.client.auth_sig import Origin
from votive.client.claim import PATH as CLAIM_PATH
from votive.client.claim import Claiming, claims_of, notaries_of, one_method
from votive.client.combine import Reading, commonest, first_signature, keys_of
from votive.client.decryption import Gathering, told
from votive.client.encrypted import Encrypted
from votive.client.encryption import decrypt, decrypt_file, encrypt, encrypt_file, read
from votive.client.envelope import Progress, unwatched
from votive.client.errors import BadArgument
from votive.client.minting import mint, mint_claimed
from votive.client.network_key import Holders, NetworkKey, verification_shares
from votive.client.owner import change
from votive.client.pkp_session import PATH, Method, Signing, draft, shown
from votive.client.provenance import Claim, Verdict, examine
from votive.client.recipient import Recipient, Written, recipient_of
from votive.client.refusal import opinions_of, refusal
from votive.client.registry import ECDSA, Committee, Registry
from votive.client.request import Asked, Asker, Requests, asker
from votive.client.results import Decrypted, DecryptedFile, ExecuteResult, KeyClaim, KeyState, Minted, Pkp, SignResult, Transaction
from votive.client.session import Delegation, Session, Wanted, capabilities_of, delegate, is_fresh, written
from votive.client.session_store import SessionStore
from votive.client.transactions import Sender
from votive.client.wallet import ContractWallet, Wallet, asker_of, wallet_of
from votive.ipfs import multihash_of
from votive.terms.auth_method import LIT_APP, method_ids
from votive.terms.encoding import hex0x

if TYPE_CHECKING:
    import aiohttp
    from eth_account.signers.local import LocalAccount

    Account = Wallet | LocalAccount | str
    """Who pays or asks: a wallet, an ``eth_account`` account, or a private key in hex."""
    AskingAccount = Account | ContractWallet
    """Who asks: the same, or a wallet that is a contract."""

SIGN_SECONDS = 15.0
"""Nodes end a signing session after 8 s at most."""
EXECUTE_SECONDS = 65.0
"""Nodes answer a request after 60 s at most."""
DECRYPT_SECONDS = 20.0
"""Nodes read several chains for one decryption."""
STOCK_SECONDS = 30.0
SESSION_LIFETIME = timedelta(days=1)
SIGN_ANYTHING, PERSONAL_SIGN = 1, 2
"""Scopes of the contracts: whoever has the first may have any digest signed, with the second personal messages (EIP-191) only."""


class Network:
    """One Votive network. Made by ``votive.connect``; usable until its ``async with`` block ends."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        registry: Registry,
        committee: Committee,
        ipfs_api: str | None,
        gateways: Sequence[str],
        origin: Origin,
        chain_name: str,
    ) -> None:
        self.registry = registry
        self.committee = committee
        self.ipfs_api = ipfs_api
        self.gateways = tuple(gateways)
        self.chain_name = chain_name
        """What conditions call the network's own chain."""
        self._http = session
        self._requests = Requests(session, committee.nodes, epoch=committee.epoch, chain_id=registry.chain_id, origin=origin)
        self._sender = Sender(registry.rpc, registry.chain_id)

    # ------------------------------------------------------------------ keys

    async def mint(self, *, account: Account, wait_for_stock: float = STOCK_SECONDS) -> Minted:
        """Mint the oldest key of the nodes' stock; ``account`` pays and owns it. Waits so many seconds if the stock is empty."""
        return await mint(self.registry, self._sender, wallet_of(account), abi.MINT_NEXT.call(ECDSA), patience=wait_for_stock)

    async def mint_grant_burn(self, *, action: str, account: Account, wait_for_stock: float = STOCK_SECONDS) -> Minted:
        """Mint a key, permit only ``action`` (a CID), and burn the token, in one transaction paid by ``account``.

        From then on nothing but that action can ever use the key, and nobody can change that.
        """
        call = abi.MINT_GRANT_AND_BURN_NEXT.call(ECDSA, multihash_of(action))
        return await mint(self.registry, self._sender, wallet_of(account), call, patience=wait_for_stock)

    async def claim(self, *, method: Method, account: Account) -> Minted:
        """Mint the key that belongs to whoever ``method`` proves to be; ``account`` pays and owns it.

        Every user of every application has one key, which follows from his name; it can be claimed once, for ever.

        Args:
            method: a wallet, or an ``AuthMethod`` with a token of Google, Apple or Discord, or what proves the user for one challenge.
            account: whose address the nodes sign for: with their signatures nobody else can mint the key.

        Raises:
            Refused: the nodes refused; code, message and details are theirs.
            NoValidSignature, Unreachable: too few nodes signed.
            TransactionFailed: the chain refuses: the key was claimed before.
        """
        minter, block = wallet_of(account), await self.registry.newest_block()
        show = shown(method, block_hash=block.hash, chain_id=self.registry.chain_id, origin=self._requests.origin)
        notaries = notaries_of(self.registry, self.committee)
        claiming = Claiming(notaries, minter.address)
        body = {"minter": minter.address}
        asked = await self._requests.ask(CLAIM_PATH, body, asker=one_method(show), patience=SIGN_SECONDS, enough=claiming.enough)
        await claiming.enough(asked.answers)
        claim = notaries.together(claiming.words, await self.registry.root_keys())
        if claim is None:
            raise refusal(asked.answers, claiming.faults, len(self.committee.nodes))
        return await self.mint_claimed(claim, account=minter)

    async def mint_claimed(self, claim: KeyClaim, *, account: Account) -> Minted:
        """Mint a key that an action claimed (``ExecuteResult.claims``); ``account`` pays and owns it."""
        return await mint_claimed(self.registry, self._sender, wallet_of(account), claim)

    async def grant(
        self,
        token: Token,
        *,
        account: Account,
        action: str | None = None,
        address: str | None = None,
        scopes: Sequence[int] = (SIGN_ANYTHING,),
    ) -> Transaction:
        """Permit an action (CID) or an address to use a key that ``account`` owns."""
        who = grantee_of(action, address)
        function = abi.ADD_ACTION if isinstance(who, bytes) else abi.ADD_ADDRESS
        return await self._change(account, token, function.call(token_of(token), who, list(scopes)))

    async def revoke(self, token: Token, *, account: Account, action: str | None = None, address: str | None = None) -> Transaction:
        """End what ``grant`` permitted."""
        who = grantee_of(action, address)
        function = abi.REMOVE_ACTION if isinstance(who, bytes) else abi.REMOVE_ADDRESS
        return await self._change(account, token, function.call(token_of(token), who))

    async def grant_method(
        self,
        token: Token,
        *,
        account: Account,
        method_type: int,
        user: str,
        application: str = LIT_APP,
        public_key: bytes = b"",
        scopes: Sequence[int] = (SIGN_ANYTHING,),
    ) -> Transaction:
        """Let whoever proves by an authentication method to be ``user`` of ``application`` use a key that ``account`` owns.

        Args:
            token: the key.
            account: its owner, who pays.
            method_type: a ``terms.auth_method.MethodType``, or a type that the nodes' operators configured.
            user: as its provider names him (``sub``); a passkey's raw id in base64url; an address.
            application: as the provider names it (``aud``, a client id).
            public_key: of a passkey, a COSE_Key (RFC 9053); nodes check its assertions with it.
            scopes: 1 signs anything, 2 personal messages (EIP-191) only.
        """
        method = (method_type, method_ids(method_type, user, application)[0], public_key)
        return await self._change(account, token, abi.ADD_METHOD.call(token_of(token), method, list(scopes)))

    async def revoke_method(
        self, token: Token, *, account: Account, method_type: int, user: str, application: str = LIT_APP
    ) -> Transaction:
        """End what ``grant_method`` permitted."""
        identity = method_ids(method_type, user, application)[0]
        return await self._change(account, token, abi.REMOVE_METHOD.call(token_of(token), method_type, identity))

    async def transfer(self, token: Token, to: str, *, account: Account) -> Transaction:
        """Give the token, and with it the right to sign, to the address ``to``. Permissions stay as they are."""
        sender = wallet_of(account)
        call = abi.TRANSFER_FROM.call(sender.address, address_of(to), token_of(token))
        return await self._change(sender, token, call, self.registry.contracts.pkp_nft)

    async def burn(self, token: Token, *, account: Account) -> Transaction:
        """Burn the token: what is permitted stays so forever, and nobody can permit anything else."""
        return await self._change(account, token, abi.BURN.call(token_of(token)), self.registry.contracts.pkp_nft)

    async def key(self, token: Token) -> KeyState:
        """Read owner and permissions of a key."""
        return await self.registry.key_state(token_of(token))

    async def keys(self, owner: str | None = None) -> tuple[KeyState, ...]:
        """Read all minted keys, oldest first, burned ones included; or those that ``owner`` has now."""
        states = await asyncio.gather(*(self.registry.key_state(token) for token in await self.registry.minted()))
        wanted = None if owner is None else address_of(owner)
        return tuple(state for state in states if wanted is None or state.owner == wanted)

    # ------------------------------------------------------------------ actions

    async def publish(self, source: bytes) -> str:
        """Publish an action at the network's IPFS and return its CID."""
        from votive.ipfs.publish import publish  # noqa: PLC0415  # loads aiohttp

        if self.ipfs_api is None:
            raise BadArgument("this network names no place to publish at: give connect(…, ipfs_api=…) the base of an /api/v0/add")
        return await publish(self.ipfs_api, source)

    async def execute(
        self,
        action: str | bytes,
        params: Mapping[str, Any] | None = None,
        *,
        account: AskingAccount | None = None,
        session: Session | None = None,
    ) -> ExecuteResult:
        """Let every node run an action and return what most of them gave, its signatures verified.

        What is not signed is only as good as the nodes in the result's ``nodes``: where each node's response differs, that is one node.

        Args:
            action: a CID, or the source itself as bytes.
            params: globals of the action. Integers beyond 2^53 - 1 must be strings.
            account: whose wallet signs the request.
            session: signs instead of a wallet; it must be for this action.

        Raises:
            Refused: the nodes refused, or the action threw; code, message and details are theirs.
            NoValidSignature: no answer can be used.
            Unreachable: no node answered.
        """
        cid, body = cid_of_action(action), action_fields(action, "ipfsId", params)
        notaries = notaries_of(self.registry, self.committee)
        reading = Reading(partial(notaries.word_of_run, cid))
        asked = await self._requests.ask(
            "/web/execute", body, asker=asker(account, session), patience=EXECUTE_SECONDS, enough=partial(self._enough_runs, reading)
        )
        known = {key for key in keys_of(reading.runs(asked.answers)) if await self.registry.knows(key)}
        runs, faults = reading.with_keys(known)
        agreed = commonest(runs)
        if not agreed or len(agreed) < max((len(opinion.seats) for opinion in opinions_of(asked.answers)), default=0):
            raise refusal(asked.answers, faults, len(self.committee.nodes))
        return ExecuteResult(
            cid=cid,
            response=agreed[0].response,
            logs=agreed[0].logs,
            signatures=agreed[0].signatures,
            claims=await claims_of([run.claims for run in agreed], notaries, self.registry),
            request_id=asked.request_id,
            nodes=tuple(sorted(run.seat for run in agreed)),
            timings_ms=asked.timings(),
            faults=faults,
        )

    async def sign(
        self,
        token: Token,
        digest: bytes | str | None = None,
        *,
        message: bytes | str | None = None,
        account: AskingAccount | None = None,
        session: Session | None = None,
    ) -> SignResult:
        """Have something signed by a key that ``account``, or the wallet behind ``session``, owns or is permitted to use.

        Args:
            token: the key.
            digest: 32 bytes, signed as they are.
            message: in place of a digest, text or bytes. The nodes hash it by EIP-191 themselves: whoever may sign personal messages
                only (scope 2) may have it signed.
            account: whose wallet signs the request.
            session: signs instead of a wallet; it must be for this key.

        Raises:
            Refused: the nodes refused; code, message and details are theirs.
            NoValidSignature: no node gave a signature that verifies.
            Unreachable: no node answered.
        """
        wanted, signed = to_sign(digest, message)
        public_key = hex0x(await self.registry.public_key(token_of(token)))
        body = {**wanted, "pubkey": public_key}
        expected = {"public_key": public_key, "digest": hex0x(signed)}

        async def enough(answers: Sequence[Answer]) -> bool:
            return first_signature(answers, **expected)[0] is not None

        asked = await self._requests.ask("/web/pkp/sign", body, asker=asker(account, session), patience=SIGN_SECONDS, enough=enough)
        signature, seats, faults = first_signature(asked.answers, **expected)
        if signature is None:
            raise refusal(asked.answers, faults, len(self.committee.nodes))
        return SignResult(signature=signature, request_id=asked.request_id, nodes=seats, timings_ms=asked.timings(), faults=faults)

    # ------------------------------------------------------------------ encryption

    async def encrypt(self, data: bytes | str, conditions: Written, *, chain: str | None = None) -> Encrypted:
        """Encrypt ``data`` to ``conditions``: whoever meets them can decrypt it, and nobody else. No node is asked.

        Args:
            data: bytes, or text, which is encrypted as UTF-8.
            conditions: Lit's JSON (a list, or its text), or the words of docs/encryption.md, such as ``"owns(0x…, erc721)"``.
            chain: the chain that words mean which name none; by default the network's own.

        Raises:
            InvalidConditions: the conditions cannot be understood; the message says where.
        """
        plaintext = data.encode() if isinstance(data, str) else data
        return await asyncio.to_thread(encrypt, await self._recipient(conditions, chain), plaintext)

    async def encrypt_file(
        self, source: Path | str, destination: Path | str, conditions: Written, *, chain: str | None = None, progress: Progress = unwatched
    ) -> Encrypted:
        """Encrypt the file ``source`` into the JSON file ``destination``, without ever holding all of it.

        Args:
            source: what is encrypted.
            destination: what is written, whole or not at all.
            conditions: as in ``encrypt``.
            chain: as in ``encrypt``.
            progress: is told of so many bytes more that are done.

        Returns:
            What was written, without the content of its envelope if it has one.
        """
        recipient = await self._recipient(conditions, chain)
        return await asyncio.to_thread(encrypt_file, recipient, Path(source), Path(destination), progress)

    async def decrypt(self, encrypted: Encrypted, *, account: AskingAccount | None = None, session: Session | None = None) -> Decrypted:
        """Decrypt what was encrypted to conditions that ``account``, or the wallet behind ``session``, meets.

        Each node evaluates the conditions for itself; t of them must find that they hold.

        Raises:
            Refused: the conditions do not hold; ``details`` is the tree of what was looked at and seen.
            NotEnoughShares: too few nodes contributed.
            InvalidCiphertext: the ciphertext is no one's work but a forger's, or a damaged one.
        """
        asked, gathered, key = await self._unlock(encrypted, asker(account, session))
        data = await asyncio.to_thread(decrypt, encrypted, key, gathered.signature)
        return Decrypted(data=data, **told(asked, gathered))

    async def decrypt_file(
        self,
        source: Path | str,
        destination: Path | str,
        *,
        account: AskingAccount | None = None,
        session: Session | None = None,
        progress: Progress = unwatched,
    ) -> DecryptedFile:
        """Decrypt the file ``source``, as ``encrypt_file`` or Lit's SDK wrote it, into ``destination``.

        ``destination`` is there only when all of it was verified. Raises as ``decrypt`` does.
        """
        kept = await asyncio.to_thread(read, Path(source))
        asked, gathered, key = await self._unlock(kept.encrypted, asker(account, session))
        size = await asyncio.to_thread(decrypt_file, kept, Path(destination), key, gathered.signature, progress)
        return DecryptedFile(size=size, **told(asked, gathered))

    # ------------------------------------------------------------------ sessions

    async def session(
        self,
        account: AskingAccount,
        resources: Sequence[Wanted],
        *,
        lifetime: timedelta = SESSION_LIFETIME,
        store: SessionStore | None = None,
    ) -> Session:
        """Return a session of ``account`` for ``resources``: the one that was kept, if it still lives, or a new one.

        It is renewed when it is about to end, and kept sealed in the user's own state directory.

        Args:
            account: whose wallet delegates.
            resources: what the session may use: ``lit-pkp://TOKEN``, ``lit-litaction://CID``, ``lit-accesscontrolcondition://HASHES``, or
                ``terms.capability.Resource``; the wildcard ``*`` only where you write it.
            lifetime: at most 30 days.
            store: where it is kept.

        Raises:
            BadArgument: nothing is named, or what no session can use, or for too long; or it cannot be kept.
        """
        wallet, kept = asker_of(account), store or SessionStore()
        wanted = written(capabilities_of(resources))

        def renew() -> Delegation:
            origin, chain_id = self._requests.origin, self.registry.chain_id
            made = delegate(wallet, wanted, lifetime=lifetime, chain_id=chain_id, origin=origin)
            kept.keep(self.registry.network, made)
            return made

        found = await asyncio.to_thread(kept.find, self.registry.network, wallet.address, wanted)
        return Session(found if found is not None and is_fresh(found) else renew(), renew)

    async def pkp_session(
        self,
        token: Token,
        resources: Sequence[Wanted],
        *,
        method: Method | None = None,
        action: str | bytes | None = None,
        params: Mapping[str, Any] | None = None,
        lifetime: timedelta = SESSION_LIFETIME,
        store: SessionStore | None = None,
    ) -> Session:
        """Return a session of the key ``token`` itself, for whoever proves himself by a method that the key permits.

        It is kept sealed in the user's own state directory, and not renewed: when it ends, he proves himself again.

        Args:
            token: the key.
            resources: as in ``session``.
            method: an identity or access token with its type, a wallet, or what proves the user for one ``Challenge`` (``by_passkey``).
                Without it, and without an action, the session that was kept is taken.
            action: a permitted action (CID, or source as bytes) that is to decide; ``method`` is then for it to see.
            params: globals of the action.
            lifetime: at most 30 days.
            store: where it is kept.

        Raises:
            Refused: the nodes refused; ``details`` is the tree of what was tried.
            BadArgument: nobody asks, or for nothing that a session can use.
            NotEnoughShares, Unreachable: too few nodes took part.
        """
        pkp, kept = Pkp.of(await self.registry.public_key(token_of(token))), store or SessionStore()
        wanted = written(capabilities_of(resources))
        if method is None and action is None:
            found = await asyncio.to_thread(kept.find, self.registry.network, pkp.eth_address, wanted)
            if found is None or not is_fresh(found):
                raise BadArgument("no session of this key for these resources is kept: give a method or an action to open one.")
            return Session(found)
        fields = {} if action is None else action_fields(action, "litActionIpfsId", params)
        made = await self._open_session(pkp, wanted, method, fields, lifetime)
        await asyncio.to_thread(kept.keep, self.registry.network, made)
        return Session(made)

    async def verify(self, claim: Claim) -> Verdict:
        """Find out what chain, CID and signature prove together; see ``votive.client.provenance``."""
        return await examine(self.registry, claim, self.gateways)

    # ------------------------------------------------------------------ inside

    async def _open_session(
        self, pkp: Pkp, resources: Sequence[str], method: Method | None, action: Mapping[str, Any], lifetime: timedelta
    ) -> Delegation:
        key = await self.registry.session_key()
        block = await self.registry.newest_block()
        origin, chain_id = self._requests.origin, self.registry.chain_id
        made = draft(
            resources,
            public_key=pkp.public_key,
            address=pkp.eth_address,
            lifetime=lifetime,
            block=block,
            chain_id=chain_id,
            origin=origin,
        )
        signing = Signing(made, self._holders(key))
        show = shown(method, block_hash=block.hash, chain_id=chain_id, origin=origin)
        asked = await self._requests.ask(PATH, made.body(action), asker=show, patience=EXECUTE_SECONDS, enough=signing.enough, grace=0)
        if await signing.enough(asked.answers) and signing.delegation is not None:
            return signing.delegation
        raise signing.failure(asked.answers, len(self.committee.nodes))

    def _holders(self, key: NetworkKey) -> Holders:
        return Holders(
            public_key=key.public_key,
            threshold=self.committee.threshold,
            verification_shares=lambda: verification_shares(self._http, self.committee.nodes, key),
        )

    async def _recipient(self, conditions: Written, chain: str | None) -> Recipient:
        key = await self.registry.encryption_key()
        return recipient_of(key.public_key, conditions, chain or self.chain_name)

    async def _unlock(self, encrypted: Encrypted, asker: Asker) -> tuple[Asked, Gathering, bytes]:
        """Have the network sign what ``encrypted`` is encrypted to: that signature decrypts it."""
        key = await self.registry.encryption_key()
        gathering = Gathering(self._holders(key), encrypted.identity)
        asked = await self._requests.ask(
            "/web/encryption/sign", encrypted.request(), asker=asker, patience=DECRYPT_SECONDS, enough=gathering.enough, grace=0
        )
        if not await gathering.enough(asked.answers):
            raise gathering.failure(asked.answers, len(self.committee.nodes))
        return asked, gathering, key.public_key

    async def _enough_runs(self, reading: Reading, answers: Sequence[Answer]) -> bool:
        """Whether t nodes already agree on the outcome of a run."""
        if len(answers) < self.committee.threshold:
            return False
        return len(commonest(reading.runs(answers))) >= self.committee.threshold

    async def _change(self, account: Account, token: Token, data: bytes, contract: str = "") -> Transaction:
        to = contract or self.registry.contracts.pkp_permissions
        return await change(self.registry, self._sender, wallet_of(account), token_of(token), to=to, data=data)
