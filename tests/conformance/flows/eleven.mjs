// The eleven contracts that LitContracts knows, found by their addresses and through the ContractResolver; what else than keys they do.
import { LitContracts } from '@lit-protocol/contracts-sdk';
import { LitNodeClientNodeJs } from '@lit-protocol/lit-node-client-nodejs';
import { ethers } from 'ethers';

import { network, owner, permitted, provider, refusal, stranger } from './votive.mjs';

const NAMES = ['ALLOWLIST', 'LIT_TOKEN', 'MULTI_SENDER', 'PKP_HELPER', 'PKP_NFT', 'PKP_NFT_METADATA', 'PKP_PERMISSIONS', 'PUB_KEY_ROUTER',
  'RATE_LIMIT_NFT', 'STAKING', 'STAKING_BALANCES'];
const resolver = {
  resolverAddress: network.deployed.ContractResolver,
  abi: [
    ...NAMES.map((name) => `function ${name}_CONTRACT() view returns (bytes32)`),
    'function getContract(bytes32, uint8) view returns (address)',
  ],
  environment: 0,
};
const { customContext } = network.contracts;
const ways = {
  addresses: network.contracts,
  resolver: { ...network.contracts, customContext: { ...resolver, contractContext: customContext } },
  resolverAlone: { ...network.contracts, rpc: undefined, customContext: { ...resolver, provider }, provider },
};

async function litContracts(how, signer = owner) {
  const contracts = new LitContracts({ ...how, signer });
  await contracts.connect();
  return contracts;
}

const placesOf = (contracts) => ({
  Allowlist: contracts.allowlistContract.read.address,
  LITToken: contracts.litTokenContract.read.address,
  Multisender: contracts.multisenderContract.read.address,
  PKPHelper: contracts.pkpHelperContract.read.address,
  PKPNFT: contracts.pkpNftContract.read.address,
  PKPNFTMetadata: contracts.pkpNftMetadataContract.read.address,
  PKPPermissions: contracts.pkpPermissionsContract.read.address,
  PubkeyRouter: contracts.pubkeyRouterContract.read.address,
  RateLimitNFT: contracts.rateLimitNftContract.read.address,
  Staking: contracts.stakingContract.read.address,
  StakingBalances: contracts.stakingBalancesContract.read.address,
});

async function connects(contractContext) {
  const client = new LitNodeClientNodeJs({ ...network.client, contractContext });
  await client.connect();
  const nodes = [...client.connectedNodes].sort();
  await client.disconnect();
  return nodes;
}

const mined = async (sent) => (await (await sent).wait()).transactionHash;

const found = { places: {}, minted: {}, nodes: {} };
for (const [way, how] of Object.entries(ways)) {
  const contracts = await litContracts(how);
  found.places[way] = placesOf(contracts);
  found.minted[way] = (await contracts.pkpNftContractUtils.write.mint()).pkp;
  await mined(await contracts.pkpPermissionsContractUtils.write.addPermittedAddress(found.minted[way].tokenId, permitted.address));
}
found.nodes.resolver = await connects({ ...resolver, contractContext: customContext });
found.nodes.resolverAlone = await connects({ ...resolver, provider });
found.connection = await LitContracts.getConnectionInfo({
  litNetwork: 'custom',
  networkContext: { ...resolver, contractContext: customContext },
  rpcUrl: network.contracts.rpc,
}).then(({ epochInfo, minNodeCount, bootstrapUrls }) => ({ epochInfo, minNodeCount, bootstrapUrls: bootstrapUrls.sort() }));

found.least = (await LitContracts.getMinNodeCount('custom', customContext, network.contracts.rpc)).toNumber();
found.urls = (await LitContracts.getValidators('custom', customContext, network.contracts.rpc)).sort();

const contracts = await litContracts(ways.addresses);

// RateLimitNFT
const midnight = (Math.floor(Date.now() / 86_400_000) + 3) * 86_400;
const capacity = await contracts.mintCapacityCreditsNFT({ requestsPerKilosecond: 25, daysUntilUTCMidnightExpiration: 2 });
const sent = await contracts.rateLimitNftContractUtils.write.transfer({
  fromAddress: owner.address,
  toAddress: stranger.address,
  RLITokenAddress: capacity.capacityTokenIdStr,
});
const bought = await contracts.rateLimitNftContractUtils.write.mint({
  txOpts: { value: await contracts.rateLimitNftContract.read.calculateCost(3, midnight) },
  timestamp: midnight,
});
found.capacity = {
  bought: { hash: bought.tx.hash, tokenId: bought.tokenId },
  minted: capacity.rliTxHash,
  token: capacity.capacityTokenIdStr,
  sent: await mined(sent),
  of: (await contracts.rateLimitNftContractUtils.read.getTokensByOwnerAddress(stranger.address)).at(-1),
  pruned: await contracts.rateLimitNftContractUtils.write.pruneExpired(stranger.address),
};

// LITToken, Multisender, StakingBalances
const token = contracts.litTokenContract.write;
const recipients = [1, 2, 3].map(() => ethers.Wallet.createRandom().address);
const multisender = contracts.multisenderContract.write;
found.recipients = recipients;
found.ether = await mined(multisender.sendEth(recipients, { value: 100 }));
await mined(token.approve(multisender.address, 1000));
found.tokens = await mined(multisender.sendTokens(recipients, token.address));
found.nothing = await refusal(multisender.sendEth([], { value: 100, gasLimit: 100_000 }).then((attempt) => attempt.wait()));
const balances = contracts.stakingBalancesContract.write;
await mined(token.approve(balances.address, 500));
found.staked = await mined(balances.stake(500, permitted.address));
found.takenByAnother = await refusal(balances['withdraw(uint256,address)'](500, permitted.address, { gasLimit: 200_000 }).then((attempt) => attempt.wait()));
found.withdrawn = await mined(balances.connect(permitted)['withdraw(uint256,address)'](200, permitted.address));

// PKPNFTMetadata, Allowlist
const { tokenId } = found.minted.addresses;
const metadata = contracts.pkpNftMetadataContract.write;
const URL_ = 'https://example.org/"},{"name":"another';
found.described = { hash: await mined(metadata.setUrlForPKP(tokenId, URL_)), url: URL_ };
await mined(metadata.setProfileForPKP(tokenId, 'ipfs://a-picture'));
found.describedByAnother = await refusal(metadata.connect(stranger).setUrlForPKP(tokenId, 'mine', { gasLimit: 200_000 }).then((attempt) => attempt.wait()));
found.tokenURI = await contracts.pkpNftContract.read.tokenURI(tokenId);
const item = ethers.utils.id(`LIT_ACTION_${network.published_cid}`);
found.allowed = await contracts.allowlistContract.read.isAllowed(item);
found.listedByAnother = await refusal(contracts.allowlistContract.write.setAllowed(item, { gasLimit: 200_000 }).then((attempt) => attempt.wait()));

console.log(JSON.stringify(found));
process.exit(0);
