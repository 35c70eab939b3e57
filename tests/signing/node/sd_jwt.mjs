// SD-JWT VC and Token Status Lists, by the libraries of the OpenWallet Foundation.
import { createHash } from "node:crypto";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { getListFromStatusListJWT } from "@sd-jwt/jwt-status-list";
import { compactVerify, decodeProtectedHeader } from "jose";
import { keyOf, verifyStatusListJwt } from "./jose.mjs";

/** The claims that a presentation discloses, once signature, digests, time and status are right. */
export async function verifyPresentation(task) {
  const verifier = async (data, signature) => {
    const jws = `${data}.${signature}`;
    const { key } = await keyOf(task, decodeProtectedHeader(jws));
    await compactVerify(jws, key, { algorithms: ["ES256"] });
    return true;
  };
  const instance = new SDJwtVcInstance({
    verifier,
    hasher: data => new Uint8Array(createHash("sha256").update(typeof data === "string" ? data : new Uint8Array(data)).digest()),
    hashAlg: "sha-256",
    statusListFetcher: async url => task.statusLists[url],
    statusValidator: async status => { if (status !== 0) throw new Error(`status ${status}`); },
  });
  const { payload, header } = await instance.verify(task.presentation, { currentDate: Date.parse(task.at) / 1000 });
  return { claims: payload, typ: header.typ };
}

/** The places of all bits that are set in a signed Token Status List. */
export async function setTokens(task) {
  await verifyStatusListJwt(task, task.list);
  const { statusList } = getListFromStatusListJWT(task.list);
  return { length: statusList.length, set: statusList.flatMap((status, index) => status ? [index] : []) };
}
