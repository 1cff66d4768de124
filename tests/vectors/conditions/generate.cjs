// Writes lit-sdk.json: canonical strings and hashes of conditions, computed by the published package
// @lit-protocol/access-control-conditions 7.4.0 (and its dependency accs-schemas), which must be installed where this runs:
//   npm install --ignore-scripts @lit-protocol/access-control-conditions@7.4.0
//   node generate.cjs | sed -n '/^{/,$p' > lit-sdk.json    (the package writes a notice of its own first)
// The SDK's own functions are called; nothing of it is repeated here. See ORIGIN.md.
const { createRequire } = require('node:module');
const { createHash } = require('node:crypto');
const sdk = createRequire(process.cwd() + '/')('@lit-protocol/access-control-conditions');

const A = '0x7C7757a9675f06F3BE4618bB68732c4aB25D2e88';
const B = '0xbd4701851e9c9a22f448860a78872a00da87899e';
const CID = 'QmcgbVu2sJSPpTeFhBd174FnmYmoVYvUFJeDkS7eYtwoFY';
const MINT = 'FrYwrqLcGfmXrgJKcZfrzoWsZ3pqQB9pjjUC9PxSq3xT';
const AND = { operator: 'and' };
const OR = { operator: 'or' };

const basic = (over = {}) => ({
  contractAddress: '', standardContractType: '', chain: 'ethereum', method: 'eth_getBalance',
  parameters: [':userAddress', 'latest'], returnValueTest: { comparator: '>=', value: '1000000000000' }, ...over,
});
const test = (comparator, value) => ({ comparator, value });
const keyed = (key, comparator, value) => ({ key, comparator, value });
const token = (type, method, parameters, over = {}) => basic({ contractAddress: A, standardContractType: type, method, parameters, ...over });
const contract = (over = {}, abi = {}) => ({
  contractAddress: A, functionName: 'balanceOf', functionParams: [':userAddress'],
  functionAbi: {
    name: 'balanceOf', type: 'function', stateMutability: 'view',
    inputs: [{ internalType: 'address', name: 'account', type: 'address' }],
    outputs: [{ internalType: 'uint256', name: '', type: 'uint256' }], ...abi,
  },
  chain: 'polygon', returnValueTest: keyed('', '>', '0'), ...over,
});
const sol = (over = {}) => ({
  method: 'getBalance', params: [':userAddress'], chain: 'solana', returnValueTest: keyed('', '>=', '100000000'), ...over,
});
const sol2 = (over = {}) => sol({ pdaParams: [], pdaInterface: { offset: 0, fields: {} }, pdaKey: '', ...over });
const cosmos = (over = {}) => ({
  path: '/cosmos/bank/v1beta1/balances/:userAddress', chain: 'cosmos', returnValueTest: keyed('$.balances[0].amount', '>=', '1'), ...over,
});
const of = (conditionType, condition) => ({ conditionType, ...condition });
const reversed = (value) => (Array.isArray(value) ? value.map(reversed)
  : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).reverse().map(([k, v]) => [k, reversed(v)])) : value);

const cases = [];
const add = (name, kind, items) => cases.push({ name, kind, items });

// evmBasic
add('balance', 'evmBasic', [basic()]);
add('balance with the SDK documentation\'s value', 'evmBasic', [basic({ returnValueTest: test('>=', '0') })]);
add('balance of a fixed address', 'evmBasic', [basic({ parameters: [B, 'latest'] })]);
for (const comparator of ['=', '>', '>=', '<', '<=']) add(`balance ${comparator}`, 'evmBasic', [basic({ returnValueTest: test(comparator, '10') })]);
add('an integer of 78 digits', 'evmBasic', [basic({ returnValueTest: test('<=', String(2n ** 256n - 1n)) })]);
add('keys in another order', 'evmBasic', [reversed(basic())]);
add('the caller is one wallet', 'evmBasic', [basic({ method: '', parameters: [':userAddress'], returnValueTest: test('=', B) })]);
add('the asking action is one action', 'evmBasic', [basic({ method: '', parameters: [':currentActionIpfsId'], returnValueTest: test('=', CID) })]);
add('a parameter of the sign-in message', 'evmBasic', [basic({ method: '', parameters: [':litParam:secret'], returnValueTest: test('contains', 'x') })]);
add('ERC20', 'evmBasic', [token('ERC20', 'balanceOf', [':userAddress'])]);
add('ERC721 balanceOf', 'evmBasic', [token('ERC721', 'balanceOf', [':userAddress'], { returnValueTest: test('>', '0') })]);
add('ERC721 ownerOf', 'evmBasic', [token('ERC721', 'ownerOf', ['3112'], { returnValueTest: test('=', ':userAddress') })]);
add('ERC1155', 'evmBasic', [token('ERC1155', 'balanceOf', [':userAddress', '9541'], { returnValueTest: test('>', '0') })]);
add('ERC1155 batch', 'evmBasic', [token('ERC1155', 'balanceOfBatch', [':userAddress,:userAddress', '1,10003'], { returnValueTest: test('>', '0') })]);
add('CASK', 'evmBasic', [token('CASK', 'getActiveSubscriptionCount', [':userAddress', B, '8'], { returnValueTest: test('>', '0') })]);
add('Creaton', 'evmBasic', [token('Creaton', 'subscribers', [':userAddress'], { returnValueTest: test('=', 'true') })]);
add('MolochDAOv2.1', 'evmBasic', [token('MolochDAOv2.1', 'members', [':userAddress'], { chain: 'xdai', returnValueTest: test('=', 'true') })]);
add('ProofOfHumanity', 'evmBasic', [token('ProofOfHumanity', 'isRegistered', [':userAddress'], { returnValueTest: test('=', 'true') })]);
add('POAP by event id', 'evmBasic', [token('POAP', 'eventId', [], { chain: 'xdai', returnValueTest: test('=', '37582') })]);
add('POAP by name', 'evmBasic', [token('POAP', 'tokenURI', [], { chain: 'xdai', returnValueTest: test('contains', 'Burning Man 2021') })]);
add('timestamp', 'evmBasic', [basic({ standardContractType: 'timestamp', method: 'eth_getBlockByNumber', parameters: ['latest'], returnValueTest: test('>=', '1651276942') })]);
add('SIWE domain', 'evmBasic', [basic({ standardContractType: 'SIWE', method: '', parameters: [':domain'], returnValueTest: test('=', 'localhost:3050') })]);
add('SIWE resources', 'evmBasic', [basic({ standardContractType: 'SIWE', method: '', parameters: [':resources'], returnValueTest: test('contains', 'https://example.org/a') })]);
add('PKPPermissions action', 'evmBasic', [token('PKPPermissions', 'isPermittedAction', ['0x' + '5a'.repeat(32), '0x1220' + 'ab'.repeat(32)], { chain: 'yellowstone', returnValueTest: test('=', 'true') })]);
add('PKPPermissions address', 'evmBasic', [token('PKPPermissions', 'isPermittedAddress', ['123456789', ':userAddress'], { chain: 'yellowstone', returnValueTest: test('=', 'true') })]);
add('LitAction', 'evmBasic', [token('LitAction', 'go', ['40', ':userAddress'], { contractAddress: 'ipfs://' + CID, returnValueTest: test('=', 'true') })]);
add('LitAction with unicode and quotes', 'evmBasic', [token('LitAction', 'go', ['"); evil("', 'κλειδί \u{1F511} \u2028\u2029\u007f\u0001\b\f\n\r\t\\/'], { contractAddress: 'ipfs://' + CID, returnValueTest: test('=', 'ναι "ja"') })]);
add('every control character', 'evmBasic', [basic({ standardContractType: 'SIWE', method: '', parameters: [':domain'], returnValueTest: test('=', Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)).join('')) })]);
add('two, both by and', 'evmBasic', [basic(), AND, token('ERC20', 'balanceOf', [':userAddress'])]);
add('two, either', 'evmBasic', [basic(), OR, token('ERC20', 'balanceOf', [':userAddress'])]);
add('two without an operator', 'evmBasic', [basic(), token('ERC20', 'balanceOf', [':userAddress'])]);
add('mixed operators on one level', 'evmBasic', [basic(), OR, basic({ chain: 'polygon' }), AND, basic({ chain: 'base' })]);
add('a group', 'evmBasic', [basic(), AND, [basic({ chain: 'polygon' }), OR, basic({ chain: 'base' })]]);
add('groups in groups', 'evmBasic', [[[basic(), OR, [basic({ chain: 'polygon' }), AND, basic({ chain: 'base' })]], AND, basic({ chain: 'optimism' })]]);
add('groups without operators', 'evmBasic', [[basic(), basic({ chain: 'polygon' })], [basic({ chain: 'base' })]]);
add('thirty', 'evmBasic', Array.from({ length: 59 }, (_, i) => (i % 2 ? OR : basic({ returnValueTest: test('>', String(i)) }))));
add('a chain with a digit in front', 'evmBasic', [basic({ chain: '5fire' })]);
for (const chain of ['yellowstone', 'lit', 'chronicleTestnet', '0gMainnet']) add(`the chain ${chain}`, 'evmBasic', [basic({ chain })]);

// evmContract
add('a contract', 'evmContract', [contract()]);
add('a contract, keys in another order', 'evmContract', [reversed(contract())]);
add('constant given as true', 'evmContract', [contract({}, { constant: true })]);
add('constant given as false', 'evmContract', [contract({}, { constant: false })]);
add('nonpayable', 'evmContract', [contract({}, { stateMutability: 'nonpayable' })]);
add('several outputs, one by its name', 'evmContract', [contract({ returnValueTest: keyed('owner', '=', ':userAddress') },
  { outputs: [{ name: 'id', type: 'uint64' }, { name: 'owner', type: 'address' }] })]);
add('names in unicode', 'evmContract', [contract({ returnValueTest: keyed('ποσό', '>', '0') },
  { inputs: [{ name: 'λογαριασμός', type: 'address' }], outputs: [{ name: 'ποσό', type: 'uint256' }] })]);
add('every type of input', 'evmContract', [contract({ functionName: 'f', functionParams: ['-7', 'true', 'text', '0x00ff', '0x' + '11'.repeat(32), '[1,2]', '[[true],[false]]'] },
  { name: 'f', inputs: ['int8', 'bool', 'string', 'bytes', 'bytes32', 'uint256[]', 'bool[1][2]'].map((type, i) => ({ name: `a${i}`, type })), outputs: [{ name: '', type: 'bool' }] })
].map((c) => ({ ...c, returnValueTest: keyed('', '=', 'true') })));
add('no inputs, a text', 'evmContract', [contract({ functionName: 'name', functionParams: [], returnValueTest: keyed('', 'contains', 'Coin') }, { name: 'name', inputs: [], outputs: [{ name: '', type: 'string' }] })]);
add('contracts in a group', 'evmContract', [contract(), OR, [contract({ chain: 'base' }), AND, contract({ chain: 'xdai' })]]);
add('a parameter for the asking action', 'evmContract', [contract({ functionName: 'has', functionParams: [':currentActionIpfsId'], returnValueTest: keyed('', '=', 'true') },
  { name: 'has', inputs: [{ name: 'cid', type: 'string' }], outputs: [{ name: '', type: 'bool' }] })]);

// solRpc, first version
add('sol v1 balance', 'solRpc', [sol()]);
add('sol v1 wallet', 'solRpc', [sol({ method: '', returnValueTest: keyed('', '=', '88PoAjLoSqrTjH2cdRWq4JEezhSdDBw3g7Qa6qKQurxA') })]);
add('sol v1 token', 'solRpc', [sol({ method: 'balanceOfToken', params: [MINT], returnValueTest: keyed('$.amount', '>', '0') })]);
add('sol v1 collection', 'solRpc', [sol({ method: 'balanceOfMetaplexCollection', params: [MINT], returnValueTest: keyed('', '>', '0') })]);
add('sol v1 with objects in its parameters', 'solRpc', [sol({ method: 'getTokenAccountsByOwner',
  params: [':userAddress', { programId: MINT }, { encoding: 'jsonParsed', 10: 1, 9: [true, null, -5], limit: 9007199254740991 }], returnValueTest: keyed('$[0].pubkey', '=', MINT) })]);
add('sol v1 that names an interface without pdaParams', 'solRpc', [sol({ pdaInterface: { offset: 0, fields: {} }, pdaKey: '' })]);
// solRpc, second version
add('sol v2', 'solRpc', [sol2()]);
add('sol v2, keys in another order', 'solRpc', [reversed(sol2())]);
add('sol v2 PDA', 'solRpc', [sol2({ method: 'getBalance(getPDA)', params: [], pdaParams: [MINT, 'metadata', 'pubkey:' + MINT],
  pdaInterface: { offset: 8, fields: { owner: 32, amount: 8 } }, pdaKey: 'owner' })]);
add('sol v2 with fields that are integers', 'solRpc', [sol2({ method: 'getBalance(getPDA)', params: [], pdaParams: [MINT], pdaInterface: { offset: 1, fields: { zebra: 4, 10: 32, 2: 8, '01': 1, apple: 2, 4294967295: 7 } }, pdaKey: '10' })]);
add('sol v2 the PDA itself', 'solRpc', [sol2({ method: 'getPDA', params: [], pdaParams: [MINT, 'seed'], returnValueTest: keyed('', '=', MINT) })]);
add('sol on the development chain', 'solRpc', [sol2({ chain: 'solanaDevnet' }), AND, sol2({ chain: 'solanaTestnet' })]);
add('sol v2 unified', 'unified', [of('solRpc', sol2())]);
add('sol unified without pdaParams', 'unified', [of('solRpc', sol({ pdaInterface: { offset: 0, fields: {} }, pdaKey: '' }))]);

// cosmos (in unified lists only, as in the SDK)
add('cosmos', 'unified', [of('cosmos', cosmos())]);
add('cosmos, keys in another order', 'unified', [reversed(of('cosmos', cosmos()))]);
add('cosmos wallet', 'unified', [of('cosmos', cosmos({ path: ':userAddress', returnValueTest: keyed('', '=', 'cosmos1vn6zl0924yj86jrp330wcwjclzdharljq03a8h') }))]);
add('cosmos timelock', 'unified', [of('cosmos', cosmos({ chain: 'cheqdMainnet', method: 'timelock', parameters: ['latest'],
  path: "/cosmos/tx/v1beta1/txs?events=transfer.recipient='cheqd1xl5wccz667lk06ahama26pdqvrkz5aws6m0ztp'&order_by=2&pagination.limit=1", returnValueTest: keyed('$.tx_responses.*.timestamp', '<=', '3153600000') }))]);
add('cosmos with an empty method and parameters', 'unified', [of('cosmos', cosmos({ method: '', parameters: [] }))]);
add('cosmos contains', 'unified', [of('cosmos', cosmos({ chain: 'juno', returnValueTest: keyed('$.balances[*].denom', 'contains', 'ujuno') }))]);

// unified
add('unified: hashes as accessControlConditions', 'unified', [of('evmBasic', basic())]);
add('unified: hashes as evmContractConditions', 'unified', [of('evmContract', contract())]);
add('unified: all kinds', 'unified', [of('evmBasic', basic()), AND, of('evmContract', contract()), AND, of('solRpc', sol2()), AND, of('cosmos', cosmos())]);
add('unified: groups of kinds', 'unified', [[of('evmBasic', basic()), OR, of('solRpc', sol2())], AND, [of('evmContract', contract()), OR, [of('cosmos', cosmos())]]]);
add('unified: without an operator', 'unified', [of('evmBasic', basic()), of('evmContract', contract())]);
add('unified: mixed operators', 'unified', [of('evmBasic', basic()), AND, of('evmContract', contract()), OR, of('evmBasic', basic({ chain: 'base' }))]);

// what the SDK hashes and we refuse; the canonical form shows what would be lost, or taken as something else
const refuse = (name, kind, items, why) => cases.push({ name, kind, items, refused: why });
refuse('a field that no hash covers', 'evmBasic', [{ ...basic(), comment: 'only members' }], 'comment');
refuse('a condition beside an operator', 'evmBasic', [basic(), { operator: 'or', ...basic({ chain: 'polygon' }) }, basic()], 'contractAddress');
refuse('a wrong kind', 'unified', [of('evmBasic', contract())], 'conditionType');
refuse('an operator in capitals', 'evmBasic', [basic(), { operator: 'AND' }, basic()], 'operator');
refuse('an operator at the end', 'evmBasic', [basic(), OR], 'behind this operator');
refuse('an operator in front', 'evmBasic', [OR, basic()], 'take turns');
refuse('an operator in one place only', 'evmBasic', [basic(), basic(), OR, basic()], 'take turns');
refuse('an empty group', 'evmBasic', [basic(), AND, []], 'empty list');
refuse('no condition', 'evmBasic', [], 'empty list');
refuse('a number for a value', 'evmBasic', [basic({ returnValueTest: test('>', 0) })], 'value');
refuse('a fraction in parameters', 'solRpc', [sol({ params: [0.5] })], 'params');
refuse('a number beyond what JavaScript can write', 'solRpc', [sol({ params: [2 ** 53] })], 'params');
refuse('a contract without its mutability', 'evmContract', [contract({}, { stateMutability: undefined })], 'stateMutability');
refuse('an interface that is not hashed', 'solRpc', [sol({ pdaInterface: { offset: 8, fields: { owner: 32 } }, pdaKey: 'owner' })], 'pdaParams');
refuse('an unknown contract type', 'evmBasic', [token('ERC777', 'balanceOf', [':userAddress'])], 'standardContractType');
refuse('a contract type that nobody ever evaluated', 'evmBasic', [token('ERC721MetadataName', 'name', [])], 'standardContractType');
refuse('an unknown comparator', 'evmBasic', [basic({ returnValueTest: test('==', '0') })], 'comparator');
refuse('an unknown special parameter', 'evmBasic', [basic({ parameters: [':userAdress', 'latest'] })], 'parameters');
refuse('half of a surrogate pair', 'evmBasic', [token('LitAction', 'go', ['\ud800'], { contractAddress: 'ipfs://' + CID, returnValueTest: test('=', 'true') })], 'surrogate');
refuse('an integer compared as a text', 'evmBasic', [token('LitAction', 'go', [], { contractAddress: 'ipfs://' + CID, returnValueTest: test('>', '9') })], 'ordered by their letters');

const formatters = {
  evmBasic: [sdk.canonicalAccessControlConditionFormatter, sdk.hashAccessControlConditions],
  evmContract: [sdk.canonicalEVMContractConditionFormatter, sdk.hashEVMContractConditions],
  solRpc: [sdk.canonicalSolRpcConditionFormatter, sdk.hashSolRpcConditions],
  unified: [sdk.canonicalUnifiedAccessControlConditionFormatter, sdk.hashUnifiedAccessControlConditions],
};
const validators = {
  evmBasic: sdk.validateAccessControlConditionsSchema, evmContract: sdk.validateEVMContractConditionsSchema,
  solRpc: sdk.validateSolRpcConditionsSchema, unified: sdk.validateUnifiedAccessControlConditionsSchema,
};
const attempt = async (run) => { try { return await run(); } catch (error) { return null; } };

(async () => {
  const written = [];
  for (const { name, kind, items, refused } of cases) {
    const [format, hash] = formatters[kind];
    const canonical = await attempt(() => JSON.stringify(items.map((item) => format(item))));
    const digest = await attempt(async () => Buffer.from(await hash(items)).toString('hex'));
    if (digest && createHash('sha256').update(Buffer.from(new TextEncoder().encode(canonical))).digest('hex') !== digest) throw new Error(name);
    const valid = (await attempt(() => validators[kind](items))) === true;
    written.push({ name, kind, items, canonical, hash: digest, passesSdkValidation: valid, ...(refused ? { refused } : {}) });
  }
  const ascii = (value) => JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  const lines = written.map((one) => '  ' + ascii(one)).join(',\n'); // one case a line
  process.stdout.write(`{"package": "@lit-protocol/access-control-conditions@7.4.0", "cases": [\n${lines}\n]}\n`);
})();
