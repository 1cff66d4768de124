// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IPKPNFT} from "./IPKPNFT.sol";
import {IPKPNFTMetadata} from "./IPKPNFTMetadata.sol";

/// @title Descriptions of tokens that need no server
/// @notice A token's owner may add a URL and a picture to what wallets show of it, and take them away. They stay when the
/// token is handed on, as its permissions do, until the new owner changes them.
contract PKPNFTMetadata is IPKPNFTMetadata {
    IPKPNFT private immutable _pkpNft;
    mapping(uint256 tokenId => string) private _urls;
    mapping(uint256 tokenId => string) private _pictures;

    /// @notice A token's URL changed; empty: it was taken away.
    event UrlSet(uint256 indexed tokenId, string url);
    /// @notice A token's picture changed; empty: it was taken away.
    event ProfileSet(uint256 indexed tokenId, string imgUrl);

    error NotPkpOwner(uint256 tokenId, address account);
    error NotTheKey(uint256 tokenId, bytes pubKey, address ethAddress);

    modifier onlyPkpOwner(uint256 tokenId) {
        if (_pkpNft.ownerOfOrZero(tokenId) != msg.sender) revert NotPkpOwner(tokenId, msg.sender);
        _;
    }

    constructor(IPKPNFT pkpNft) {
        _pkpNft = pkpNft;
    }

    /// @notice Set the URL that a token's description names.
    function setUrlForPKP(uint256 tokenId, string calldata url) external onlyPkpOwner(tokenId) {
        _setUrl(tokenId, url);
    }

    /// @notice Set the picture that wallets show of a token, by its URL.
    function setProfileForPKP(uint256 tokenId, string calldata imgUrl) external onlyPkpOwner(tokenId) {
        _setPicture(tokenId, imgUrl);
    }

    /// @notice Take a token's URL away.
    function removeUrlForPKP(uint256 tokenId) external onlyPkpOwner(tokenId) {
        _setUrl(tokenId, "");
    }

    /// @notice Take a token's picture away. The spelling of the name is Lit's.
    function removeProfileForPkp(uint256 tokenId) external onlyPkpOwner(tokenId) {
        _setPicture(tokenId, "");
    }

    /// @inheritdoc IPKPNFTMetadata
    /// @dev Describes no key under another key's name: the three arguments must belong together.
    function tokenURI(uint256 tokenId, bytes calldata pubKey, address ethAddress) external view returns (string memory) {
        if (!_belong(tokenId, pubKey, ethAddress)) revert NotTheKey(tokenId, pubKey, ethAddress);
        bytes memory json = abi.encodePacked(
            '{"name":"PKP ',
            Strings.toHexString(tokenId, 32),
            '","description":"A key pair that no one holds."',
            _member("external_url", _urls[tokenId]),
            _member("image", _pictures[tokenId]),
            ',"attributes":[{"trait_type":"Public key","value":"',
            Strings.toHexString(pubKey),
            '"},{"trait_type":"Ethereum address","value":"',
            Strings.toChecksumHexString(ethAddress),
            '"}]}'
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    /// @notice The token contract.
    function getPkpNftAddress() external view returns (address) {
        return address(_pkpNft);
    }

    function _setUrl(uint256 tokenId, string memory url) private {
        _urls[tokenId] = url;
        emit UrlSet(tokenId, url);
    }

    function _setPicture(uint256 tokenId, string memory imgUrl) private {
        _pictures[tokenId] = imgUrl;
        emit ProfileSet(tokenId, imgUrl);
    }

    /// @dev A token's id is the Keccak-256 of its key (0x04 ‖ x ‖ y), its address the last 20 bytes of that of x ‖ y.
    function _belong(uint256 tokenId, bytes calldata pubKey, address ethAddress) private pure returns (bool) {
        if (pubKey.length != 65 || uint256(keccak256(pubKey)) != tokenId) return false;
        return ethAddress == address(uint160(uint256(keccak256(pubKey[1:]))));
    }

    /// @dev A text of an owner's choice ends neither the text nor the object that it stands in.
    function _member(string memory name, string storage text) private view returns (bytes memory) {
        if (bytes(text).length == 0) return "";
        return abi.encodePacked(',"', name, '":"', Strings.escapeJSON(text), '"');
    }
}
