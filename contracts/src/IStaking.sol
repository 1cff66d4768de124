// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What other contracts ask of the registry of nodes
interface IStaking {
    /// @notice The voting rights of one address.
    /// @param node address to look up
    /// @return seat the node's seat 1…255, or 0 if the address is no node of the current epoch
    /// @return epochNumber number of the current epoch
    /// @return threshold t = floor(2n/3) + 1, the number of equal votes that decide
    function votingRights(address node) external view returns (uint256 seat, uint256 epochNumber, uint256 threshold);
    /// @notice t alone.
    function currentValidatorCountForConsensus() external view returns (uint256);
}
