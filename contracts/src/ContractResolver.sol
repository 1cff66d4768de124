// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The addresses of one network's contracts
/// @notice Its own address, with the chain's id, names the network. The entries are fixed when it is created, so that
/// nobody can ever put another contract between a key and its permissions.
contract ContractResolver {
    /// @notice Where every contract of the network is.
    struct Addresses {
        address staking;
        address pkpNft;
        address pkpPermissions;
        address pubkeyRouter;
        address pkpHelper;
        address rateLimitNft;
    }

    bytes32 public constant STAKING_CONTRACT = keccak256("STAKING");
    bytes32 public constant PKP_NFT_CONTRACT = keccak256("PKP_NFT");
    bytes32 public constant PKP_PERMISSIONS_CONTRACT = keccak256("PKP_PERMISSIONS");
    bytes32 public constant PUB_KEY_ROUTER_CONTRACT = keccak256("PUB_KEY_ROUTER");
    bytes32 public constant PKP_HELPER_CONTRACT = keccak256("PKP_HELPER");
    bytes32 public constant RATE_LIMIT_NFT_CONTRACT = keccak256("RATE_LIMIT_NFT");

    mapping(bytes32 typ => address) private _addressOf;

    error MissingAddress(bytes32 typ);

    constructor(Addresses memory addresses) {
        _set(STAKING_CONTRACT, addresses.staking);
        _set(PKP_NFT_CONTRACT, addresses.pkpNft);
        _set(PKP_PERMISSIONS_CONTRACT, addresses.pkpPermissions);
        _set(PUB_KEY_ROUTER_CONTRACT, addresses.pubkeyRouter);
        _set(PKP_HELPER_CONTRACT, addresses.pkpHelper);
        _set(RATE_LIMIT_NFT_CONTRACT, addresses.rateLimitNft);
    }

    /// @notice Return the contract of kind `typ` = keccak256 of its name, or zero if the network has none.
    /// @dev The second argument, Lit's environment, changes nothing: a network has one set of contracts.
    function getContract(bytes32 typ, uint8) external view returns (address) {
        return _addressOf[typ];
    }

    function _set(bytes32 typ, address to) private {
        if (to == address(0)) revert MissingAddress(typ);
        _addressOf[typ] = to;
    }
}
