// Steps 1 to 7 over one credential (signing/README.md, section 7), in the order of the methods.
import { get, isObject, isText, opt, orElse, orElseAsync, Refusal } from "./basics.js";
import { ChainNotChecked, checkChain, keyOfChain } from "./certificate_chain.js";
import { decodeAny, isPresentation, subjectsOf, typesOf } from "./forms.js";
import { fromInstant, fromSeconds, perhapsInstant, toInstant } from "./instants.js";
import { fits, keysOf, KEY_TYPE } from "./keys.js";
import { checkInclusion, NO_PROOF } from "./log.js";
import { failed, NOT_REACHED, notChecked, passed, warning } from "./report.js";
import { entryOf, holdsAt, refusedHeader } from "./trust_list.js";

const CONTEXT = "https://www.w3.org/ns/credentials/v2"; // VCDM 2.0 section 4.3: always the first
const OF_VCDM = ["vc+jwt", "vc-ld+jwt", "vc+ld+jwt"];
const OF_SD_JWT = ["dc+sd-jwt", "vc+sd-jwt"];
const EMBEDDED = "data-integrity";
const STATUS_LIST_JWT = "statuslist+jwt";
const SIGNATURE_BYTES = 64,
  CLOCK_SKEW = 5 * 60 * 1000;

// Evidence: { didDocuments, trustList, statusLists, logProof, expectedIdentifier, role }; nothing is fetched.
// `inScope`: whether type and time must be within the issuer's scope and trust; not for lists of status.
export class Examination {
  constructor(bytes, evidence, at, inScope = true) {
    const nothingYet = {
      decoded: null,
      payload: {},
      issuer: "",
      types: [],
      entry: null,
      candidates: [],
      isByChain: false,
      key: null,
      included: null,
    };
    Object.assign(this, {
      bytes,
      evidence,
      at,
      inScope,
      isSdJwt: isPresentation(bytes),
      isEmbedded: bytes[0] === 0x7b,
      ...nothingYet,
    });
  }

  // The findings of steps 1 to 6. A failed step 5 does not stop step 6: there still is a signature to look at.
  async findings() {
    const findings = [];
    let goesOn = true;
    const steps = [this.parse, this.format, this.algorithm, this.issuerFound, this.issuerTrusted, this.signature];
    for (const step of steps) {
      const finding = goesOn ? await step.call(this) : NOT_REACHED;
      findings.push(finding);
      if (finding.outcome === "failed" && step !== this.issuerTrusted) goesOn = false;
    }
    return findings;
  }

  parse() {
    const read = async () => {
      this.decoded = await decodeAny(this.bytes);
      this.payload = this.decoded.payload;
      return passed("parsed", "strict JSON with one signature");
    };
    return orElseAsync(read, (error) => failed(error.reason, error.message));
  }

  format() {
    const { header } = this.decoded,
      { payload } = this;
    if (!this.acceptedTypes().includes(header.typ))
      return failed("typ_unknown", "typ is not that of a credential in this form");
    if (this.isEmbedded || OF_VCDM.includes(header.typ)) return this.formatOfVcdm();
    this.issuer = isText(payload.iss) ? payload.iss : "";
    if (!this.issuer) return failed("issuer_missing", "names no issuer");
    if (header.typ === STATUS_LIST_JWT) return passed("token_status_list", "Token Status List");
    if (!isText(payload.vct)) return failed("not_a_credential", "vct is missing");
    this.types = [payload.vct];
    return passed("sd_jwt_vc", "SD-JWT VC");
  }

  // Of each form its own: a header cannot claim to be of another.
  acceptedTypes() {
    if (this.isSdJwt) return OF_SD_JWT;
    if (this.isEmbedded) return [EMBEDDED];
    return this.inScope ? OF_VCDM : [...OF_VCDM, STATUS_LIST_JWT];
  }

  formatOfVcdm() {
    const { header } = this.decoded,
      { payload } = this,
      contexts = payload["@context"];
    const issuer = isObject(payload.issuer) ? payload.issuer.id : payload.issuer;
    this.issuer = isText(issuer) ? issuer : "";
    if (get(header, "cty") !== undefined && header.cty !== "vc") return failed("cty_unknown", "cty is not vc");
    if (!Array.isArray(contexts) || contexts[0] !== CONTEXT)
      return failed("not_vcdm_2", `@context does not begin with ${CONTEXT}`);
    // VC-JOSE-COSE section 3.1.3: readers of version 1.1 would see another credential in them.
    if (!this.isEmbedded && ["vc", "vp"].some((name) => get(payload, name) !== undefined))
      return failed("not_vcdm_2", "vc and vp are of version 1.1");
    this.types = typesOf(payload);
    if (!this.types.includes("VerifiableCredential") || !subjectsOf(payload).length)
      return failed("not_a_credential", "type or credentialSubject is missing");
    return this.issuer ? passed("vcdm_2", "Verifiable Credential 2.0") : failed("issuer_missing", "names no issuer");
  }

  algorithm() {
    const { header, signature } = this.decoded,
      reason = refusedHeader(header);
    if (reason) return failed(reason);
    return signature.length === SIGNATURE_BYTES
      ? passed("algorithm_allowed", header.alg)
      : failed("signature_length", "the signature has not 64 bytes");
  }

  async issuerFound() {
    const { header } = this.decoded,
      { trustList, didDocuments, role } = this.evidence;
    const claims = [opt(header, "iss"), opt(this.payload, "iss")];
    if (claims.some((claim) => claim !== null && claim !== this.issuer))
      return failed("issuer_contradicted", "iss is not the credential's issuer");
    this.entry = entryOf(trustList, this.issuer, role);
    const document = get(didDocuments, this.issuer);
    if (document === undefined) return this.choose(await this.keysWithoutDocument());
    return orElseAsync(
      async () => this.choose(await keysOf(document, this.issuer)),
      (error) => failed(error.reason, `DID document: ${error.message}`),
    );
  }

  // Offline, what the trust list says is enough: keys, and who vouches for others, which step 5 asks.
  async keysWithoutDocument() {
    const listed = (this.entry?.keys ?? []).map((key) => ({ ...key, id: `${this.issuer}#${key.id}` }));
    const keys = [...listed, ...(await this.keyOfItsChain())];
    return keys.length ? keys : null;
  }

  async keyOfItsChain() {
    if (!this.entry?.anchors.length) return [];
    const unretired = { expires: null, revoked: null, index: null, log: null };
    const read = async () => {
      const key = await keyOfChain(this.decoded.header.x5c);
      return [{ id: `${this.issuer}#${key.thumbprint}`, key, ...unretired }];
    };
    return orElseAsync(read, () => []);
  }

  // The key that the kid names; without a kid, which some omit, all of the right type.
  choose(keys) {
    if (keys === null) return notChecked("did_document_missing", `no keys of ${this.issuer}`);
    const { header } = this.decoded,
      kid = opt(header, "kid");
    const named = kid === null ? keys : keys.filter((key) => key.id === kid);
    if (kid !== null && !named.length) return failed("key_not_found", "kid is not a key of the issuer");
    const wanted = named.filter((key) => key.key.type === KEY_TYPE[header.alg]);
    if (!wanted.length) return failed("key_type_mismatch", "the key is not for this algorithm");
    this.candidates = [...new Map(wanted.reverse().map((key) => [key.key.thumbprint, key])).values()];
    return passed("keys_found", `${this.candidates.length} key(s) of ${this.issuer}`);
  }

  async issuerTrusted() {
    const { trustList } = this.evidence,
      { entry } = this;
    if (!trustList) return notChecked("no_trust_list", "no trust list says who issuers are");
    if (!entry) return failed("issuer_not_trusted", `the trust list has no ${this.issuer}`);
    if (this.inScope && entry.scope.length && !this.types.some((type) => entry.scope.includes(type)))
      return failed("type_out_of_scope", `${this.issuer} may not issue this type`);
    if (entry.keys.length || entry.anchors.length) {
      const { kept, undecided, why } = await this.trustedCandidates();
      if (!kept.length && !undecided.length) this.candidates = [];
      if (!kept.length && !undecided.length) return failed("key_not_trusted", `the trust list has not this key${why}`);
      this.candidates = kept.length ? kept : undecided;
      if (!kept.length)
        return notChecked("certificate_chain_not_checked", `this page cannot check the chain of certificates${why}`);
    }
    // Who is no longer trusted may still revoke what was issued before.
    return this.inScope ? this.withinTrust() : passed("issuer_trusted", `${this.issuer} is in the trust list`);
  }

  // The candidates that the list names, or for which its authorities vouch.
  async trustedCandidates() {
    const { entry } = this,
      listed = new Map(entry.keys.map((key) => [key.key.thumbprint, key]));
    const found = { kept: [], undecided: [], why: "" };
    for (const candidate of this.candidates) {
      const own = listed.get(candidate.key.thumbprint);
      if (own !== undefined) found.kept.push(stricter(candidate, own));
      else if (entry.anchors.length) {
        try {
          const issued = this.issuedAt() ?? this.at;
          await checkChain(this.decoded.header.x5c, candidate.key, entry.anchors, issued);
          found.kept.push(candidate);
          this.isByChain = true;
        } catch (error) {
          if (error instanceof ChainNotChecked) found.undecided.push(candidate);
          else if (!(error instanceof Refusal)) throw error;
          found.why += `: ${error.message}`;
        }
      }
    }
    return found;
  }

  withinTrust() {
    const { entry, at } = this,
      { trustList } = this.evidence;
    const judge = () => {
      if (!holdsAt(entry, this.issuedAt() ?? at))
        return failed("trust_not_at_issue", "not trusted when this was issued");
      if (!holdsAt(entry, at)) return warning("trust_ended", "trusted when issued, but no longer");
      if (trustList.until < at)
        return warning("trust_list_stale", `the trust list was good until ${toInstant(trustList.until)}`);
      // What a chain leaves open.
      const reservation = this.isByChain
        ? ", by its certificates; whether one was revoked since is not asked (no OCSP, no CRL)"
        : "";
      return passed("issuer_trusted", `${entry.names[0] ?? this.issuer} is trusted as ${entry.role}${reservation}`);
    };
    return orElse(judge, (error) => failed(error.reason, error.message));
  }

  async signature() {
    const { signature, signed } = this.decoded;
    for (const candidate of this.candidates) {
      if (!(await fits(candidate.key, signature, signed))) continue;
      if (candidate.revoked !== null && !(await this.wasLoggedInTime(candidate)))
        return failed("key_revoked", `its key is compromised since ${toInstant(candidate.revoked)}`);
      this.key = candidate;
      return passed("signature_valid", `signed by key ${candidate.key.thumbprint}`);
    }
    if (!this.candidates.length) return notChecked("no_trusted_key", "there is no trusted key to check with");
    if (this.candidates.some((candidate) => candidate.key.crypto === null))
      return notChecked("algorithm_unavailable", "this browser has no Ed25519");
    return failed("signature_invalid", "the signature does not fit these bytes");
  }

  // A compromised key's signature counts where the log shows that it is older. Where its owner does not name
  // the log, exactly one must be known: in another, younger log every index would be small.
  async wasLoggedInTime({ index, log }) {
    const place = await this.inclusion();
    if (place.origin === undefined || index === null) return false;
    const isThisLog = log === null ? place.logs.size === 1 : log === place.origin;
    return isThisLog && place.index < BigInt(index);
  }

  // For step 12, and for keys that were compromised later. The proof is never about a list of status.
  async inclusion() {
    const { logProof, trustList } = this.evidence;
    this.included ??= this.inScope ? await checkInclusion(this.bytes, logProof, trustList, this.at) : NO_PROOF;
    return this.included;
  }

  issuedAt() {
    if (opt(this.payload, "validFrom") !== null) return fromInstant(this.payload.validFrom);
    return fromSeconds(this.payload, "nbf") ?? fromSeconds(this.payload, "iat");
  }

  // Whether the key that signed had not been retired at the instant of issue.
  wasInUse(issued) {
    return this.key.expires === null || (issued !== null && issued <= this.key.expires);
  }

  validity() {
    const { header } = this.decoded,
      { payload, at } = this;
    const judge = () => {
      const issued = this.issuedAt();
      // Where VCDM's words and the JWT's claims differ, the shorter period counts.
      const begins = [issued, perhapsInstant(payload, "validFrom"), fromSeconds(payload, "nbf")];
      const ends = [perhapsInstant(payload, "validUntil"), fromSeconds(payload, "exp")];
      const begin = last(begins, Math.max),
        until = last(ends, Math.min);
      const proofUntil =
        header.typ === EMBEDDED && opt(header, "expires") !== null ? fromInstant(header.expires) : null;
      if (begin !== null && begin > at + CLOCK_SKEW) return failed("not_yet_valid", `valid from ${toInstant(begin)}`);
      if (until !== null && until < at) return failed("expired", `was valid until ${toInstant(until)}`);
      if (proofUntil !== null && proofUntil < at) return failed("proof_expired", "its proof was for a shorter time");
      return this.wasInUse(issued)
        ? passed("within_period", "within its period of validity")
        : failed("key_retired", "issued after its key was retired");
    };
    return orElse(judge, (error) => failed(error.reason, error.message));
  }
}

// The one of the stated instants that counts, or null where none is stated.
function last(instants, choose) {
  const stated = instants.filter((instant) => instant !== null);
  return stated.length ? choose(...stated) : null;
}

// The key under the earlier end that its owner and the trust list state; the list's word on a compromise goes first.
function stricter(found, trusted) {
  const { revoked, index, log } = trusted.revoked !== null ? trusted : found;
  const ends = [found.expires, trusted.expires].filter((end) => end !== null);
  return { ...found, expires: ends.length ? Math.min(...ends) : null, revoked, index, log };
}
