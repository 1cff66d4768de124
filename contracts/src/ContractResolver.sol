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
        address allowlist;
        address litToken;
        address multisender;
        address pkpNftMetadata;
        address stakingBalances;
        address hdKeyDeriver;
    }

    bytes32 public constant STAKING_CONTRACT = keccak256("STAKING");
    bytes32 public constant PKP_NFT_CONTRACT = keccak256("PKP_NFT");
    bytes32 public constant PKP_PERMISSIONS_CONTRACT = keccak256("PKP_PERMISSIONS");
    bytes32 public constant PUB_KEY_ROUTER_CONTRACT = keccak256("PUB_KEY_ROUTER");
    bytes32 public constant PKP_HELPER_CONTRACT = keccak256("PKP_HELPER");
    bytes32 public constant RATE_LIMIT_NFT_CONTRACT = keccak256("RATE_LIMIT_NFT");
    bytes32 public constant ALLOWLIST_CONTRACT = keccak256("ALLOWLIST");
    bytes32 public constant LIT_TOKEN_CONTRACT = keccak256("LIT_TOKEN");
    bytes32 public constant MULTI_SENDER_CONTRACT = keccak256("MULTI_SENDER");
    bytes32 public constant PKP_NFT_METADATA_CONTRACT = keccak256("PKP_NFT_METADATA");
    bytes32 public constant STAKING_BALANCES_CONTRACT = keccak256("STAKING_BALANCES");
    bytes32 public constant HD_KEY_DERIVER_CONTRACT = keccak256("HD_KEY_DERIVER");

    mapping(bytes32 typ => address) private _addressOf;

    error MissingAddress(bytes32 typ);

    constructor(Addresses memory addresses) {
        _set(STAKING_CONTRACT, addresses.staking);
        _set(PKP_NFT_CONTRACT, addresses.pkpNft);
        _set(PKP_PERMISSIONS_CONTRACT, addresses.pkpPermissions);
        _set(PUB_KEY_ROUTER_CONTRACT, addresses.pubkeyRouter);
        _set(PKP_HELPER_CONTRACT, addresses.pkpHelper);
        _set(RATE_LIMIT_NFT_CONTRACT, addresses.rateLimitNft);
        _set(ALLOWLIST_CONTRACT, addresses.allowlist);
        _set(LIT_TOKEN_CONTRACT, addresses.litToken);
        _set(MULTI_SENDER_CONTRACT, addresses.multisender);
        _set(PKP_NFT_METADATA_CONTRACT, addresses.pkpNftMetadata);
        _set(STAKING_BALANCES_CONTRACT, addresses.stakingBalances);
        _set(HD_KEY_DERIVER_CONTRACT, addresses.hdKeyDeriver);
    }

    /// @notice Return the contract of kind `typ` = keccak256 of its name, or zero if the network has none.
    /// @dev The second argument, Lit's environment, changes nothing: a network has one set of contracts.
    function getContract(bytes32 typ, uint8) external view returns (address) {
        return _addressOf[typ];
    }

    /// @notice Return the contracts of several kinds in one call, each as `getContract` does.
    function getContracts(bytes32[] calldata types) external view returns (address[] memory addresses) {
        addresses = new address[](types.length);
        for (uint256 i; i < types.length; ++i) addresses[i] = _addressOf[types[i]];
    }

    function _set(bytes32 typ, address to) private {
        if (to == address(0)) revert MissingAddress(typ);
        _addressOf[typ] = to;
    }
}
