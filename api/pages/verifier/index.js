// What the page and the tests use of the verifier.
import { Refusal } from "./basics.js";
import { fromUtf8, latin1, sha256Hex, startsWith, stripped, utf8 } from "./bytes.js";
import { addDidDocument, emptyEvidence, isBundle, readBundle } from "./bundle.js";
import { decodeAny, decodePresentation } from "./forms.js";
import { fromInstant } from "./instants.js";
import { fits, readKey } from "./keys.js";
import { verifyOffline, verifyPassport, verifySeal, verifySubject } from "./passport.js";
import { receiptIn } from "./receipt.js";
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
  fits,
  readKey,
  receiptIn,
  verifyOffline,
  verifyPassport,
  verifySeal,
  verifySubject,
  examineSeal,
  canonical,
  parseStrict,
  readTrustList,
  examine,
};
