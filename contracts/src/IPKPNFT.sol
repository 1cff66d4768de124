// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";

/// @title What permissions and helper ask of the token
interface IPKPNFT is IERC721 {
    /// @notice Mint the oldest unminted key of `keyType` to the caller for exactly `mintCost`.
    function mintNext(uint256 keyType) external payable returns (uint256 tokenId);
    /// @notice The same, naming the key set.
    function mintNext(uint256 keyType, string calldata keySetId) external payable returns (uint256 tokenId);
    /// @notice Mint to the caller the derived key that the nodes granted to `claimer`. Only the network's PKPHelper may.
    function claimAndMintFor(
        address claimer,
        uint256 keyType,
        bytes32 derivedKeyId,
        IPubkeyRouter.Signature[] calldata signatures
    ) external payable returns (uint256 tokenId);
    /// @notice The owner, or zero if the token was burned or never minted.
    function ownerOfOrZero(uint256 tokenId) external view returns (address);
    /// @notice The 65-byte public key of a token, or empty.
    function getPubkey(uint256 tokenId) external view returns (bytes memory);
    /// @notice The Ethereum address of a token's key, or zero.
    function getEthAddress(uint256 tokenId) external view returns (address);
}
