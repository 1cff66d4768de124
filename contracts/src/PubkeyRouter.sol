// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {DoubleEndedQueue} from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";
import {Bls12381} from "./Bls12381.sol";
import {HDKeyDeriver} from "./HDKeyDeriver.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";
import {IStaking} from "./IStaking.sol";
import {Secp256k1} from "./Secp256k1.sol";

/// @title Register of the public keys that the nodes generated, and of those derived from them
/// @notice A key exists when more than two thirds of the nodes voted for the same tuple (epoch, batch, purpose, scheme,
/// key, hash of the verification shares, hash of the transcript, deadline). Nobody else can register, change or remove
/// one. Keys whose purpose begins with "pkp-" wait in a first-in-first-out queue until they are minted; the others are
/// the network's own, never minted, never routed, and listed by purpose. A purpose has one scheme, for ever.
/// The first ten keys of the purpose "root-ecdsa" are the network's root keys, and later ones change nothing. A key
/// derived from them is routed when more than two thirds of the nodes signed that its claimer may have it: once.
contract PubkeyRouter is IPubkeyRouter, EIP712 {
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;

    /// @notice What a vote says of all its keys.
    /// @param epoch the epoch whose committee generated the keys
    /// @param batch number of the batch within epoch and purpose, from 1
    /// @param purpose ASCII, padded with zero bytes, such as "pkp-ecdsa"
    /// @param scheme signature scheme, 2 for ECDSA on secp256k1, 1 for BLS12-381 with keys in G1; the purpose's own
    /// @param deadlineBlock votes count up to and including this block
    /// @param transcriptHash hash of the ceremony as every node saw it
    struct BatchHeader {
        uint64 epoch;
        uint64 batch;
        bytes32 purpose;
        uint256 scheme;
        uint64 deadlineBlock;
        bytes32 transcriptHash;
    }

    /// @notice What a vote says of one key: public key (65 bytes for ECDSA, 48 for BLS), hash of the public verification
    /// shares.
    struct KeyVote {
        bytes publicKey;
        bytes32 verificationHash;
    }

    /// @notice A registered key. `registered` is false, and all else empty, for an unknown token id.
    struct RegisteredKey {
        bool registered;
        bool mintable;
        bytes publicKey;
        bytes32 verificationHash;
        BatchHeader header;
    }

    /// @notice Lit's view of a key; `derivedKeyId` is zero for a generated one.
    struct PubkeyRoutingData {
        bytes pubkey;
        uint256 keyType;
        bytes32 derivedKeyId;
    }

    /// @dev The public key in two words: x and y for ECDSA, the first 32 and the last 16 bytes for BLS.
    struct Key {
        bytes32 first;
        bytes32 second;
        bytes32 verificationHash;
        bytes32 batchId;
    }

    /// @dev A claimed key; `id` is 0 if there is none.
    struct DerivedKey {
        bytes32 id;
        bytes32 x;
        bytes32 y;
    }

    /// @notice Root keys of a network: no key is derived before there are so many.
    uint256 public constant ROOT_KEYS = 10;
    /// @notice ECDSA on secp256k1; uncompressed keys of 65 bytes.
    uint256 public constant SCHEME_ECDSA_SECP256K1 = 2;
    /// @notice Signatures and identity-based encryption on BLS12-381; compressed keys of 48 bytes, in G1.
    uint256 public constant SCHEME_BLS12381_G1 = 1;
    bytes4 private constant MINTABLE_PREFIX = "pkp-";
    bytes32 private constant PKP_ECDSA = "pkp-ecdsa";
    bytes32 private constant ROOT_ECDSA = "root-ecdsa";
    bytes32 private constant ENCRYPTION_BLS = "encryption-bls";
    bytes32 private constant SESSION_BLS = "session-bls";

    bytes32 private constant CLAIM_TYPE = keccak256("Claim(bytes32 derivedKeyId,address minter)");
    /// @dev In the place of the minter in a claim that anyone may mint.
    address private constant ANYONE = address(0);
    uint256 private constant ID_LENGTH = 32;
    uint256 private constant ID_AND_MINTER_LENGTH = 52;

    IStaking private immutable _staking;
    address private immutable _pkpNft;
    HDKeyDeriver private immutable _deriver;

    mapping(uint256 tokenId => Key) private _keys;
    mapping(uint256 tokenId => DerivedKey) private _derived;
    mapping(uint256 tokenId => uint256 seatBitmap) private _voters;
    mapping(bytes32 tupleHash => uint256 votes) private _votes;
    mapping(bytes32 batchId => BatchHeader) private _batches;
    mapping(bytes32 batchId => mapping(uint256 seat => bytes32 headerHash)) private _ballots;
    mapping(bytes32 lineId => uint256 batch) private _highestBatch;
    mapping(uint256 scheme => DoubleEndedQueue.Bytes32Deque) private _unminted;
    mapping(bytes32 purpose => uint256[] tokenIds) private _ownKeys;
    mapping(address ethAddress => uint256 tokenId) private _tokenOf;

    /// @notice A node voted for a key.
    event KeyVoted(uint256 indexed tokenId, address indexed nodeAddress, bytes32 tupleHash);
    /// @notice Enough nodes voted for the same tuple: the key exists.
    event KeyRegistered(
        uint256 indexed tokenId, bytes32 indexed purpose, uint64 epoch, uint64 batch, bytes32 verificationHash
    );
    /// @notice Lit's event for a key that can be minted.
    event PubkeyRoutingDataSet(
        uint256 indexed tokenId, bytes pubkey, address stakingContract, uint256 keyType, bytes32 derivedKeyId
    );

    error NotANode(address account);
    error WrongEpoch(uint256 voted, uint256 current);
    error DeadlinePassed(uint256 deadlineBlock, uint256 blockNumber);
    error EmptyVote();
    error InvalidBatchNumber();
    error UnknownPurpose(bytes32 purpose);
    error WrongScheme(bytes32 purpose, uint256 scheme);
    error AlreadyVoted(uint256 tokenId, uint256 seat);
    error EquivocatingVote(bytes32 batchId, uint256 seat);
    error KeyAlreadyRegistered(uint256 tokenId);
    error OnlyPkpNft(address caller);
    error NoUnmintedKey(uint256 keyType);
    error UnknownStaking(address staking);
    error RootKeysMissing(uint256 registered, uint256 needed);
    error NotDerivable(bytes32 derivedKeyId);
    error ClaimNotGranted(bytes32 derivedKeyId, address minter);
    error AlreadyClaimed(uint256 tokenId);

    constructor(IStaking staking, address pkpNft, HDKeyDeriver deriver) EIP712("Votive", "1") {
        _staking = staking;
        _pkpNft = pkpNft;
        _deriver = deriver;
    }

    // ---------------------------------------------------------------- votes

    /// @notice Vote for keys of one batch. A node votes once for a key and never for two versions of a batch.
    /// @dev A vote for a key that others already registered with the same tuple is recorded and changes nothing, so
    /// that the slowest node's transaction does not fail.
    /// @param header what the keys have in common
    /// @param keys the keys; any part of the batch, in as many transactions as needed
    function voteForKeys(BatchHeader calldata header, KeyVote[] calldata keys) external {
        (uint256 seat, uint256 epochNumber, uint256 threshold) = _staking.votingRights(msg.sender);
        if (seat == 0) revert NotANode(msg.sender);
        if (header.epoch != epochNumber) revert WrongEpoch(header.epoch, epochNumber);
        if (keys.length == 0) revert EmptyVote();
        _checkHeader(header);
        bytes32 headerHash = keccak256(abi.encode(header));
        _cast(header, headerHash, seat);
        for (uint256 i; i < keys.length; ++i) _voteForKey(header, headerHash, keys[i], seat, threshold);
    }

    /// @notice The hash under which equal votes add up.
    function tupleHash(BatchHeader calldata header, KeyVote calldata key) external pure returns (bytes32) {
        return _tupleHash(keccak256(abi.encode(header)), uint256(keccak256(key.publicKey)), key.verificationHash);
    }

    /// @notice How many nodes voted for a tuple.
    function votesFor(bytes32 tuple) external view returns (uint256) {
        return _votes[tuple];
    }

    /// @notice For each key, whether `node` has voted for it, in whatever version.
    function hasVoted(address node, uint256[] calldata tokenIds) external view returns (bool[] memory voted) {
        (uint256 seat,,) = _staking.votingRights(node);
        voted = new bool[](tokenIds.length);
        for (uint256 i; i < tokenIds.length; ++i) voted[i] = seat != 0 && _voters[tokenIds[i]] & (1 << seat) != 0;
    }

    // ---------------------------------------------------------------- keys

    /// @notice The registered keys among `tokenIds`, in that order, of every purpose.
    function getKeys(uint256[] calldata tokenIds) external view returns (RegisteredKey[] memory keys) {
        keys = new RegisteredKey[](tokenIds.length);
        for (uint256 i; i < tokenIds.length; ++i) keys[i] = _registeredKey(tokenIds[i]);
    }

    /// @notice The network's own keys of one purpose, the oldest first. Empty for a purpose whose keys are minted: those
    /// are found by their tokens.
    function getKeysOfPurpose(bytes32 purpose) external view returns (uint256[] memory) {
        return _ownKeys[purpose];
    }

    /// @notice The batch as its first registered key fixed it; `batch` is 0 if none of its keys is registered.
    function getBatch(uint64 epoch, uint64 batch, bytes32 purpose) external view returns (BatchHeader memory) {
        return _batches[_batchId(epoch, batch, purpose)];
    }

    /// @notice One more than the highest batch of this epoch and purpose that has a registered key.
    function nextBatch(uint64 epoch, bytes32 purpose) external view returns (uint256) {
        return _highestBatch[keccak256(abi.encode(epoch, purpose))] + 1;
    }

    /// @notice How many keys of `keyType` wait to be minted.
    function getUnmintedRoutedTokenIdCount(uint256 keyType) external view returns (uint256) {
        return _unminted[keyType].length();
    }

    /// @inheritdoc IPubkeyRouter
    function takeNext(uint256 keyType) external returns (uint256 tokenId) {
        if (msg.sender != _pkpNft) revert OnlyPkpNft(msg.sender);
        if (_unminted[keyType].empty()) revert NoUnmintedKey(keyType);
        return uint256(_unminted[keyType].popFront());
    }

    // ---------------------------------------------------------------- derived keys

    /// @inheritdoc IPubkeyRouter
    /// @dev Signatures that name nobody are anybody's; those that name another account are worth nothing here.
    function claim(bytes32 derivedKeyId, address minter, Signature[] calldata signatures)
        external
        returns (uint256 tokenId)
    {
        if (msg.sender != _pkpNft) revert OnlyPkpNft(msg.sender);
        bool granted = _granted(derivedKeyId, minter, signatures) || _granted(derivedKeyId, ANYONE, signatures);
        if (!granted) revert ClaimNotGranted(derivedKeyId, minter);
        return _routeDerived(derivedKeyId, _derive(derivedKeyId));
    }

    /// @notice Whether more than two thirds of the nodes signed a claim.
    /// @dev The order of the signatures is free. A second one of the same node counts for nothing, in whatever form, and
    /// neither does that of a stranger, so that one node's rubbish spoils no claim.
    /// @param signatures of the nodes' wallets under the EIP-712 structure Claim(bytes32 derivedKeyId,address minter)
    /// @param signedMessage the derived key's id, 32 bytes, for a claim that anyone may mint; or the id and the address
    /// of the only account that may, 52 bytes
    /// @param stakingContract the network's registry of nodes; there is no other
    function checkNodeSignatures(Signature[] calldata signatures, bytes calldata signedMessage, address stakingContract)
        external
        view
        returns (bool)
    {
        if (stakingContract != address(_staking)) return false;
        if (signedMessage.length == ID_LENGTH) return _granted(bytes32(signedMessage), ANYONE, signatures);
        if (signedMessage.length != ID_AND_MINTER_LENGTH) return false;
        return _granted(bytes32(signedMessage), address(bytes20(signedMessage[ID_LENGTH:])), signatures);
    }

    /// @notice The ten root keys in their order; empty until all ten are registered.
    function getRootKeys(address stakingContract) external view returns (RootKey[] memory) {
        _checkStaking(stakingContract);
        return _ownKeys[ROOT_ECDSA].length < ROOT_KEYS ? new RootKey[](0) : _rootKeys();
    }

    /// @notice The public key of a derived key, claimed or not, 65 bytes.
    function getDerivedPubkey(address stakingContract, bytes32 derivedKeyId) external view returns (bytes memory) {
        _checkStaking(stakingContract);
        return _derive(derivedKeyId);
    }

    // ---------------------------------------------------------------- interface of Lit's SDK

    /// @notice Whether the key exists and is, or was, mintable, or is claimed.
    function isRouted(uint256 tokenId) public view returns (bool) {
        return _isMintable(_batches[_keys[tokenId].batchId].purpose) || _isClaimed(tokenId);
    }

    /// @notice Lit's view of a mintable or claimed key; empty for all others.
    function getRoutingData(uint256 tokenId) public view returns (PubkeyRoutingData memory) {
        if (!isRouted(tokenId)) return PubkeyRoutingData("", 0, 0);
        (bytes32 x, bytes32 y) = _routedPoint(tokenId);
        return PubkeyRoutingData(Secp256k1.encode(x, y), SCHEME_ECDSA_SECP256K1, _derived[tokenId].id);
    }

    /// @notice The same as `getRoutingData`.
    function pubkeys(uint256 tokenId) external view returns (PubkeyRoutingData memory) {
        return getRoutingData(tokenId);
    }

    /// @inheritdoc IPubkeyRouter
    function getPubkey(uint256 tokenId) external view returns (bytes memory) {
        return getRoutingData(tokenId).pubkey;
    }

    /// @inheritdoc IPubkeyRouter
    function getEthAddress(uint256 tokenId) external view returns (address) {
        if (!isRouted(tokenId)) return address(0);
        (bytes32 x, bytes32 y) = _routedPoint(tokenId);
        return Secp256k1.toAddress(x, y);
    }

    /// @inheritdoc IPubkeyRouter
    function ethAddressToPkpId(address ethAddress) external view returns (uint256) {
        return _tokenOf[ethAddress];
    }

    /// @notice The Ethereum address of a 65-byte public key.
    function deriveEthAddressFromPubkey(bytes calldata pubkey) external pure returns (address) {
        (bytes32 x, bytes32 y) = Secp256k1.coordinates(pubkey);
        return Secp256k1.toAddress(x, y);
    }

    /// @notice The token contract.
    function getPkpNftAddress() external view returns (address) {
        return _pkpNft;
    }

    /// @notice The registry of nodes.
    function getStakingAddress() external view returns (address) {
        return address(_staking);
    }

    /// @notice The arithmetic of derived keys.
    function getHdKeyDeriverAddress() external view returns (address) {
        return address(_deriver);
    }

    // ---------------------------------------------------------------- inside

    function _checkHeader(BatchHeader calldata header) private view {
        if (block.number > header.deadlineBlock) revert DeadlinePassed(header.deadlineBlock, block.number);
        if (header.batch == 0) revert InvalidBatchNumber();
        if (header.scheme != _schemeOf(header.purpose)) revert WrongScheme(header.purpose, header.scheme);
    }

    /// @dev All purposes that there are. A key of another purpose, or under another scheme, can never exist: no
    /// encryption key becomes a token whose owner signs with it.
    function _schemeOf(bytes32 purpose) private pure returns (uint256) {
        if (purpose == PKP_ECDSA || purpose == ROOT_ECDSA) return SCHEME_ECDSA_SECP256K1;
        if (purpose == ENCRYPTION_BLS || purpose == SESSION_BLS) return SCHEME_BLS12381_G1;
        revert UnknownPurpose(purpose);
    }

    /// @dev Binds a node to the first version of a batch that it voted for.
    function _cast(BatchHeader calldata header, bytes32 headerHash, uint256 seat) private {
        bytes32 batchId = _batchId(header.epoch, header.batch, header.purpose);
        bytes32 ballot = _ballots[batchId][seat];
        if (ballot == 0) _ballots[batchId][seat] = headerHash;
        else if (ballot != headerHash) revert EquivocatingVote(batchId, seat);
    }

    function _voteForKey(
        BatchHeader calldata header,
        bytes32 headerHash,
        KeyVote calldata key,
        uint256 seat,
        uint256 threshold
    ) private {
        (bytes32 first, bytes32 second) = _words(key.publicKey, header.scheme);
        uint256 tokenId = uint256(keccak256(key.publicKey));
        uint256 voters = _voters[tokenId];
        if (voters & (1 << seat) != 0) revert AlreadyVoted(tokenId, seat);
        _voters[tokenId] = voters | (1 << seat);
        bytes32 tuple = _tupleHash(headerHash, tokenId, key.verificationHash);
        emit KeyVoted(tokenId, msg.sender, tuple);
        if (++_votes[tuple] != threshold) return;
        bytes32 batchId = _settleBatch(header);
        _registerKey(header, tokenId, Key(first, second, key.verificationHash, batchId));
    }

    function _registerKey(BatchHeader calldata header, uint256 tokenId, Key memory key) private {
        if (_keys[tokenId].batchId != 0 || _isClaimed(tokenId)) revert KeyAlreadyRegistered(tokenId);
        _keys[tokenId] = key;
        emit KeyRegistered(tokenId, header.purpose, header.epoch, header.batch, key.verificationHash);
        if (_isMintable(header.purpose)) _stock(header.scheme, tokenId, key);
        else _ownKeys[header.purpose].push(tokenId);
    }

    /// @dev All mintable purposes are ECDSA's.
    function _stock(uint256 scheme, uint256 tokenId, Key memory key) private {
        _tokenOf[Secp256k1.toAddress(key.first, key.second)] = tokenId;
        _unminted[scheme].pushBack(bytes32(tokenId));
        emit PubkeyRoutingDataSet(tokenId, Secp256k1.encode(key.first, key.second), address(_staking), scheme, 0);
    }

    /// @dev The first registered key fixes the batch's header. No other version can register anything after it: its t
    /// voters are bound to this one, and less than t nodes are left.
    function _settleBatch(BatchHeader calldata header) private returns (bytes32 batchId) {
        batchId = _batchId(header.epoch, header.batch, header.purpose);
        if (_batches[batchId].batch != 0) return batchId;
        _batches[batchId] = header;
        bytes32 line = keccak256(abi.encode(header.epoch, header.purpose));
        if (header.batch > _highestBatch[line]) _highestBatch[line] = header.batch;
    }

    function _registeredKey(uint256 tokenId) private view returns (RegisteredKey memory registered) {
        Key storage key = _keys[tokenId];
        if (key.batchId == 0) return registered;
        BatchHeader storage header = _batches[key.batchId];
        bool mintable = _isMintable(header.purpose);
        return RegisteredKey(true, mintable, _publicKey(key, header.scheme), key.verificationHash, header);
    }

    /// @dev Whether t nodes of the current committee signed that `minter` may have the key.
    function _granted(bytes32 derivedKeyId, address minter, Signature[] calldata signatures) private view returns (bool) {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(CLAIM_TYPE, derivedKeyId, minter)));
        uint256 missing = _staking.currentValidatorCountForConsensus();
        uint256 signed;
        for (uint256 i; i < signatures.length && missing > 0; ++i) {
            address signer = ecrecover(digest, signatures[i].v, signatures[i].r, signatures[i].s);
            (uint256 seat,,) = _staking.votingRights(signer);
            if (seat == 0 || signed & (1 << seat) != 0) continue;
            signed |= 1 << seat;
            --missing;
        }
        return missing == 0;
    }

    function _routeDerived(bytes32 derivedKeyId, bytes memory publicKey) private returns (uint256 tokenId) {
        tokenId = uint256(keccak256(publicKey));
        if (_isClaimed(tokenId)) revert AlreadyClaimed(tokenId);
        if (_keys[tokenId].batchId != 0) revert KeyAlreadyRegistered(tokenId);
        (bytes32 x, bytes32 y) = Secp256k1.split(publicKey);
        _derived[tokenId] = DerivedKey(derivedKeyId, x, y);
        _tokenOf[Secp256k1.toAddress(x, y)] = tokenId;
        emit PubkeyRoutingDataSet(tokenId, publicKey, address(_staking), SCHEME_ECDSA_SECP256K1, derivedKeyId);
    }

    /// @dev The id 0 is what a generated key has in its place.
    function _derive(bytes32 derivedKeyId) private view returns (bytes memory) {
        (bool exists, bytes memory publicKey) =
            _deriver.computeHDPubKey(derivedKeyId, _rootKeys(), SCHEME_ECDSA_SECP256K1);
        if (!exists || derivedKeyId == 0) revert NotDerivable(derivedKeyId);
        return publicKey;
    }

    function _rootKeys() private view returns (RootKey[] memory roots) {
        uint256[] storage tokenIds = _ownKeys[ROOT_ECDSA];
        if (tokenIds.length < ROOT_KEYS) revert RootKeysMissing(tokenIds.length, ROOT_KEYS);
        roots = new RootKey[](ROOT_KEYS);
        for (uint256 i; i < ROOT_KEYS; ++i) {
            roots[i] = RootKey(_publicKey(_keys[tokenIds[i]], SCHEME_ECDSA_SECP256K1), SCHEME_ECDSA_SECP256K1);
        }
    }

    function _checkStaking(address staking) private view {
        if (staking != address(_staking)) revert UnknownStaking(staking);
    }

    function _isClaimed(uint256 tokenId) private view returns (bool) {
        return _derived[tokenId].id != 0;
    }

    /// @dev All routed keys are ECDSA's.
    function _routedPoint(uint256 tokenId) private view returns (bytes32 x, bytes32 y) {
        if (_isClaimed(tokenId)) return (_derived[tokenId].x, _derived[tokenId].y);
        return (_keys[tokenId].first, _keys[tokenId].second);
    }

    function _words(bytes calldata publicKey, uint256 scheme) private pure returns (bytes32, bytes32) {
        if (scheme == SCHEME_BLS12381_G1) return Bls12381.words(publicKey);
        return Secp256k1.coordinates(publicKey);
    }

    function _publicKey(Key storage key, uint256 scheme) private view returns (bytes memory) {
        if (scheme == SCHEME_BLS12381_G1) return Bls12381.encode(key.first, key.second);
        return Secp256k1.encode(key.first, key.second);
    }

    function _isMintable(bytes32 purpose) private pure returns (bool) {
        return bytes4(purpose) == MINTABLE_PREFIX;
    }

    function _batchId(uint64 epoch, uint64 batch, bytes32 purpose) private pure returns (bytes32) {
        return keccak256(abi.encode(epoch, batch, purpose));
    }

    function _tupleHash(bytes32 headerHash, uint256 tokenId, bytes32 verificationHash) private pure returns (bytes32) {
        return keccak256(abi.encode(headerHash, tokenId, verificationHash));
    }
}
