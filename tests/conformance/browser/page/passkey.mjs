// A visitor makes a passkey, gets a new key that belongs to itself and that the passkey may use, and opens a session of that key.
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { WebAuthnProvider } from '@lit-protocol/lit-auth-client';
import { disconnectWeb3 } from '@lit-protocol/lit-node-client';
import { ethers } from 'ethers';

import { DECRYPTING, RUNNING, SIGNING, isUser, network, refusal, run, soon } from './votive.mjs';

const HELPER = [
  `function mintNextAndAddAuthMethods(uint256 keyType, uint256[] types, bytes[] ids, bytes[] pubkeys, uint256[][] scopes,
    bool addPkpEthAddressAsPermittedAddress, bool sendPkpToItself) payable returns (uint256)`,
];
const PKPNFT = ['function mintCost() view returns (uint256)', 'event PKPMinted(uint256 indexed tokenId, bytes pubkey)'];

const base64url = (bytes) => ethers.utils.base64.encode(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

// An application's own relayer, in place of Lit's: it says what a new passkey is to be like, and pays for the key. Here the visitor pays.
class Relay {
  constructor(payer) {
    this.nft = new ethers.Contract(network.deployed.PKPNFT, PKPNFT, payer);
    this.helper = new ethers.Contract(network.deployed.PKPHelper, HELPER, payer);
  }

  async generateRegistrationOptions(name) {
    return {
      challenge: base64url(ethers.utils.randomBytes(32)),
      rp: { name: 'lit', id: window.location.hostname },
      user: { id: name, name, displayName: name },
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    };
  }

  async mintPKP(body) {
    const asked = JSON.parse(body);
    const sent = await this.helper.mintNextAndAddAuthMethods(
      asked.keyType,
      asked.permittedAuthMethodTypes,
      asked.permittedAuthMethodIds,
      asked.permittedAuthMethodPubkeys,
      asked.permittedAuthMethodScopes,
      asked.addPkpEthAddressAsPermittedAddress,
      asked.sendPkpToItself,
      { value: await this.nft.mintCost() },
    );
    const { logs } = await sent.wait();
    const minted = this.nft.interface.getEventTopic('PKPMinted');
    const log = logs.find(({ address, topics }) => address === this.nft.address && topics[0] === minted);
    this.publicKey = this.nft.interface.parseLog(log).args.pubkey;
    return { requestId: sent.hash };
  }
}

run(async (client) => {
  const relay = new Relay(new ethers.providers.Web3Provider(window.ethereum).getSigner());
  const provider = new WebAuthnProvider({ litNodeClient: client, relay });
  await provider.verifyAndMintPKPThroughRelayer(await provider.register('ann'));
  const { publicKey } = relay;

  const opened = async (pkpPublicKey) =>
    client.getPkpSessionSigs({
      pkpPublicKey,
      authMethods: [await provider.authenticate()],
      chain: 'ethereum',
      expiration: soon(),
      resourceAbilityRequests: [SIGNING, RUNNING, DECRYPTING],
    });
  const sessionSigs = await opened(publicKey);

  const digest = ethers.utils.id('signed by a passkey');
  const signed = await client.pkpSign({ toSign: ethers.utils.arrayify(digest), pubKey: publicKey, sessionSigs });
  const own = { accessControlConditions: isUser(ethers.utils.computeAddress(publicKey)) };
  const encrypted = await encryptString({ ...own, dataToEncrypt: 'for the key of a passkey' }, client);
  const decrypted = await decryptToString({ ...own, ...encrypted, chain: network.condition_chain, sessionSigs }, client);
  disconnectWeb3(); // the SDK keeps what was signed for this page's session, and would use it for any other key
  return {
    origin: window.location.origin,
    publicKey,
    digest,
    signature: signed.signature,
    decrypted,
    refused: await refusal(opened(network.key.public_key)),
  };
});
