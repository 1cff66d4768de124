// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {IPKPNFTMetadata} from "./IPKPNFTMetadata.sol";
import {IPKPPermissions} from "./IPKPPermissions.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";

/// @title Programmable key pairs as ERC-721 tokens
/// @notice A token's id is keccak256 of its 65-byte public key. Its owner may grant and revoke the use of the key. The
/// contract's owner sets the price of minting and collects it, and has no power over any token or key.
/// @dev The first log of every mint is PKPMinted, that of a claim the second: Lit's SDK reads the token id there.
contract PKPNFT is ERC721Enumerable, Ownable {
    /// @notice What clients show of a token.
    struct PkpInfo {
        uint256 tokenId;
        bytes pubkey;
        address ethAddress;
    }

    /// @dev Lit's scope "sign anything".
    uint256 private constant SIGN_ANYTHING = 1;
    uint256 private constant ECDSA_SECP256K1 = 2;
    /// @dev Lit's number of the one set of nodes that there is.
    uint256 private constant REALM = 1;

    IPubkeyRouter private immutable _router;
    IPKPPermissions private immutable _permissions;
    IPKPNFTMetadata private immutable _metadata;
    address private immutable _staking;
    address private immutable _helper;
    bytes32 private immutable _keySetHash;

    /// @notice Price of a mint in wei; `msg.value` must equal it.
    uint256 public mintCost;
    /// @notice Name of the network's one key set.
    string public keySetId;

    /// @notice A key became a token.
    event PKPMinted(uint256 indexed tokenId, bytes pubkey);
    /// @notice The price of a mint changed.
    event MintCostSet(uint256 newMintCost);
    /// @notice The contract's owner collected what minting had brought in.
    event Withdrew(uint256 amount);

    error WrongMintCost(uint256 sent, uint256 required);
    error UnknownKeySet(string keySetId);
    error UnknownRealm(uint256 realmId);
    error UnknownStaking(address staking);
    error UnsupportedKeyType(uint256 keyType);
    error OnlyPkpHelper(address caller);
    error WithdrawFailed(uint256 amount);

    constructor(
        IPubkeyRouter router,
        IPKPPermissions permissions,
        IPKPNFTMetadata metadata,
        address staking,
        address helper,
        uint256 initialMintCost,
        string memory keySet,
        address initialOwner
    ) ERC721("Programmable Key Pair", "PKP") Ownable(initialOwner) {
        _router = router;
        _permissions = permissions;
        _metadata = metadata;
        _staking = staking;
        _helper = helper;
        _keySetHash = keccak256(bytes(keySet));
        keySetId = keySet;
        mintCost = initialMintCost;
        emit MintCostSet(initialMintCost);
    }

    // ---------------------------------------------------------------- mint and burn

    /// @notice Mint the oldest unminted key of `keyType` (2: ECDSA on secp256k1) to the caller.
    function mintNext(uint256 keyType) external payable returns (uint256 tokenId) {
        return _mintNext(keyType, msg.sender);
    }

    /// @notice The same, naming the key set.
    function mintNext(uint256 keyType, string calldata keySet) external payable returns (uint256 tokenId) {
        _checkKeySet(keySet);
        return _mintNext(keyType, msg.sender);
    }

    /// @notice Mint a key, permit one action to sign anything with it, and burn the token, all at once: from then on
    /// nothing but that action can ever use the key, and nobody can change that.
    /// @param keyType 2: ECDSA on secp256k1
    /// @param ipfsCID the action's CID as its 34-byte multihash
    function mintGrantAndBurnNext(uint256 keyType, bytes calldata ipfsCID) external payable returns (uint256 tokenId) {
        return _mintGrantAndBurnNext(keyType, ipfsCID);
    }

    /// @notice The same, naming the key set.
    function mintGrantAndBurnNext(uint256 keyType, string calldata keySet, bytes calldata ipfsCID)
        external
        payable
        returns (uint256 tokenId)
    {
        _checkKeySet(keySet);
        return _mintGrantAndBurnNext(keyType, ipfsCID);
    }

    /// @notice Mint to the caller the derived key that the nodes granted to the caller, or to anyone. A key is claimed
    /// once for ever: not again after its token was burned.
    /// @param keyType 2: ECDSA on secp256k1
    /// @param derivedKeyId the key's id, from which the public key follows
    /// @param signatures of more than two thirds of the nodes, in any order; see `PubkeyRouter.checkNodeSignatures`
    function claimAndMint(
        uint256 keyType,
        bytes32 derivedKeyId,
        IPubkeyRouter.Signature[] calldata signatures
    ) external payable returns (uint256 tokenId) {
        return _claimAndMint(keyType, derivedKeyId, signatures, msg.sender);
    }

    /// @notice The same, naming the registry of nodes.
    function claimAndMint(
        uint256 keyType,
        bytes32 derivedKeyId,
        IPubkeyRouter.Signature[] calldata signatures,
        address stakingContract
    ) external payable returns (uint256 tokenId) {
        _checkStaking(stakingContract);
        return _claimAndMint(keyType, derivedKeyId, signatures, msg.sender);
    }

    /// @notice The same, naming realm (1), key set and registry of nodes.
    function claimAndMint(
        uint256 realmId,
        uint256 keyType,
        string calldata keySet,
        bytes32 derivedKeyId,
        IPubkeyRouter.Signature[] calldata signatures,
        address stakingContract
    ) external payable returns (uint256 tokenId) {
        if (realmId != REALM) revert UnknownRealm(realmId);
        _checkKeySet(keySet);
        _checkStaking(stakingContract);
        return _claimAndMint(keyType, derivedKeyId, signatures, msg.sender);
    }

    /// @notice Mint to the network's PKPHelper what the nodes granted to `claimer`, who called it. Nobody else may: the
    /// token goes to the caller.
    function claimAndMintFor(
        address claimer,
        uint256 keyType,
        bytes32 derivedKeyId,
        IPubkeyRouter.Signature[] calldata signatures
    ) external payable returns (uint256 tokenId) {
        if (msg.sender != _helper) revert OnlyPkpHelper(msg.sender);
        return _claimAndMint(keyType, derivedKeyId, signatures, claimer);
    }

    /// @notice Burn a token; its owner or an approved operator may. The key keeps the permissions that it has, for ever.
    function burn(uint256 tokenId) external {
        _update(address(0), tokenId, msg.sender);
    }

    // ---------------------------------------------------------------- price

    /// @notice Set the price of a mint in wei.
    function setMintCost(uint256 newMintCost) external onlyOwner {
        mintCost = newMintCost;
        emit MintCostSet(newMintCost);
    }

    /// @notice Send what minting brought in to the contract's owner.
    function withdraw() external onlyOwner {
        uint256 amount = address(this).balance;
        emit Withdrew(amount);
        (bool sent,) = msg.sender.call{value: amount}("");
        if (!sent) revert WithdrawFailed(amount);
    }

    // ---------------------------------------------------------------- views

    /// @notice Whether the token is minted and not burned.
    function exists(uint256 tokenId) external view returns (bool) {
        return _ownerOf(tokenId) != address(0);
    }

    /// @notice The owner, or zero if the token was burned or never minted.
    function ownerOfOrZero(uint256 tokenId) external view returns (address) {
        return _ownerOf(tokenId);
    }

    /// @notice The 65-byte public key of a token, burned or not; empty if there is no such key.
    function getPubkey(uint256 tokenId) public view returns (bytes memory) {
        return _router.getPubkey(tokenId);
    }

    /// @notice The Ethereum address of a token's key, burned or not; zero if there is no such key.
    function getEthAddress(uint256 tokenId) public view returns (address) {
        return _router.getEthAddress(tokenId);
    }

    /// @notice Always zero: `mintNext` gives generated keys. Derived ones have no order; they are claimed by their ids.
    function getNextDerivedKeyId() external pure returns (bytes32) {
        return 0;
    }

    /// @notice A page of the tokens of `user`.
    function getPkpInfoFromOwnerAddress(address user, uint256 pageSize, uint256 pageIndex)
        external
        view
        returns (PkpInfo[] memory infos)
    {
        uint256 balance = balanceOf(user);
        uint256 first = pageSize * pageIndex;
        if (first >= balance) return infos;
        uint256 left = balance - first;
        infos = new PkpInfo[](left < pageSize ? left : pageSize);
        for (uint256 i; i < infos.length; ++i) infos[i] = _info(tokenOfOwnerByIndex(user, first + i));
    }

    /// @notice What is known of the given tokens.
    function getPkpInfoFromTokenIds(uint256[] calldata tokenIds) external view returns (PkpInfo[] memory infos) {
        infos = new PkpInfo[](tokenIds.length);
        for (uint256 i; i < tokenIds.length; ++i) infos[i] = _info(tokenIds[i]);
    }

    /// @notice What is known of the tokens whose keys have these Ethereum addresses; token id 0 where there is none.
    function getPkpInfoFromEthAddresses(address[] calldata ethAddresses) external view returns (PkpInfo[] memory infos) {
        infos = new PkpInfo[](ethAddresses.length);
        for (uint256 i; i < ethAddresses.length; ++i) infos[i] = _info(_router.ethAddressToPkpId(ethAddresses[i]));
    }

    /// @notice A description of the token that needs no server: JSON in a data URI.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return _metadata.tokenURI(tokenId, getPubkey(tokenId), getEthAddress(tokenId));
    }

    /// @notice The register of public keys.
    function getRouterAddress() external view returns (address) {
        return address(_router);
    }

    /// @notice The permissions.
    function getPkpPermissionsAddress() external view returns (address) {
        return address(_permissions);
    }

    /// @notice The descriptions of tokens.
    function getPkpNftMetadataAddress() external view returns (address) {
        return address(_metadata);
    }

    /// @notice The registry of nodes.
    function getStakingAddress() external view returns (address) {
        return _staking;
    }

    // ---------------------------------------------------------------- inside

    function _mintNext(uint256 keyType, address to) private returns (uint256 tokenId) {
        _checkPayment();
        tokenId = _router.takeNext(keyType);
        _mintRouted(tokenId, to);
    }

    function _claimAndMint(
        uint256 keyType,
        bytes32 derivedKeyId,
        IPubkeyRouter.Signature[] calldata signatures,
        address claimer
    ) private returns (uint256 tokenId) {
        _checkPayment();
        if (keyType != ECDSA_SECP256K1) revert UnsupportedKeyType(keyType);
        tokenId = _router.claim(derivedKeyId, claimer, signatures);
        _mintRouted(tokenId, msg.sender);
    }

    /// @dev `_mint` calls nobody back: nothing can re-enter between the payment and the token.
    function _mintRouted(uint256 tokenId, address to) private {
        emit PKPMinted(tokenId, getPubkey(tokenId));
        _mint(to, tokenId);
    }

    function _checkPayment() private view {
        if (msg.value != mintCost) revert WrongMintCost(msg.value, mintCost);
    }

    function _checkStaking(address staking) private view {
        if (staking != _staking) revert UnknownStaking(staking);
    }

    function _mintGrantAndBurnNext(uint256 keyType, bytes calldata ipfsCID) private returns (uint256 tokenId) {
        tokenId = _mintNext(keyType, address(this));
        uint256[] memory scopes = new uint256[](1);
        scopes[0] = SIGN_ANYTHING;
        _permissions.addPermittedAction(tokenId, ipfsCID, scopes);
        _burn(tokenId);
    }

    function _checkKeySet(string calldata keySet) private view {
        if (keccak256(bytes(keySet)) != _keySetHash) revert UnknownKeySet(keySet);
    }

    function _info(uint256 tokenId) private view returns (PkpInfo memory) {
        return PkpInfo(tokenId, getPubkey(tokenId), getEthAddress(tokenId));
    }
}
