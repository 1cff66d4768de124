// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IPKPNFT} from "./IPKPNFT.sol";
import {IPKPPermissions} from "./IPKPPermissions.sol";

/// @title Who and what may use a key
/// @notice The owner of a token permits actions, addresses and authentication methods, each with scopes. Permissions
/// survive a transfer, as in Lit; a new owner who wants none of the former one's calls `resetPermissions`. They survive
/// the burning of the token as well, and nobody can change them then.
/// @dev Everything is stored per token, and under the token's reset number, so that a reset costs the same whatever the
/// former owner had piled up. Scopes are stored under the number of their grant, so that a grant that is removed and
/// made again starts without the old scopes.
contract PKPPermissions is IPKPPermissions {
    using BitMaps for BitMaps.BitMap;
    using EnumerableSet for EnumerableSet.UintSet;

    /// @dev A method as stored. `grantNumber` is 0 if it is not permitted.
    struct Grant {
        uint256 grantNumber;
        AuthMethod method;
    }

    /// @dev All that is permitted on a token since its last reset.
    struct Permissions {
        EnumerableSet.UintSet methodIds;
        mapping(uint256 methodId => Grant) grants;
        mapping(uint256 group => bytes32) rootHashes;
    }

    /// @notice Type of an authentication method that is an Ethereum address; the id is its 20 bytes, or the 32 bytes of
    /// keccak256("0x…:lit") by which Lit's SDK grants a wallet as a method.
    uint256 public constant ADDRESS = 1;
    /// @notice Type of an authentication method that is an action; the id is the 34-byte sha2-256 multihash of its CID.
    uint256 public constant ACTION = 2;

    bytes2 private constant SHA2_256_MULTIHASH = 0x1220;
    uint256 private constant MULTIHASH_LENGTH = 34;
    uint256 private constant ADDRESS_LENGTH = 20;
    uint256 private constant HASH_LENGTH = 32;

    IPKPNFT private immutable _pkpNft;
    address private immutable _router;

    uint256 private _grantCount;
    mapping(uint256 tokenId => uint256) private _resets;
    mapping(uint256 tokenId => mapping(uint256 resetNumber => Permissions)) private _permissions;
    mapping(uint256 grantNumber => BitMaps.BitMap) private _scopes;
    /// @dev May hold tokens whose permissions were reset since; the views leave those out.
    mapping(uint256 methodId => EnumerableSet.UintSet) private _tokensOf;

    event PermittedAuthMethodAdded(uint256 indexed tokenId, uint256 authMethodType, bytes id, bytes userPubkey);
    event PermittedAuthMethodRemoved(uint256 indexed tokenId, uint256 authMethodType, bytes id);
    event PermittedAuthMethodScopeAdded(uint256 indexed tokenId, uint256 authMethodType, bytes id, uint256 scopeId);
    event PermittedAuthMethodScopeRemoved(uint256 indexed tokenId, uint256 authMethodType, bytes id, uint256 scopeId);
    event RootHashUpdated(uint256 indexed tokenId, uint256 indexed group, bytes32 root);
    /// @notice All permissions of a token were removed at once.
    event PermissionsReset(uint256 indexed tokenId, uint256 resetNumber);

    error NotPkpOwner(uint256 tokenId, address caller);
    error NotPermitted(uint256 tokenId, uint256 authMethodType, bytes id);
    error InvalidAddressId(bytes id);
    error InvalidActionId(bytes id);
    error LengthsDiffer();

    modifier onlyPkpOwner(uint256 tokenId) {
        _checkOwner(tokenId);
        _;
    }

    constructor(IPKPNFT pkpNft, address router) {
        _pkpNft = pkpNft;
        _router = router;
    }

    // ---------------------------------------------------------------- grant

    /// @inheritdoc IPKPPermissions
    function addPermittedAction(uint256 tokenId, bytes calldata ipfsCID, uint256[] calldata scopes)
        external
        onlyPkpOwner(tokenId)
    {
        _add(tokenId, AuthMethod(ACTION, ipfsCID, ""), scopes);
    }

    /// @inheritdoc IPKPPermissions
    function addPermittedAddress(uint256 tokenId, address user, uint256[] calldata scopes)
        external
        onlyPkpOwner(tokenId)
    {
        _add(tokenId, AuthMethod(ADDRESS, abi.encodePacked(user), ""), scopes);
    }

    /// @inheritdoc IPKPPermissions
    /// @dev What is permitted already gets the new scopes beside its old ones, and the new user public key.
    function addPermittedAuthMethod(uint256 tokenId, AuthMethod calldata authMethod, uint256[] calldata scopes)
        external
        onlyPkpOwner(tokenId)
    {
        _add(tokenId, authMethod, scopes);
    }

    /// @notice Add one scope to a permitted method.
    function addPermittedAuthMethodScope(uint256 tokenId, uint256 authMethodType, bytes calldata id, uint256 scopeId)
        external
        onlyPkpOwner(tokenId)
    {
        _scopes[_permittedGrant(tokenId, authMethodType, id).grantNumber].set(scopeId);
        emit PermittedAuthMethodScopeAdded(tokenId, authMethodType, id, scopeId);
    }

    // ---------------------------------------------------------------- revoke

    /// @notice Withdraw the permission of an action, its scopes included.
    function removePermittedAction(uint256 tokenId, bytes calldata ipfsCID) external onlyPkpOwner(tokenId) {
        _remove(tokenId, ACTION, ipfsCID);
    }

    /// @notice Withdraw the permission of an address, its scopes included.
    function removePermittedAddress(uint256 tokenId, address user) external onlyPkpOwner(tokenId) {
        _remove(tokenId, ADDRESS, abi.encodePacked(user));
    }

    /// @notice Withdraw the permission of a method, its scopes included.
    function removePermittedAuthMethod(uint256 tokenId, uint256 authMethodType, bytes calldata id)
        external
        onlyPkpOwner(tokenId)
    {
        _remove(tokenId, authMethodType, id);
    }

    /// @notice Withdraw one scope of a permitted method.
    function removePermittedAuthMethodScope(uint256 tokenId, uint256 authMethodType, bytes calldata id, uint256 scopeId)
        external
        onlyPkpOwner(tokenId)
    {
        _scopes[_permittedGrant(tokenId, authMethodType, id).grantNumber].unset(scopeId);
        emit PermittedAuthMethodScopeRemoved(tokenId, authMethodType, id, scopeId);
    }

    /// @notice Withdraw all permissions of a token at once, and its root hashes.
    function resetPermissions(uint256 tokenId) external onlyPkpOwner(tokenId) {
        uint256 resetNumber = ++_resets[tokenId];
        emit PermissionsReset(tokenId, resetNumber);
    }

    // ---------------------------------------------------------------- both

    /// @notice Grant and revoke several methods in one transaction: additions first, then removals.
    function batchAddRemoveAuthMethods(
        uint256 tokenId,
        uint256[] calldata permittedAuthMethodTypesToAdd,
        bytes[] calldata permittedAuthMethodIdsToAdd,
        bytes[] calldata permittedAuthMethodPubkeysToAdd,
        uint256[][] calldata permittedAuthMethodScopesToAdd,
        uint256[] calldata permittedAuthMethodTypesToRemove,
        bytes[] calldata permittedAuthMethodIdsToRemove
    ) external onlyPkpOwner(tokenId) {
        uint256 additions = permittedAuthMethodTypesToAdd.length;
        bool same = permittedAuthMethodIdsToAdd.length == additions && permittedAuthMethodPubkeysToAdd.length == additions
            && permittedAuthMethodScopesToAdd.length == additions
            && permittedAuthMethodTypesToRemove.length == permittedAuthMethodIdsToRemove.length;
        if (!same) revert LengthsDiffer();
        for (uint256 i; i < additions; ++i) {
            AuthMethod memory method = AuthMethod(
                permittedAuthMethodTypesToAdd[i], permittedAuthMethodIdsToAdd[i], permittedAuthMethodPubkeysToAdd[i]
            );
            _add(tokenId, method, permittedAuthMethodScopesToAdd[i]);
        }
        for (uint256 i; i < permittedAuthMethodTypesToRemove.length; ++i) {
            _remove(tokenId, permittedAuthMethodTypesToRemove[i], permittedAuthMethodIdsToRemove[i]);
        }
    }

    /// @notice Set the root of a Merkle tree for a group of statements about a token.
    function setRootHash(uint256 tokenId, uint256 group, bytes32 root) external onlyPkpOwner(tokenId) {
        _of(tokenId).rootHashes[group] = root;
        emit RootHashUpdated(tokenId, group, root);
    }

    // ---------------------------------------------------------------- read

    /// @notice Whether a method is permitted and with which scopes, in one call.
    /// @return permitted whether the method was granted, by whatever scopes
    /// @return scopes bit i is set if scope i is, for scopes 0…255
    function permission(uint256 tokenId, uint256 authMethodType, bytes calldata id)
        external
        view
        returns (bool permitted, uint256 scopes)
    {
        uint256 grantNumber = _grant(tokenId, authMethodType, id).grantNumber;
        return (grantNumber != 0, _scopes[grantNumber]._data[0]);
    }

    /// @notice The multihashes of all permitted actions.
    function getPermittedActions(uint256 tokenId) external view returns (bytes[] memory) {
        return _idsOfType(tokenId, ACTION, MULTIHASH_LENGTH);
    }

    /// @notice The owner, if the token exists, and then all permitted addresses; wallets that were granted by their hash,
    /// which does not tell the address, are among `getPermittedAuthMethods` only.
    function getPermittedAddresses(uint256 tokenId) external view returns (address[] memory addresses) {
        bytes[] memory ids = _idsOfType(tokenId, ADDRESS, ADDRESS_LENGTH);
        address owner = _pkpNft.ownerOfOrZero(tokenId);
        uint256 first = owner == address(0) ? 0 : 1;
        addresses = new address[](ids.length + first);
        if (first == 1) addresses[0] = owner;
        for (uint256 i; i < ids.length; ++i) addresses[first + i] = address(bytes20(ids[i]));
    }

    /// @notice All permitted methods, actions and addresses among them.
    function getPermittedAuthMethods(uint256 tokenId) external view returns (AuthMethod[] memory methods) {
        Permissions storage permissions = _of(tokenId);
        methods = new AuthMethod[](permissions.methodIds.length());
        for (uint256 i; i < methods.length; ++i) methods[i] = permissions.grants[permissions.methodIds.at(i)].method;
    }

    /// @notice For each scope below `maxScopeId`, whether a method has it.
    function getPermittedAuthMethodScopes(
        uint256 tokenId,
        uint256 authMethodType,
        bytes calldata id,
        uint256 maxScopeId
    ) external view returns (bool[] memory present) {
        uint256 grantNumber = _grant(tokenId, authMethodType, id).grantNumber;
        present = new bool[](maxScopeId);
        for (uint256 i; i < maxScopeId; ++i) present[i] = _scopes[grantNumber].get(i);
    }

    /// @notice Whether an action is permitted.
    function isPermittedAction(uint256 tokenId, bytes calldata ipfsCID) external view returns (bool) {
        return isPermittedAuthMethod(tokenId, ACTION, ipfsCID);
    }

    /// @notice Whether an address is permitted; the owner always is.
    function isPermittedAddress(uint256 tokenId, address user) external view returns (bool) {
        if (user != address(0) && _pkpNft.ownerOfOrZero(tokenId) == user) return true;
        return isPermittedAuthMethod(tokenId, ADDRESS, abi.encodePacked(user));
    }

    /// @notice Whether a method is permitted.
    function isPermittedAuthMethod(uint256 tokenId, uint256 authMethodType, bytes memory id) public view returns (bool) {
        return _grant(tokenId, authMethodType, id).grantNumber != 0;
    }

    /// @notice Whether a method is permitted with a scope.
    function isPermittedAuthMethodScopePresent(
        uint256 tokenId,
        uint256 authMethodType,
        bytes calldata id,
        uint256 scopeId
    ) external view returns (bool) {
        return _scopes[_grant(tokenId, authMethodType, id).grantNumber].get(scopeId);
    }

    /// @notice All tokens on which a method is permitted.
    function getTokenIdsForAuthMethod(uint256 authMethodType, bytes calldata id) public view returns (uint256[] memory) {
        uint256 methodId = getAuthMethodId(authMethodType, id);
        uint256[] memory candidates = _tokensOf[methodId].values();
        uint256 kept;
        for (uint256 i; i < candidates.length; ++i) {
            if (_of(candidates[i]).grants[methodId].grantNumber != 0) candidates[kept++] = candidates[i];
        }
        return _shorten(candidates, kept);
    }

    /// @notice The public keys of all tokens on which a method is permitted.
    function getPKPPubKeysByAuthMethod(uint256 authMethodType, bytes calldata id) external view returns (bytes[] memory keys) {
        uint256[] memory tokenIds = getTokenIdsForAuthMethod(authMethodType, id);
        keys = new bytes[](tokenIds.length);
        for (uint256 i; i < tokenIds.length; ++i) keys[i] = _pkpNft.getPubkey(tokenIds[i]);
    }

    /// @notice Always empty: a user's public key belongs to one token's method. See `getPermittedAuthMethods`.
    function getUserPubkeyForAuthMethod(uint256, bytes calldata) external pure returns (bytes memory) {
        return "";
    }

    /// @notice keccak256 of the ABI encoding of type and id.
    function getAuthMethodId(uint256 authMethodType, bytes memory id) public pure returns (uint256) {
        return uint256(keccak256(abi.encode(authMethodType, id)));
    }

    /// @notice How often the permissions of a token were reset.
    function resetCount(uint256 tokenId) external view returns (uint256) {
        return _resets[tokenId];
    }

    /// @notice Whether `leaf` is in the tree of a token's group.
    function verifyState(uint256 tokenId, uint256 group, bytes32[] calldata proof, bytes32 leaf) external view returns (bool) {
        bytes32 root = _of(tokenId).rootHashes[group];
        return root != 0 && MerkleProof.verifyCalldata(proof, root, leaf);
    }

    /// @notice Whether all `leaves` are in the tree of a token's group.
    function verifyStates(
        uint256 tokenId,
        uint256 group,
        bytes32[] calldata proof,
        bool[] calldata proofFlags,
        bytes32[] calldata leaves
    ) external view returns (bool) {
        bytes32 root = _of(tokenId).rootHashes[group];
        return root != 0 && MerkleProof.multiProofVerifyCalldata(proof, proofFlags, root, leaves);
    }

    /// @notice The Ethereum address of a token's key.
    function getEthAddress(uint256 tokenId) external view returns (address) {
        return _pkpNft.getEthAddress(tokenId);
    }

    /// @notice The public key of a token.
    function getPubkey(uint256 tokenId) external view returns (bytes memory) {
        return _pkpNft.getPubkey(tokenId);
    }

    /// @notice The token contract.
    function getPkpNftAddress() external view returns (address) {
        return address(_pkpNft);
    }

    /// @notice The register of public keys.
    function getRouterAddress() external view returns (address) {
        return _router;
    }

    // ---------------------------------------------------------------- inside

    function _checkOwner(uint256 tokenId) private view {
        if (_pkpNft.ownerOfOrZero(tokenId) != msg.sender) revert NotPkpOwner(tokenId, msg.sender);
    }

    function _add(uint256 tokenId, AuthMethod memory method, uint256[] calldata scopes) private {
        _checkId(method.authMethodType, method.id);
        uint256 methodId = getAuthMethodId(method.authMethodType, method.id);
        Permissions storage permissions = _of(tokenId);
        Grant storage grant = permissions.grants[methodId];
        if (permissions.methodIds.add(methodId)) {
            grant.grantNumber = ++_grantCount;
            _tokensOf[methodId].add(tokenId);
        }
        grant.method = method;
        emit PermittedAuthMethodAdded(tokenId, method.authMethodType, method.id, method.userPubkey);
        for (uint256 i; i < scopes.length; ++i) {
            _scopes[grant.grantNumber].set(scopes[i]);
            emit PermittedAuthMethodScopeAdded(tokenId, method.authMethodType, method.id, scopes[i]);
        }
    }

    function _remove(uint256 tokenId, uint256 authMethodType, bytes memory id) private {
        uint256 methodId = getAuthMethodId(authMethodType, id);
        Permissions storage permissions = _of(tokenId);
        if (!permissions.methodIds.remove(methodId)) revert NotPermitted(tokenId, authMethodType, id);
        delete permissions.grants[methodId];
        _tokensOf[methodId].remove(tokenId);
        emit PermittedAuthMethodRemoved(tokenId, authMethodType, id);
    }

    /// @dev An id that no node would ever present is refused: a burned token could not be repaired.
    function _checkId(uint256 authMethodType, bytes memory id) private pure {
        if (authMethodType == ADDRESS && id.length != ADDRESS_LENGTH && id.length != HASH_LENGTH) revert InvalidAddressId(id);
        if (authMethodType != ACTION) return;
        if (id.length != MULTIHASH_LENGTH || bytes2(id) != SHA2_256_MULTIHASH) revert InvalidActionId(id);
    }

    function _of(uint256 tokenId) private view returns (Permissions storage) {
        return _permissions[tokenId][_resets[tokenId]];
    }

    function _grant(uint256 tokenId, uint256 authMethodType, bytes memory id) private view returns (Grant storage) {
        return _of(tokenId).grants[getAuthMethodId(authMethodType, id)];
    }

    function _permittedGrant(uint256 tokenId, uint256 authMethodType, bytes calldata id)
        private
        view
        returns (Grant storage grant)
    {
        grant = _grant(tokenId, authMethodType, id);
        if (grant.grantNumber == 0) revert NotPermitted(tokenId, authMethodType, id);
    }

    function _idsOfType(uint256 tokenId, uint256 authMethodType, uint256 length)
        private
        view
        returns (bytes[] memory ids)
    {
        Permissions storage permissions = _of(tokenId);
        uint256[] memory methodIds = permissions.methodIds.values();
        uint256 kept;
        for (uint256 i; i < methodIds.length; ++i) {
            AuthMethod storage method = permissions.grants[methodIds[i]].method;
            bool wanted = method.authMethodType == authMethodType && method.id.length == length;
            if (wanted) methodIds[kept++] = methodIds[i];
        }
        ids = new bytes[](kept);
        for (uint256 i; i < kept; ++i) ids[i] = permissions.grants[methodIds[i]].method.id;
    }

    function _shorten(uint256[] memory values, uint256 length) private pure returns (uint256[] memory shorter) {
        shorter = new uint256[](length);
        for (uint256 i; i < length; ++i) shorter[i] = values[i];
    }
}
