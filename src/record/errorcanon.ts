/**
 * The nested "ErrorCanon" shape (deadends.dev, `generator/schema.py`) → the flat shape of the seed, which is then
 * read like any other record from elsewhere. Nothing is judged here; what has no place under its own name is
 * reported as moved, and what the shape does not know is kept under its full path, so that it is reported too.
 */
type Json = Record<string, unknown>;

/** Told of every text that stands in another field than before. */
export type Moved = (field: string, to: string) => void;

export function isErrorCanon(document: Json): boolean {
  return isObject(document.error) && document.signature === undefined && document.regex === undefined;
}

/** Counters and stamps of the site that say nothing of the error. */
const DROPPED = [
  'generated_by',
  'generation_date',
  'last_verification',
  'page_views',
  'ai_agent_hits',
  'human_hits',
];

/** @returns the flat document, and the address under which it was published. */
export function flattenErrorCanon(
  nested: Json,
  moved: Moved,
): { readonly flat: Json; readonly page: string | null } {
  const { schema_version: _version, url, ...rest } = nested;
  const error = takeFrom(rest, 'error');
  const verdict = takeFrom(rest, 'verdict');
  const metadata = takeFrom(rest, 'metadata');
  const environment = takeFrom(rest, 'environment');
  for (const key of DROPPED) metadata.take(key);
  const runtime = environment.take('runtime');
  const flat: Json = {
    ...rest,
    signature: error.take('signature'),
    regex: error.take('regex'),
    domain: error.take('domain'),
    category: error.take('category'),
    first_seen: error.take('first_seen'),
    last_confirmed: error.take('last_confirmed'),
    root_cause: verdict.take('summary'),
    resolvable: verdict.take('resolvable'),
    fix_success_rate: verdict.take('fix_success_rate'),
    confidence: verdict.take('confidence'),
    last_updated: verdict.take('last_updated'),
    evidence_count: metadata.take('evidence_count'),
    // Read as a claim to a tier, and dropped as one.
    verification_tier: metadata.take('review_status'),
    versions: versionsOf(runtime),
    os_specific: environment.all(),
    // The peer looks its patterns up without regard to case.
    ignore_case: true,
  };
  for (const [key, value] of Object.entries(flat)) if (value === undefined) delete flat[key];
  for (const { name, left } of [error, verdict, metadata]) {
    for (const [key, value] of Object.entries(left)) flat[`${name}.${key}`] = value;
  }
  append(flat.dead_ends, 'dead_ends', 'common_misconception', 'why_fails', 'Often believed: ', moved);
  append(flat.dead_ends, 'dead_ends', 'tradeoff', 'why_fails', 'Trade-off: ', moved);
  append(flat.workarounds, 'workarounds', 'tradeoff', 'how', 'Trade-off: ', moved);
  if (url !== undefined && typeof url !== 'string') flat.url = url;
  return { flat, page: typeof url === 'string' && url !== '' ? url : null };
}

/** One part of the nested document, taken apart key by key. */
interface Part {
  readonly name: string;
  /** What nobody took. */
  readonly left: Json;
  take(key: string): unknown;
  all(): Json;
}

function takeFrom(holder: Json, name: string): Part {
  const value = holder[name];
  const left: Json = isObject(value) ? { ...value } : {};
  // Of another type it stays where it is, to be reported.
  if (value === undefined || isObject(value)) delete holder[name];
  return {
    name,
    left,
    take: (key) => {
      const taken = Object.hasOwn(left, key) ? left[key] : undefined;
      delete left[key];
      return taken;
    },
    all: () => ({ ...left }),
  };
}

function versionsOf(runtime: unknown): unknown {
  if (!isObject(runtime)) return undefined;
  const { name, version_range: range, ...rest } = runtime;
  const version = [name, range].filter((t) => typeof t === 'string' && t !== '').join(' ');
  return version === '' ? undefined : [{ ...rest, version }];
}

function append(list: unknown, name: string, from: string, to: string, mark: string, moved: Moved): void {
  if (!Array.isArray(list)) return;
  for (const entry of list) {
    if (!isObject(entry) || typeof entry[from] !== 'string') continue;
    const before = entry[to];
    if (before !== undefined && before !== null && typeof before !== 'string') continue;
    if (entry[from].trim() !== '') {
      entry[to] = [before, `${mark}${entry[from]}`].filter((t) => t).join('\n');
      moved(`${name}[].${from}`, `${name}[].${to}`);
    }
    delete entry[from];
  }
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
