/**
 * The grammar of `needs`: what a page may ask to have in its world. Strict, because these words become arguments of
 * package clients that run outside the sandbox: no flags, no addresses, no paths.
 */
import { REGISTRIES, type Registry, SUITES, type Suite } from './plan.ts';

export interface Need {
  readonly registry: Registry;
  readonly name: string;
  /** Exact version, or null: the registry's choice, recorded afterwards. */
  readonly version: string | null;
  /** As written. */
  readonly text: string;
}

/** What a package may be called in each registry. */
const NAMES: Readonly<Record<Registry, RegExp>> = {
  debian: /^[a-z0-9][a-z0-9.+-]{1,100}$/,
  npm: /^(?:@[a-z0-9~][a-z0-9._~-]{0,100}\/)?[a-z0-9~][a-z0-9._~-]{0,200}$/,
  pypi: /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?$/,
  crates: /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
  go: /^[a-z0-9][a-z0-9.-]{0,100}\.[a-z]{2,20}(?:\/[A-Za-z0-9_~][A-Za-z0-9._~-]{0,100}){1,10}$/,
  maven: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}:[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}$/,
};
const VERSION = /^[0-9A-Za-z](?:[0-9A-Za-z.+~:_-]{0,80})?$/;
/** Only numbered versions: a branch or a tag would be another thing tomorrow. */
const NPM_VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]{1,60})?$/;

/** Reads one need; an error says what is wrong with it. */
export function parseNeed(text: string): Need | { readonly error: string } {
  const colon = text.indexOf(':');
  const registry = text.slice(0, Math.max(0, colon));
  if (!(REGISTRIES as readonly string[]).includes(registry)) {
    return { error: `it must begin with one of ${REGISTRIES.map((r) => `${r}:`).join(', ')}` };
  }
  const rest = text.slice(colon + 1);
  const at = rest.lastIndexOf('@');
  const [name, version] = at > 0 ? [rest.slice(0, at), rest.slice(at + 1)] : [rest, null];
  const known = registry as Registry;
  if (!NAMES[known].test(name) || name.includes('..'))
    return { error: `${JSON.stringify(name)} is no ${registry} package name` };
  if (version !== null && !(known === 'npm' ? NPM_VERSION : VERSION).test(version)) {
    return { error: `${JSON.stringify(version)} is no exact version` };
  }
  return { registry: known, name, version, text };
}

/**
 * The suite of a need such as `debian:nginx@trixie`: the package with all that it links, of that suite, shown
 * read-only below `/opt/debian/trixie` whatever the world's own suite is. Null for every other need.
 */
export function foreignSuiteOf(need: Need): Suite | null {
  return need.registry === 'debian' ? (SUITES.find((suite) => suite === need.version) ?? null) : null;
}
