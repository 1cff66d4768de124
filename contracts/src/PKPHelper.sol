// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {IPKPNFT} from "./IPKPNFT.sol";
import {IPKPPermissions} from "./IPKPPermissions.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";

/// @title Mint a key and grant its use in one transaction
/// @notice Holds no token and no value after a call. The one right that it has and other minters lack: to claim a key in
/// the name of whoever calls it.
contract PKPHelper is IERC721Receiver {
    /// @notice What the nodes granted; see `PKPNFT.claimAndMint`.
    struct ClaimMaterial {
        uint256 keyType;
        bytes32 derivedKeyId;
        IPubkeyRouter.Signature[] signatures;
    }

    /// @notice What is permitted on a claimed key, and where its token goes; see `mintNextAndAddAuthMethods`. `keyType` is
    /// the claim's.
    struct AuthMethodData {
        uint256 keyType;
        bytes[] permittedIpfsCIDs;
        uint256[][] permittedIpfsCIDScopes;
        address[] permittedAddresses;
        uint256[][] permittedAddressScopes;
        uint256[] permittedAuthMethodTypes;
        bytes[] permittedAuthMethodIds;
        bytes[] permittedAuthMethodPubkeys;
        uint256[][] permittedAuthMethodScopes;
        bool addPkpEthAddressAsPermittedAddress;
        bool sendPkpToItself;
    }

    /// @dev Lit's scope "sign anything".
    uint256 private constant SIGN_ANYTHING = 1;

    IPKPNFT private immutable _pkpNft;
    IPKPPermissions private immutable _permissions;

    error LengthsDiffer();
    error KeyTypesDiffer(uint256 claimed, uint256 described);
    error OnlyMints(address caller, address from);

    constructor(IPKPNFT pkpNft, IPKPPermissions permissions) {
        _pkpNft = pkpNft;
        _permissions = permissions;
    }

    /// @notice Mint a key, permit authentication methods, and hand the token over.
    /// @param keyType 2: ECDSA on secp256k1
    /// @param permittedAuthMethodTypes types of the methods
    /// @param permittedAuthMethodIds ids of the methods
    /// @param permittedAuthMethodPubkeys user public keys of the methods; empty except for WebAuthn
    /// @param permittedAuthMethodScopes scopes of the methods
    /// @param addPkpEthAddressAsPermittedAddress also permit the key's own address, to sign anything
    /// @param sendPkpToItself give the token to the key's own address instead of the caller
    function mintNextAndAddAuthMethods(
        uint256 keyType,
        uint256[] memory permittedAuthMethodTypes,
        bytes[] memory permittedAuthMethodIds,
        bytes[] memory permittedAuthMethodPubkeys,
        uint256[][] memory permittedAuthMethodScopes,
        bool addPkpEthAddressAsPermittedAddress,
        bool sendPkpToItself
    ) external payable returns (uint256 tokenId) {
        tokenId = _pkpNft.mintNext{value: msg.value}(keyType);
        _grantMethods(
            tokenId,
            permittedAuthMethodTypes,
            permittedAuthMethodIds,
            permittedAuthMethodPubkeys,
            permittedAuthMethodScopes
        );
        _handOver(tokenId, addPkpEthAddressAsPermittedAddress, sendPkpToItself);
    }

    /// @notice The same, naming the key set.
    function mintNextAndAddAuthMethods(
        uint256 keyType,
        string memory keySetId,
        uint256[] memory permittedAuthMethodTypes,
        bytes[] memory permittedAuthMethodIds,
        bytes[] memory permittedAuthMethodPubkeys,
        uint256[][] memory permittedAuthMethodScopes,
        bool addPkpEthAddressAsPermittedAddress,
        bool sendPkpToItself
    ) external payable returns (uint256 tokenId) {
        tokenId = _pkpNft.mintNext{value: msg.value}(keyType, keySetId);
        _grantMethods(
            tokenId,
            permittedAuthMethodTypes,
            permittedAuthMethodIds,
            permittedAuthMethodPubkeys,
            permittedAuthMethodScopes
        );
        _handOver(tokenId, addPkpEthAddressAsPermittedAddress, sendPkpToItself);
    }

    /// @notice Mint a key, permit actions, addresses and authentication methods, and hand the token over.
    function mintNextAndAddAuthMethodsWithTypes(
        uint256 keyType,
        bytes[] memory permittedIpfsCIDs,
        uint256[][] memory permittedIpfsCIDScopes,
        address[] memory permittedAddresses,
        uint256[][] memory permittedAddressScopes,
        uint256[] memory permittedAuthMethodTypes,
        bytes[] memory permittedAuthMethodIds,
        bytes[] memory permittedAuthMethodPubkeys,
        uint256[][] memory permittedAuthMethodScopes,
        bool addPkpEthAddressAsPermittedAddress,
        bool sendPkpToItself
    ) external payable returns (uint256 tokenId) {
        tokenId = _pkpNft.mintNext{value: msg.value}(keyType);
        _grantActions(tokenId, permittedIpfsCIDs, permittedIpfsCIDScopes);
        _grantAddresses(tokenId, permittedAddresses, permittedAddressScopes);
        _grantMethods(
            tokenId,
            permittedAuthMethodTypes,
            permittedAuthMethodIds,
            permittedAuthMethodPubkeys,
            permittedAuthMethodScopes
        );
        _handOver(tokenId, addPkpEthAddressAsPermittedAddress, sendPkpToItself);
    }

    /// @notice Claim a derived key that the nodes granted to the caller, or to anyone, permit authentication methods, and
    /// hand the token over. Actions and addresses are permitted as well, if there are any.
    function claimAndMintNextAndAddAuthMethods(
        ClaimMaterial calldata claimMaterial,
        AuthMethodData memory authMethodData
    ) external payable returns (uint256 tokenId) {
        return _claim(claimMaterial, authMethodData);
    }

    /// @notice The same: Lit's clients know it under both names.
    function claimAndMintNextAndAddAuthMethodsWithTypes(
        ClaimMaterial calldata claimMaterial,
        AuthMethodData memory authMethodData
    ) external payable returns (uint256 tokenId) {
        return _claim(claimMaterial, authMethodData);
    }

    /// @notice Accepts tokens at their mint only: one that is sent here later could never leave again.
    function onERC721Received(address, address from, uint256, bytes calldata) external view returns (bytes4) {
        if (msg.sender != address(_pkpNft) || from != address(0)) revert OnlyMints(msg.sender, from);
        return IERC721Receiver.onERC721Received.selector;
    }

    /// @notice The token contract.
    function getPkpNftAddress() external view returns (address) {
        return address(_pkpNft);
    }

    /// @notice The permissions.
    function getPkpPermissionsAddress() external view returns (address) {
        return address(_permissions);
    }

    function _claim(ClaimMaterial calldata material, AuthMethodData memory data) private returns (uint256 tokenId) {
        if (material.keyType != data.keyType) revert KeyTypesDiffer(material.keyType, data.keyType);
        tokenId = _pkpNft.claimAndMintFor{value: msg.value}(
            msg.sender, material.keyType, material.derivedKeyId, material.signatures
        );
        _grantActions(tokenId, data.permittedIpfsCIDs, data.permittedIpfsCIDScopes);
        _grantAddresses(tokenId, data.permittedAddresses, data.permittedAddressScopes);
        _grantMethods(
            tokenId,
            data.permittedAuthMethodTypes,
            data.permittedAuthMethodIds,
            data.permittedAuthMethodPubkeys,
            data.permittedAuthMethodScopes
        );
        _handOver(tokenId, data.addPkpEthAddressAsPermittedAddress, data.sendPkpToItself);
    }

    function _grantActions(uint256 tokenId, bytes[] memory cids, uint256[][] memory scopes) private {
        if (cids.length != scopes.length) revert LengthsDiffer();
        for (uint256 i; i < cids.length; ++i) _permissions.addPermittedAction(tokenId, cids[i], scopes[i]);
    }

    function _grantAddresses(uint256 tokenId, address[] memory users, uint256[][] memory scopes) private {
        if (users.length != scopes.length) revert LengthsDiffer();
        for (uint256 i; i < users.length; ++i) _permissions.addPermittedAddress(tokenId, users[i], scopes[i]);
    }

    function _grantMethods(
        uint256 tokenId,
        uint256[] memory types,
        bytes[] memory ids,
        bytes[] memory pubkeys,
        uint256[][] memory scopes
    ) private {
        if (ids.length != types.length || pubkeys.length != types.length || scopes.length != types.length) {
            revert LengthsDiffer();
        }
        for (uint256 i; i < types.length; ++i) {
            _permissions.addPermittedAuthMethod(
                tokenId, IPKPPermissions.AuthMethod(types[i], ids[i], pubkeys[i]), scopes[i]
            );
        }
    }

    function _handOver(uint256 tokenId, bool permitItself, bool sendToItself) private {
        address itself = _pkpNft.getEthAddress(tokenId);
        if (permitItself) {
            uint256[] memory scopes = new uint256[](1);
            scopes[0] = SIGN_ANYTHING;
            _permissions.addPermittedAddress(tokenId, itself, scopes);
        }
        _pkpNft.safeTransferFrom(address(this), sendToItself ? itself : msg.sender, tokenId);
    }
}
