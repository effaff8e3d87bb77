/* Questions and answers of WebAuthn as JSON (Level 3, §5.1.8 and §5.1.9), written out because the
   floor is Chrome 119. */

/* base64url (RFC 4648 §5), unpadded */
function encode(buffer) {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
function decode(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0)).buffer;
}

const listed = (list) => list.map((entry) => ({ ...entry, id: decode(entry.id) }));

/* What navigator.credentials takes as publicKey. */
export function question(json) {
  const asked = { ...json, challenge: decode(json.challenge) };
  if (json.user) asked.user = { ...json.user, id: decode(json.user.id) };
  for (const name of ["allowCredentials", "excludeCredentials"])
    if (json[name]) asked[name] = listed(json[name]);
  return asked;
}

/* What it answers. */
export function answer(credential) {
  const given = credential.response, response = { clientDataJSON: encode(given.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (given[name]) response[name] = encode(given[name]);
  if (given.attestationObject) response.transports = given.getTransports ? given.getTransports() : [];
  return { id: credential.id, rawId: encode(credential.rawId), type: credential.type,
    response, clientExtensionResults: credential.getClientExtensionResults() };
}
