/**
 * When a log line was written: the time that it begins with, in the forms that programs print. A time without a zone is
 * taken as this machine's, one without a year as the latest that does not lie ahead.
 */

/** So much of a line is looked at; a time stands at its start, or early in a JSON line. */
export const TIME_CHARS = 160;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_MS = 86_400_000;

const CLOCK = '(\\d{1,2}):(\\d{2}):(\\d{2})(?:[.,](\\d{1,9}))?';
const ZONE = '\\s?(Z|UTC|GMT|[+-]\\d{2}:?\\d{2})?';
/** 2026-11-30T19:44:04.123Z, 2026/11/30 19:44:04 +0000 */
const ISO = new RegExp(`(\\d{4})[-/](\\d{2})[-/](\\d{2})[T ]${CLOCK}${ZONE}`);
/** 30/Nov/2026:19:44:04 +0000 (access logs), 30 Nov 2026 19:44:04 (redis, caddy) */
const DAY_FIRST = new RegExp(`(\\d{1,2})[/ -]([A-Z][a-z]{2})[/ -](\\d{4})[: ]${CLOCK}${ZONE}`);
/** Nov 30 19:44:04 (syslog), Mon Nov 30 19:44:04.123 2026 (apache, dmesg -T) */
const MONTH_FIRST = new RegExp(`([A-Z][a-z]{2}) {1,2}(\\d{1,2}) ${CLOCK}(?: (\\d{4}))?`);
/** "time":1796067844.123 (JSON), [1796067844] (nagios): seconds, or milliseconds. */
const EPOCH = /(?:^\[?|"(?:time|ts|timestamp|@timestamp|t)"\s*:\s*"?)(\d{10})(?:(\d{3})\b|\.(\d{1,9}))?/;

/** Milliseconds since 1970, or null where the line does not begin with a time. `nowMs` decides missing years. */
export function timeOf(line: string, nowMs: number): number | null {
  const head = line.length > TIME_CHARS ? line.slice(0, TIME_CHARS) : line;
  const iso = ISO.exec(head);
  if (iso) {
    const [, y, mo, d, h, mi, s, fraction, zone] = iso;
    return stamp(Number(y), Number(mo) - 1, Number(d), [h, mi, s, fraction], zone);
  }
  const dayFirst = DAY_FIRST.exec(head);
  if (dayFirst) {
    const [, d, name = '', y, h, mi, s, fraction, zone] = dayFirst;
    return stamp(Number(y), MONTHS.indexOf(name.toLowerCase()), Number(d), [h, mi, s, fraction], zone);
  }
  const monthFirst = MONTH_FIRST.exec(head);
  if (monthFirst) {
    const [, name = '', d, h, mi, s, fraction, y] = monthFirst;
    const month = MONTHS.indexOf(name.toLowerCase());
    const of = (year: number) => stamp(year, month, Number(d), [h, mi, s, fraction], undefined);
    if (y !== undefined) return of(Number(y));
    const thisYear = new Date(nowMs).getFullYear();
    const time = of(thisYear);
    return time !== null && time > nowMs + DAY_MS ? of(thisYear - 1) : time;
  }
  const epoch = EPOCH.exec(head);
  if (!epoch) return null;
  const [, seconds, millis, fraction] = epoch;
  return Number(seconds) * 1000 + Number(millis ?? Number(`0.${fraction ?? 0}`) * 1000);
}

function stamp(
  year: number,
  month: number,
  day: number,
  [h, mi, s, fraction]: readonly (string | undefined)[],
  zone: string | undefined,
): number | null {
  const [hour, minute, second] = [Number(h), Number(mi), Number(s)];
  if (month < 0 || month > 11 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  const ms = Math.floor(Number(`0.${fraction ?? 0}`) * 1000);
  if (zone === undefined) return new Date(year, month, day, hour, minute, second, ms).getTime();
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  const minutes = offset ? (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) : 0;
  return Date.UTC(year, month, day, hour, minute, second, ms) - minutes * 60_000;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** What a person writes behind `--since`: `10m`, `2h`, `3d` ago, a time, or a date; null: neither. */
export function readMoment(text: string, nowMs: number): number | null {
  const ago = /^(\d{1,6})([smhd])$/.exec(text.trim());
  if (ago) return nowMs - Number(ago[1]) * (UNITS[ago[2] as string] as number);
  const clock = /^(\d{1,2}:\d{2})(?::\d{2})?$/.exec(text.trim());
  if (clock) {
    const today = new Date(nowMs);
    const [h, m, s = '0'] = text.trim().split(':');
    return new Date(
      today.getFullYear(),
      today.getMonth(),
      today.getDate(),
      Number(h),
      Number(m),
      Number(s),
    ).getTime();
  }
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text.trim()) ? `${text.trim()} 00:00:00` : text.trim();
  return timeOf(/T?\d{1,2}:\d{2}$/.test(date) && !/\d:\d{2}:\d{2}/.test(date) ? `${date}:00` : date, nowMs);
}
