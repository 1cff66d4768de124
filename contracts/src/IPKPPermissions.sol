// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What token and helper ask of the permissions
interface IPKPPermissions {
    /// @notice One way to be allowed to use a key; `userPubkey` is set for WebAuthn only.
    struct AuthMethod {
        uint256 authMethodType;
        bytes id;
        bytes userPubkey;
    }

    /// @notice Permit an action, by the multihash of its CID.
    function addPermittedAction(uint256 tokenId, bytes calldata ipfsCID, uint256[] calldata scopes) external;
    /// @notice Permit an address.
    function addPermittedAddress(uint256 tokenId, address user, uint256[] calldata scopes) external;
    /// @notice Permit an authentication method.
    function addPermittedAuthMethod(uint256 tokenId, AuthMethod calldata authMethod, uint256[] calldata scopes) external;
}
