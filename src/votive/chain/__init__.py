"""The only room that speaks to the chain: reads that decide anything are pinned to a final block, votes are sent once.

Hot path (msgspec over a small HTTP client; no wallet library, see ``docs/decisions/0013``):

* ``endpoints``    ``Endpoints``: an ordered list of endpoints, with a quorum of equal answers
* ``rpc``          ``Rpc``: JSON-RPC of an EVM chain over them
* ``finality``     ``Finality``, ``Block``, ``FinalBlocks``: which block is final
* ``registry``     ``Registry``: the network's contracts and its committee
* ``blocks``       ``Blocks``: a block by its hash, the newest hashes
* ``permissions``  ``Permissions``: owner, permitted actions, addresses and authentication methods with their scopes
* ``keys``         ``Keys``: registered keys, the network's own by purpose, stock, next batch, who voted
* ``votes``        ``Votes``: a node's votes for generated keys
* ``wallet``       ``Wallet``, ``Mining``: transactions signed, sent and waited for
* ``capacity``     ``Capacity``: capacity tokens (RateLimitNFT) and whose they are
* ``wallets``      ``ContractWallets``: signatures of contract wallets (EIP-1271), whatever the contract does
* ``named``        ``Chains``: other chains by name (EVM, Solana, Cosmos), for conditions
* ``events``       ``Watcher``: wakes the node when the contracts said something
* ``token``        token ids and Ethereum addresses of public keys

Administration:

* ``deploy``       ``deploy``: a network's contracts with its nodes registered
* ``artifact``     the compiled contracts (ABI and code), built from ``contracts/`` and shipped as ``artifacts/*.json``

Errors are in ``errors``. Blocks, addresses (EIP-55 text), token ids (int) and public keys (bytes) are plain values.
"""
