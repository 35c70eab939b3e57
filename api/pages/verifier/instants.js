// Instants as milliseconds since 1970: XML Schema dateTimeStamp (VCDM 2.0 section 4.9), NumericDate, days.
import { isText, opt, refuse } from "./basics.js";

const STAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const YEAR_1 = -62135596800000,
  YEAR_10000 = 253402300800000;
const YEAR_5000 = 95617584000; // in seconds; a NumericDate beyond is a mistake

function isCalendarDay(year, month, day) {
  const there = new Date(0);
  there.setUTCFullYear(year, month - 1, day);
  return year >= 1 && there.getUTCMonth() === month - 1 && there.getUTCDate() === day;
}

export function fromInstant(value) {
  const match = isText(value) && STAMP.exec(value);
  if (!match) return refuse("not_an_instant");
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const exists = isCalendarDay(year, month, day) && hour < 24 && minute < 60 && second < 60;
  const zone = match[8] === "Z" ? [0, 0] : [Number(match[8].slice(1, 3)), Number(match[8].slice(4))];
  const instant = Date.parse(value);
  // Years 1 to 9999 in UTC as well, whatever the zone.
  if (!exists || zone[0] > 23 || zone[1] > 59 || !(instant >= YEAR_1 && instant < YEAR_10000)) refuse("not_an_instant");
  return instant;
}

export const perhapsInstant = (object, name) => (opt(object, name) === null ? null : fromInstant(object[name]));

// A NumericDate claim (RFC 7519 section 2), if it is there.
export function fromSeconds(claims, name) {
  const seconds = opt(claims, name);
  if (seconds === null) return null;
  if (!Number.isInteger(seconds) || seconds < 0 || seconds >= YEAR_5000) refuse("not_an_instant");
  return seconds * 1000;
}

export function isDay(value) {
  const match = isText(value) && /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  return Boolean(match) && isCalendarDay(...match.slice(1).map(Number));
}

export const toInstant = (milliseconds) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z"); // to the second
