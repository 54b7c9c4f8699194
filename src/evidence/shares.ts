/** How likely a cause is, given the signature: from surveys of public threads alone. Formulas: design, “Answers”. */
import type { FaultRecord } from '../record/index.ts';

/** Below so many counted cases only the fraction is said, no interval. */
export const MIN_CASES_FOR_INTERVAL = 20;
/** Mass of the interval, equal tails. */
const INTERVAL_MASS = 0.9;

export interface CauseCount {
  readonly key: string;
  /** Threads with this cause: 1 each, ½ where it was inferred, split evenly where several were named. */
  readonly cases: number;
  /** Threads that name it, as they are: one that names two causes counts at both. */
  readonly threads: number;
  /** Posterior mean: (cases + 1/k) / (N + 2), k the number of listed causes. */
  readonly share: number;
}

export interface Survey {
  readonly causes: readonly CauseCount[];
  readonly other: CauseCount;
  /** N: the weight of all threads with a settled cause. */
  readonly counted: number;
  /** Threads with a settled cause, as they are found: each is one. */
  readonly settled: number;
  /** Threads found, those whose cause was never settled among them. */
  readonly found: number;
  readonly date: string;
}

/** The survey of a record in figures; null where there is none, or no thread in it was settled. */
export function surveyOf(record: FaultRecord): Survey | null {
  const { survey, causes } = record;
  if (!survey || causes.length === 0) return null;
  const listed = new Set(causes.map((c) => c.key));
  const cases = new Map<string, number>();
  const threads = new Map<string, number>();
  let counted = 0;
  let settled = 0;
  for (const thread of survey.cases) {
    if (thread.cause === 'open') continue;
    const weight = thread.basis === 'confirmed' ? 1 : 0.5;
    const keys = (Array.isArray(thread.cause) ? thread.cause : [thread.cause]).map((key) =>
      listed.has(key) ? key : 'other',
    );
    for (const key of keys) cases.set(key, (cases.get(key) ?? 0) + weight / keys.length);
    for (const key of new Set(keys)) threads.set(key, (threads.get(key) ?? 0) + 1);
    counted += weight;
    settled++;
  }
  if (settled === 0) return null;
  const k = causes.length;
  const share = (n: number, prior: number) => (n + prior) / (counted + 2);
  const count = (key: string, prior: number): CauseCount => {
    const n = cases.get(key) ?? 0;
    return { key, cases: n, threads: threads.get(key) ?? 0, share: share(n, prior) };
  };
  return {
    causes: causes.map((c) => count(c.key, 1 / k)),
    other: count('other', 1),
    counted,
    settled,
    found: survey.cases.length,
    date: survey.date,
  };
}

/** The share of a set of listed causes: 90 % equal-tailed interval of Beta(n + |F|/k, N + 2 − n − |F|/k). */
export function intervalOf(survey: Survey, keys: ReadonlySet<string>): readonly [low: number, high: number] {
  const chosen = survey.causes.filter((c) => keys.has(c.key));
  const a = chosen.reduce((sum, c) => sum + c.cases, 0) + chosen.length / survey.causes.length;
  const b = survey.counted + 2 - a;
  const tail = (1 - INTERVAL_MASS) / 2;
  return [betaQuantile(tail, a, b), betaQuantile(1 - tail, a, b)];
}

/** Parts of a case that weights with reports in them are rounded to. */
const FIELD_UNIT = 1000;

/**
 * Integer weight of each cause, in the ratio of the shares; equal weights without a survey.
 * @param field what reports add to the cases, by cause (`fieldWeights`); default nothing
 */
export function weightsOf(
  record: FaultRecord,
  field: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const survey = surveyOf(record);
  const k = record.causes.length;
  if (!survey) return new Map(record.causes.map((c) => [c.key, 1]));
  if (field.size > 0)
    return new Map(
      survey.causes.map((c) => [
        c.key,
        Math.max(1, Math.round((c.cases + 1 / k + (field.get(c.key) ?? 0)) * FIELD_UNIT)),
      ]),
    );
  // Cases are halves, split among at most a few causes: this denominator makes each of them whole.
  const splits = new Set(
    (record.survey?.cases ?? []).map((c) => (Array.isArray(c.cause) ? c.cause.length : 1)),
  );
  const unit = 2 * [...splits].reduce(lcm, 1) * k;
  const whole = survey.causes.map((c) => Math.round((c.cases + 1 / k) * unit));
  const common = whole.reduce(gcd);
  return new Map(survey.causes.map((c, i) => [c.key, (whole[i] as number) / common]));
}

export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
export function lcm(a: number, b: number): number {
  return (a / gcd(a, b)) * b;
}

/** Inverse of the regularised incomplete beta function, by bisection: exact to 1e-9, no starting guess that could fail. */
export function betaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60 && high - low > 1e-10; i++) {
    const middle = (low + high) / 2;
    if (betaCdf(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, modified Lentz). */
function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below the mean, the mirror image above it.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  const tiny = 1e-300;
  let [c, d] = [1, 1 - ((a + b) * x) / (a + 1)];
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let sum = d;
  for (let m = 1; m <= 500; m++) {
    for (const term of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 + term * d;
      d = 1 / (Math.abs(d) < tiny ? tiny : d);
      c = 1 + term / c;
      if (Math.abs(c) < tiny) c = tiny;
      sum *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-14) break;
  }
  return (front * sum) / a;
}

/** Logarithm of the gamma function for positive arguments: Stirling's series after shifting above 10 (DLMF 5.11.1). */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift -= Math.log(z);
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / z;
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series;
}
