/** What is known of somebody's environment, against what was measured: by release line. */
import type { MeasuredEnvironment } from './summary.ts';

/**
 * What is known of the reader's environment: program → version (`nginx: '1.22.1'`), and two names of our own:
 * `environment` (one that was measured, `debian12`) and `suite` (Debian's, `bookworm`).
 */
export type Environment = Readonly<Record<string, string>>;

export interface Fitting {
  readonly names: readonly string[];
  /** `yours`: it was measured; `other`: it is known, and was not; `unknown`: nothing is known of it. */
  readonly known: 'yours' | 'other' | 'unknown';
}

/** Which measured environments are of the same release line as what is known. */
export function fittingEnvironments(
  measured: readonly MeasuredEnvironment[],
  environment: Environment,
): Fitting {
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
