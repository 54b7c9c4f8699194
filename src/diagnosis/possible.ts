/** Which worlds are still possible for a reader: by the environment, where it is known, and by the wording of the error. */
import type { EvidenceSummary, MeasuredEnvironment, WorldRow } from '../evidence/index.ts';

/**
 * What is known of the reader's environment: program → version (`nginx: '1.22.1'`), and two names of our own:
 * `environment` (one that was measured, `debian12`) and `suite` (Debian's, `bookworm`).
 */
export type Environment = Readonly<Record<string, string>>;

export interface Possible {
  /** Name of the selection: the same worlds, the same name. */
  readonly key: string;
  readonly includes: (world: WorldRow) => boolean;
  /** Measured environments that the reader's may be; all of them where it is not known. */
  readonly environments: readonly string[];
  /** `yours`: the reader's was measured; `other`: it is known, and was not; `unknown`: nothing is known of it. */
  readonly known: 'yours' | 'other' | 'unknown';
}

/** The worlds that fit what is known. */
export function possibleWorlds(
  summary: EvidenceSummary,
  wording: string | null,
  environment: Environment = {},
): Possible {
  const all = summary.measured.map((m) => m.name);
  const everywhere = summary.table?.worlds ?? [];
  const speaks = (w: WorldRow) => wording === null || (w.wording ?? '') === wording;
  let { names, known } = fitting(summary.measured, environment);
  if (
    known === 'yours' &&
    everywhere.some(speaks) &&
    !everywhere.some((w) => names.includes(w.env) && speaks(w))
  )
    // The error itself comes from another version than the one that was named.
    [names, known] = [all, 'other'];
  const worlds = everywhere.filter((w) => names.includes(w.env));
  // A wording that the lab did not see says nothing about worlds.
  const narrower = worlds.some(speaks) && !worlds.every(speaks);
  return {
    key: selectionKey(names.length === all.length ? null : names, narrower ? wording : null),
    includes: (w) => names.includes(w.env) && (!narrower || speaks(w)),
    environments: names.filter((name) => worlds.some((w) => w.env === name && (!narrower || speaks(w)))),
    known,
  };
}

/** Every selection that one wording and one environment, or none of each, can make. */
export function commonSelections(summary: EvidenceSummary): Possible[] {
  const wordings = new Set((summary.table?.worlds ?? []).map((w) => w.wording ?? ''));
  const environments: Environment[] = [{}, ...summary.measured.map((m) => ({ environment: m.name }))];
  const selections = environments.flatMap((e) =>
    [null, ...wordings].map((wording) => possibleWorlds(summary, wording, e)),
  );
  return [...new Map(selections.map((s) => [s.key, s])).values()];
}

function selectionKey(names: readonly string[] | null, wording: string | null): string {
  return `${names === null ? '*' : names.join(',')}|${wording ?? '*'}`;
}

function fitting(
  measured: readonly MeasuredEnvironment[],
  environment: Environment,
): { readonly names: readonly string[]; readonly known: Possible['known'] } {
  const all = measured.map((m) => m.name);
  // Where one suite stood under all of them, it is not what the environments differ in.
  const suites = new Set(measured.map((m) => m.suite)).size > 1;
  const verdicts = measured.map((m) => fits(m, environment, suites));
  const names = all.filter((_, i) => verdicts[i] === true);
  if (names.length === all.length && all.length > 1) return { names, known: 'unknown' };
  if (names.length > 0) return { names, known: 'yours' };
  return { names: all, known: verdicts.includes(false) ? 'other' : 'unknown' };
}

/** Whether a measured environment is of the reader's kind; null where they have nothing in common to compare. */
function fits(measured: MeasuredEnvironment, environment: Environment, suites: boolean): boolean | null {
  const verdicts: boolean[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (name === 'environment') verdicts.push(measured.name === value);
    else if (name === 'suite') {
      if (suites) verdicts.push(measured.suite === value);
    } else if (Object.hasOwn(measured.versions, name))
      verdicts.push(sameRelease(measured.versions[name] as string, value));
  }
  return verdicts.length === 0 ? null : verdicts.every((v) => v);
}

/** From this major version on a program counts its releases by the first number alone (Node 20, PostgreSQL 15, npm 11). */
const WHOLE_RELEASES_FROM = 10;

/** Whether two versions belong to one release line: 1.22.1 and 1.22.0 do, 15.3 and 15.20 do, 3.0 and 3.5 do not. */
export function sameRelease(a: string, b: string): boolean {
  const numbers = (v: string) => (/\d+(?:\.\d+)*/.exec(v)?.[0] ?? '').split('.').map(Number);
  const [x, y] = [numbers(a), numbers(b)];
  if (x[0] !== y[0]) return false;
  const whole = (x[0] as number) >= WHOLE_RELEASES_FROM;
  return whole || x[1] === undefined || y[1] === undefined || x[1] === y[1];
}
