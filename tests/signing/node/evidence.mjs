// What the verifiers here may look at: the documents that came with the task. There is no network.
import net from "node:net";
import { named as vcContexts } from "@digitalbazaar/credentials-context";
import dataIntegrityContext from "@digitalbazaar/data-integrity-context";

const closed = () => { throw new Error("a verifier asked for the network"); };
net.Socket.prototype.connect = closed;
globalThis.fetch = closed;

const contexts = new Map();
for (const { id, context } of vcContexts.values()) contexts.set(id, context);
contexts.set(dataIntegrityContext.constants.CONTEXT_URL, dataIntegrityContext.contexts.get(dataIntegrityContext.constants.CONTEXT_URL));

const absolute = (id, did) => id.startsWith("#") ? did + id : id;

/** The method that a DID URL names, if its DID document lets it sign statements. */
export function assertionMethod(task, id) {
  const did = id.split("#")[0];
  const document = task.didDocuments[did];
  if (document?.id !== did) throw new Error(`no DID document of ${did}`);
  const listed = document.assertionMethod.some(item => absolute(item.id ?? item, did) === id);
  const method = document.verificationMethod.find(item => absolute(item.id, did) === id);
  if (!listed || !method) throw new Error(`${id} may not sign statements`);
  return { did, document, method };
}

/** Loads contexts, DID documents and their keys, as the libraries of Digital Bazaar ask for them. */
export function documentLoader(task, others = new Map()) {
  return async url => {
    const [did, fragment] = url.split("#");
    let document = contexts.get(url) ?? others.get(url);
    if (!document && task.didDocuments[did]) {
      document = task.didDocuments[did];
      if (fragment) document = { "@context": "https://w3id.org/security/multikey/v1", ...assertionMethod(task, url).method };
    }
    if (!document) throw new Error(`not at hand: ${url}`);
    return { contextUrl: null, documentUrl: url, document: structuredClone(document) };
  };
}
