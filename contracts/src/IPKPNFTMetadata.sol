// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What the token asks of its descriptions
interface IPKPNFTMetadata {
    /// @notice Describe a token as JSON in a data URI.
    function tokenURI(uint256 tokenId, bytes calldata pubKey, address ethAddress) external view returns (string memory);
}
