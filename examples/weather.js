// Asks a paid service with an API key that nobody can read, and signs what it answered.
//
// Parameters:
//   secret     the API key as `votive encrypt` wrote it, encrypted to this program's own CID
//   city       where
//   publicKey  the key to sign with, 0x04…
//
// The key can be decrypted by this program alone: its conditions name the CID of exactly this text. So whoever trusts the text knows
// everything that ever happens to the key: it goes to SERVICE and nowhere else. The address stands here, and is no parameter: a caller
// who could choose it would be handed the key. Nor is the key, or anything that holds it, logged, signed or returned.

const SERVICE = "https://weather.example/temperature";

const apiKey = () => Lit.Actions.decryptAndCombine({
  accessControlConditions: secret.unifiedAccessControlConditions,
  ciphertext: secret.ciphertext,
  dataToEncryptHash: secret.dataToEncryptHash,
  authSig: null, // the program itself is meant, whoever has it run
  chain: secret.chain,
});

const temperature = async (key) => {
  const answer = await fetch(`${SERVICE}?city=${encodeURIComponent(city)}`, { headers: { Authorization: `Bearer ${key}` } });
  if (!answer.ok) throw new Error(`the weather service answered ${answer.status}`);
  const { celsius } = await answer.json();
  if (typeof celsius !== "number") throw new Error("the weather service told no temperature");
  return celsius;
};

const go = async () => {
  const statement = `${city}: ${await temperature(await apiKey())} °C`;
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message: statement, publicKey, sigName: "weather" });
  Lit.Actions.setResponse({ response: statement });
};

go();
