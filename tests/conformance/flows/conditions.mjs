// Each kind of condition, once where it holds and once where it does not.
import { decryptToString, encryptString } from '@lit-protocol/encryption';

import { deployed, saying } from './deployed.mjs';
import { network, owner, refusal, run, sessionOf } from './votive.mjs';

const chain = network.condition_chain;
const { LITToken, PKPNFT, PKPPermissions } = network.deployed;
const tokenId = network.key.token_id;
const nobody = '0x000000000000000000000000000000000000dEaD';
const or = { operator: 'or' };
const and = { operator: 'and' };

const test = (comparator, value) => ({ returnValueTest: { comparator, value } });
const basic = (method, parameters, more) => ({ contractAddress: '', standardContractType: '', chain, method, parameters, ...more });
const standard = (standardContractType, contractAddress) => ({ standardContractType, contractAddress });

const ether = (comparator) => basic('eth_getBalance', [':userAddress', 'latest'], test(comparator, '1'));
const wallet = (address) => basic('', [':userAddress'], test('=', address));
const tokens = (least) => basic('balanceOf', [':userAddress'], { ...standard('ERC721', PKPNFT), ...test('>=', least) });
const holder = (address) => basic('ownerOf', [BigInt(tokenId).toString()], { ...standard('ERC721', PKPNFT), ...test('=', address) });
const clock = (comparator) =>
  basic('eth_getBlockByNumber', ['latest'], { ...standard('timestamp', ''), ...test(comparator, '1000000000') });
const siwe = (domain) => basic('', [':domain'], { ...standard('SIWE', ''), ...test('=', domain) });
const rights = (answer) =>
  basic('isPermittedAddress', [tokenId, ':userAddress'], { ...standard('PKPPermissions', PKPPermissions), ...test('=', answer) });
const action = (word) => basic('judge', [word], { ...standard('LitAction', `ipfs://${network.judge_cid}`), ...test('=', 'true') });
const litTokens = (least) => basic('balanceOf', [':userAddress'], { ...standard('ERC20', LITToken), ...test('>=', least) });

// Contracts of the types that the SDK knows by name: one says 1 and true wherever they are asked, the other 0, the third a list.
const [yes, no, list] = [await deployed(saying(1, 1, 0, 1, 0, 0)), await deployed(saying(0, 0, 0, 0, 0, 0)), await deployed(saying(32, 2, 0, 9))];
const some = (contractAddress, standardContractType, method, parameters, ...wanted) =>
  [basic(method, parameters, { contractAddress, standardContractType, ...test(...wanted) })];
const asked = (...words) => [some(yes, ...words), some(no, ...words)];
const batch = (least) => some(list, 'ERC1155', 'balanceOfBatch', [`:userAddress,${nobody}`, '1,2'], '>=', least);

const contract = (least) => ({
  contractAddress: PKPNFT,
  functionName: 'balanceOf',
  functionParams: [':userAddress'],
  functionAbi: {
    name: 'balanceOf',
    inputs: [{ name: 'owner', type: 'address' }],
    outputs: [{ name: '', type: 'uint256' }],
    constant: true,
    stateMutability: 'view',
  },
  chain,
  returnValueTest: { key: '', comparator: '>=', value: least },
});
const solana = (least) => ({
  method: 'getBalance',
  params: [network.solana_account],
  pdaParams: [],
  pdaInterface: { offset: 0, fields: {} },
  pdaKey: '',
  chain: 'solana',
  returnValueTest: { key: '', comparator: '>=', value: least },
});
const cosmos = (least) => ({
  path: `/cosmos/bank/v1beta1/balances/${network.cosmos_account}`,
  chain: 'cosmos',
  returnValueTest: { key: '$.balances[0].amount', comparator: '>=', value: least },
});
const groups = (comparator) => [[wallet(nobody), or, ether(comparator)], and, clock('>')];
const unified = (least) => [{ conditionType: 'evmBasic', ...wallet(nobody) }, or, { conditionType: 'evmContract', ...contract(least) }];
const cosmosOnly = (least) => [{ conditionType: 'cosmos', ...cosmos(least) }];
const fourKinds = (least) => [
  { conditionType: 'solRpc', ...solana('1') },
  and,
  { conditionType: 'cosmos', ...cosmos('1') },
  and,
  { conditionType: 'evmContract', ...contract('1') },
  and,
  { conditionType: 'evmBasic', ...tokens(least) },
];

// Of each kind: a list that holds for the owner, and one that does not.
const kinds = {
  accessControlConditions: {
    balance: [[ether('>')], [ether('<')]],
    wallet: [[wallet(owner.address)], [wallet(nobody)]],
    tokens: [[tokens('1')], [tokens('1000')]],
    litTokens: [[litTokens('1')], [litTokens('1' + '0'.repeat(60))]],
    erc1155: asked('ERC1155', 'balanceOf', [':userAddress', '8'], '>=', '1'),
    batch: [batch('9'), batch('10')],
    cask: asked('CASK', 'getActiveSubscriptionCount', [':userAddress', nobody, '1'], '>', '0'),
    creaton: asked('Creaton', 'subscribers', [':userAddress'], '=', 'true'),
    moloch: asked('MolochDAOv2.1', 'members', [':userAddress'], '=', 'true'),
    humanity: asked('ProofOfHumanity', 'isRegistered', [':userAddress'], '=', 'true'),
    poap: asked('POAP', 'eventId', [], '=', '1'),
    token: [[holder(':userAddress')], [holder(nobody)]],
    timestamp: [[clock('>')], [clock('<')]],
    siwe: [[siwe('localhost')], [siwe('elsewhere.example')]],
    permissions: [[rights('true')], [rights('false')]],
    action: [[action('open')], [action('shut')]],
    groups: [groups('>'), groups('<')],
  },
  evmContractConditions: { contract: [[contract('1')], [contract('1000')]] },
  solRpcConditions: { solana: [[solana('5000000000')], [solana('5000000001')]] },
  unifiedAccessControlConditions: {
    unified: [unified('1'), unified('1000')],
    cosmos: [cosmosOnly('42'), cosmosOnly('43')],
    fourKinds: [fourKinds('1'), fourKinds('1000')],
  },
};

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner);
  const attempt = async (kind, conditions, dataToEncrypt) => {
    const encrypted = await encryptString({ [kind]: conditions, dataToEncrypt }, client);
    return decryptToString({ [kind]: conditions, chain, ...encrypted, sessionSigs }, client);
  };
  const found = {};
  for (const [kind, examples] of Object.entries(kinds)) {
    for (const [name, [holds, fails]] of Object.entries(examples)) {
      found[name] = { held: await attempt(kind, holds, name), failed: await refusal(attempt(kind, fails, name)) };
    }
  }
  return found;
});
