// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What the token and its permissions ask of the register of public keys
interface IPubkeyRouter {
    /// @notice A node's signature under a claim; v is 27 or 28.
    struct Signature {
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    /// @notice A key from which others are derived, 65 bytes; `keyType` is 2.
    struct RootKey {
        bytes pubkey;
        uint256 keyType;
    }

    /// @notice Take the oldest unminted key of `keyType`. Only the token contract may.
    function takeNext(uint256 keyType) external returns (uint256 tokenId);
    /// @notice Route a derived key that the nodes granted to `minter`, once for ever. Only the token contract may.
    function claim(bytes32 derivedKeyId, address minter, Signature[] calldata signatures)
        external
        returns (uint256 tokenId);
    /// @notice The 65-byte public key of a token, or empty.
    function getPubkey(uint256 tokenId) external view returns (bytes memory);
    /// @notice The Ethereum address of a token's key, or zero.
    function getEthAddress(uint256 tokenId) external view returns (address);
    /// @notice The token whose key has this Ethereum address, or 0.
    function ethAddressToPkpId(address ethAddress) external view returns (uint256);
}
