// Compact signatures, by jose and the JsonWebKey in a DID document.
import { compactVerify, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { assertionMethod } from "./evidence.mjs";

/** The key that a header names by a DID URL. */
export async function keyOf(task, header) {
  const { did, method } = assertionMethod(task, header.kid);
  if (method.type !== "JsonWebKey") throw new Error(`${header.kid} is no JsonWebKey`);
  return { did, key: await importJWK(method.publicKeyJwk, header.alg) };
}

/** A credential as vc+jwt (VC-JOSE-COSE): its header and payload, once the signature is right. */
export async function verifyCredentialJwt(task, jwt) {
  const { did, key } = await keyOf(task, decodeProtectedHeader(jwt));
  const { protectedHeader: header, payload: bytes } = await compactVerify(jwt, key, { algorithms: ["ES256"] });
  if (header.typ !== "vc+jwt" || header.cty !== "vc") throw new Error(`not a vc+jwt: ${header.typ}`);
  const payload = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  const issuer = payload.issuer.id ?? payload.issuer;
  if (issuer !== did || header.iss !== did) throw new Error("signed by another than its issuer");
  return { header, payload };
}

/** A Token Status List: its claims, once signature, type and time are right. */
export async function verifyStatusListJwt(task, jwt) {
  const { did, key } = await keyOf(task, decodeProtectedHeader(jwt));
  const options = { algorithms: ["ES256"], typ: "statuslist+jwt", issuer: did, currentDate: new Date(task.at) };
  return (await jwtVerify(jwt, key, options)).payload;
}
