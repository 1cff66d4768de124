// A software authenticator: what a browser makes of a passkey (WebAuthn Level 2), in the JSON that Lit's WebAuthnProvider works with.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const [PRESENT, VERIFIED, ATTESTED] = [0x01, 0x04, 0x40];
const sha256 = (data) => createHash('sha256').update(data).digest();
const base64url = (data) => Buffer.from(data).toString('base64url');

function uint(value, bytes) {
  return Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex');
}

// CBOR (RFC 8949) of what passkeys consist of: integers, text, bytes, and maps of these, in the order given.
function head(major, value) {
  if (value < 24) return uint((major << 5) | value, 1);
  return Buffer.concat(value < 256 ? [uint((major << 5) | 24, 1), uint(value, 1)] : [uint((major << 5) | 25, 1), uint(value, 2)]);
}

function cbor(value) {
  if (Number.isInteger(value)) return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
}

export class Authenticator {
  #key;
  #counter = 0;

  constructor(origin, id = randomBytes(32)) {
    this.origin = origin;
    this.id = id;
    this.#key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  // COSE_Key (RFC 9053) of ES256.
  get publicKey() {
    const { x, y } = this.#key.publicKey.export({ format: 'jwk' });
    return cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]));
  }

  // What navigator.credentials.create gives.
  register(challenge) {
    const credential = Buffer.concat([Buffer.alloc(16), uint(this.id.length, 2), this.id, this.publicKey]);
    const authData = Buffer.concat([this.#data(PRESENT | VERIFIED | ATTESTED), credential]);
    const attestationObject = cbor(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', authData]]));
    return this.#answer({ clientDataJSON: this.#told('webauthn.create', challenge), attestationObject });
  }

  // What navigator.credentials.get gives.
  authenticate(challenge) {
    const clientDataJSON = this.#told('webauthn.get', challenge);
    const authenticatorData = this.#data(PRESENT | VERIFIED);
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientDataJSON)]), this.#key.privateKey);
    return this.#answer({ clientDataJSON, authenticatorData, signature, userHandle: Buffer.from('ann') });
  }

  #told(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge: base64url(challenge), origin: this.origin, crossOrigin: false }));
  }

  #data(flags) {
    this.#counter += 1;
    return Buffer.concat([sha256(new URL(this.origin).hostname), uint(flags, 1), uint(this.#counter, 4)]);
  }

  #answer(parts) {
    const response = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, base64url(part)]));
    const id = base64url(this.id);
    return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {}, authenticatorAttachment: 'platform' };
  }
}
