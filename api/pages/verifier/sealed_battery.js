// What the seal of a battery must say: steps 8 and 9. Facts by number: signing/README.md, section 8.
import { isText, orElse } from "./basics.js";
import { hostNamed, hostOfLink, isSameProduct, parseDigitalLink, productIdentifier } from "./digital_link.js";
import { failed, notChecked, passed, warning } from "./report.js";
import { allowsGtin, entryOf } from "./trust_list.js";

const GTIN = 1,
  SERIAL = 2,
  CATEGORY = 3,
  CAPACITY_WH = 4,
  FOOTPRINT_G = 5,
  HOST = 7;

export function sealChecks(trustList, link) {
  return { schema: checkFacts, identifier: (content) => checkSealedProduct(content, trustList, link) };
}

function sealedProduct({ facts }) {
  const gtin = facts[GTIN],
    serial = facts[SERIAL];
  if (!Number.isInteger(gtin) || gtin < 0 || gtin >= 1e14 || !isText(serial)) return null;
  return orElse(
    () => productIdentifier(String(gtin).padStart(14, "0"), serial),
    () => null,
  );
}

function checkFacts(content) {
  const product = sealedProduct(content),
    { facts } = content;
  if (product === null) return failed("schema_violated", "the seal names no battery");
  const said = [`GTIN ${product.gtin}`, `serial ${product.serial}`];
  if (CATEGORY in facts) said.push(`category ${facts[CATEGORY]}`);
  for (const [number, unit] of [
    [CAPACITY_WH, "kWh"],
    [FOOTPRINT_G, "kg CO2e/kWh"],
  ])
    if (Number.isInteger(facts[number])) said.push(`${facts[number] / 1000} ${unit}`);
  return passed("schema_fits", `sealed: ${said.join(", ")}`);
}

function checkSealedProduct(content, trustList, link) {
  const product = sealedProduct(content),
    entry = entryOf(trustList, content.issuer, "manufacturer");
  if (product === null) return notChecked("schema_violated", "the seal names no battery, see step 8");
  if (entry !== null && !allowsGtin(entry, product.gtin))
    return failed("gs1_prefix_of_another", `GTIN ${product.gtin} is not of the issuer's prefix`);
  if (link === null) return notChecked("no_scanned_link", "no scanned link to compare with");
  const judge = () => {
    const scanned = parseDigitalLink(link);
    if (isSameProduct(scanned, product)) return checkHost(content.facts[HOST], link, product.serial);
    return failed(
      "identifier_mismatch",
      `scanned was ${scanned.gtin}/${scanned.serial}, sealed is ${product.gtin}/${product.serial}`,
    );
  };
  return orElse(judge, (error) => failed(error.reason, error.message));
}

// A link that leads to another host than the sealed one is a doubt, as for a passport. Seals had no host at first.
function checkHost(sealed, link, serial) {
  const said = `it is the battery beside it (${serial})`;
  if (!isText(sealed)) return passed("identifier_matches", `${said}; the seal names no host to compare`);
  const host = hostOfLink(link),
    own = hostNamed(sealed);
  if (host === own) return passed("identifier_matches", said);
  return warning("link_of_another_host", `the label leads to ${host.slice(0, 80)}, not to ${own}`);
}
