// What the page and the tests use of the verifier.
import { Refusal } from "./basics.js";
import { fromUtf8, latin1, sha256Hex, startsWith, stripped, utf8 } from "./bytes.js";
import { addDidDocument, emptyEvidence, isBundle, readBundle } from "./bundle.js";
import { decodeAny, decodePresentation } from "./forms.js";
import { fromInstant } from "./instants.js";
import { readKey } from "./keys.js";
import { isSeal, verifyOffline, verifyPassport, verifySeal } from "./passport.js";
import { STEPS } from "./report.js";
import { examineSeal } from "./seal_report.js";
import { canonical, parseStrict } from "./strict_json.js";
import { readTrustList } from "./trust_list.js";
import { examine } from "./verify.js";

export const Voltpass = {
  STEPS,
  Refusal,
  fromUtf8,
  latin1,
  sha256Hex,
  startsWith,
  stripped,
  utf8,
  addDidDocument,
  emptyEvidence,
  isBundle,
  readBundle,
  decodeAny,
  decodePresentation,
  fromInstant,
  readKey,
  isSeal,
  verifyOffline,
  verifyPassport,
  verifySeal,
  examineSeal,
  canonical,
  parseStrict,
  readTrustList,
  examine,
};
