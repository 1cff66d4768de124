// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title Capacity of the network as ERC-721 tokens
/// @notice A token lets its holder make so many requests per kilosecond (1,000 seconds) until it expires, or delegate
/// them. Capacity and expiry are fixed by what was paid and never change. The contract's owner sets the price and
/// collects it, and has no power over any token.
/// @dev The first log of a mint is Transfer: Lit's SDK reads the token id in its fourth topic.
contract RateLimitNFT is ERC721Enumerable, Ownable {
    /// @notice What a token allows.
    /// @param requestsPerKilosecond requests within 1,000 seconds
    /// @param expiresAt seconds since 1970; at that second the token allows nothing any more
    struct RateLimit {
        uint256 requestsPerKilosecond;
        uint256 expiresAt;
    }

    /// @notice A token that has not expired, with what it allows.
    struct LiveToken {
        uint256 tokenId;
        uint256 requestsPerKilosecond;
        uint256 expiresAt;
    }

    /// @notice How long a token may live, in seconds: two years of 365 days.
    uint256 public constant MAX_LIFETIME = 730 days;

    /// @notice Price in wei of one request per kilosecond for one second.
    uint256 public additionalRequestsPerKilosecondCost;

    uint256 private _minted;
    mapping(uint256 tokenId => RateLimit) private _limits;

    /// @notice The price changed; tokens that exist keep their capacity.
    event AdditionalRequestsPerKilosecondCostSet(uint256 newAdditionalRequestsPerKilosecondCost);
    /// @notice The contract's owner collected what minting had brought in.
    event Withdrew(uint256 amount);

    error ExpiryInThePast(uint256 expiresAt, uint256 blockTimestamp);
    error ExpiryTooFar(uint256 expiresAt, uint256 latest);
    error NothingBought(uint256 sent, uint256 costOfOne);
    error FreeOfCharge();
    error WithdrawFailed(uint256 amount);

    constructor(uint256 initialCost, address initialOwner) ERC721("Rate Limit Increases", "RLI") Ownable(initialOwner) {
        _setCost(initialCost);
    }

    // ---------------------------------------------------------------- mint and burn

    /// @notice Mint a token to the caller, with the capacity that `msg.value` buys until `expiresAt`.
    /// @dev `_mint` calls nobody back. What is left of the value after rounding down is kept.
    function mint(uint256 expiresAt) external payable returns (uint256 tokenId) {
        uint256 requests = calculateRequestsPerKilosecond(msg.value, expiresAt);
        if (requests == 0) revert NothingBought(msg.value, calculateCost(1, expiresAt));
        tokenId = ++_minted;
        _limits[tokenId] = RateLimit(requests, expiresAt);
        _mint(msg.sender, tokenId);
    }

    /// @notice Burn the expired tokens of `owner`. Anybody may: they allow nothing.
    function pruneExpired(address owner) external {
        for (uint256 i = balanceOf(owner); i > 0; --i) {
            uint256 tokenId = tokenOfOwnerByIndex(owner, i - 1);
            if (isExpired(tokenId)) _remove(tokenId);
        }
    }

    // ---------------------------------------------------------------- price

    /// @notice Set the price in wei of one request per kilosecond for one second; not 0.
    function setAdditionalRequestsPerKilosecondCost(uint256 newCost) external onlyOwner {
        _setCost(newCost);
    }

    /// @notice Send what minting brought in to the contract's owner.
    function withdraw() external onlyOwner {
        uint256 amount = address(this).balance;
        emit Withdrew(amount);
        (bool sent,) = msg.sender.call{value: amount}("");
        if (!sent) revert WithdrawFailed(amount);
    }

    // ---------------------------------------------------------------- views

    /// @notice What `requestsPerKilosecond` cost in wei from now until `expiresAt`.
    function calculateCost(uint256 requestsPerKilosecond, uint256 expiresAt) public view returns (uint256) {
        return requestsPerKilosecond * _costOfOne(expiresAt);
    }

    /// @notice How many requests per kilosecond `payingAmount` wei buy from now until `expiresAt`, rounded down.
    function calculateRequestsPerKilosecond(uint256 payingAmount, uint256 expiresAt) public view returns (uint256) {
        return payingAmount / _costOfOne(expiresAt);
    }

    /// @notice What a token allows; zeros if there is none.
    function capacity(uint256 tokenId) external view returns (RateLimit memory) {
        return _limits[tokenId];
    }

    /// @notice Whether a token allows nothing: it has expired, or does not exist.
    function isExpired(uint256 tokenId) public view returns (bool) {
        return _limits[tokenId].expiresAt <= block.timestamp;
    }

    /// @notice Those of the first `most` tokens of `owner` that have not expired, in the order of `tokenOfOwnerByIndex`.
    function liveTokens(address owner, uint256 most) external view returns (LiveToken[] memory live) {
        uint256 count = balanceOf(owner);
        if (count > most) count = most;
        LiveToken[] memory found = new LiveToken[](count);
        uint256 kept;
        for (uint256 i; i < count; ++i) {
            uint256 tokenId = tokenOfOwnerByIndex(owner, i);
            if (!isExpired(tokenId)) found[kept++] = _live(tokenId);
        }
        live = new LiveToken[](kept);
        for (uint256 i; i < kept; ++i) live[i] = found[i];
    }

    /// @notice The owner and capacity of a token that has not expired; zeros for any other.
    function liveToken(uint256 tokenId) external view returns (address owner, LiveToken memory live) {
        if (!isExpired(tokenId)) return (_ownerOf(tokenId), _live(tokenId));
    }

    /// @notice A description of the token that needs no server: JSON in a data URI.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        RateLimit memory limit = _limits[tokenId];
        bytes memory json = abi.encodePacked(
            '{"name":"Capacity #',
            Strings.toString(tokenId),
            '","description":"Requests that the network accepts from its holder.","attributes":[{"trait_type":"Requests per kilosecond","value":"',
            Strings.toString(limit.requestsPerKilosecond),
            '"},{"display_type":"date","trait_type":"Expiration Date","value":',
            Strings.toString(limit.expiresAt),
            "}]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    // ---------------------------------------------------------------- inside

    /// @dev Without a price anybody could buy any capacity, and nothing would divide by it.
    function _setCost(uint256 newCost) private {
        if (newCost == 0) revert FreeOfCharge();
        additionalRequestsPerKilosecondCost = newCost;
        emit AdditionalRequestsPerKilosecondCostSet(newCost);
    }

    function _costOfOne(uint256 expiresAt) private view returns (uint256) {
        if (expiresAt <= block.timestamp) revert ExpiryInThePast(expiresAt, block.timestamp);
        uint256 latest = block.timestamp + MAX_LIFETIME;
        if (expiresAt > latest) revert ExpiryTooFar(expiresAt, latest);
        return (expiresAt - block.timestamp) * additionalRequestsPerKilosecondCost;
    }

    function _live(uint256 tokenId) private view returns (LiveToken memory) {
        RateLimit storage limit = _limits[tokenId];
        return LiveToken(tokenId, limit.requestsPerKilosecond, limit.expiresAt);
    }

    function _remove(uint256 tokenId) private {
        delete _limits[tokenId];
        _burn(tokenId);
    }
}
