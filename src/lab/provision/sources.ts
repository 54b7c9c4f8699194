/**
 * Where this machine's own apt gets Debian from. Nothing here knows an address: the entries of the machine's sources
 * that belong to Debian's archive serve for every suite.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One entry of the machine's sources. */
export interface SourceEntry {
  /** As written, one or several addresses. */
  readonly uris: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Further fields in the spelling of deb822, values as written: `Signed-By`, `Trusted`, … */
  readonly fields: Readonly<Record<string, string>>;
  readonly enabled: boolean;
}

/** Entries that may be Debian's archive, in the order in which they should be tried. */
export interface DebianSources {
  readonly main: readonly SourceEntry[];
  readonly security: readonly SourceEntry[];
}

const SUITE =
  /^(?:(?:old)*stable|testing|unstable|sid|jessie|stretch|buster|bullseye|bookworm|trixie|forky|duke)$/;
/** Fields that say whether and how an entry is believed; all others are about what is fetched, which we say. */
const TRUST = ['Signed-By', 'Trusted', 'Check-Valid-Until', 'Check-Date', 'Allow-Weak', 'Date-Max-Future'];

/** Reads the sources of apt. An entry that is switched off counts too, after the others. */
export async function readSources(folder = '/etc/apt'): Promise<DebianSources> {
  const parts = (await readdir(join(folder, 'sources.list.d')).catch(() => []))
    .sort()
    .map((name) => join(folder, 'sources.list.d', name));
  const entries: SourceEntry[] = [];
  for (const file of [join(folder, 'sources.list'), ...parts]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.list')) entries.push(...parseLines(text));
    else if (file.endsWith('.sources')) entries.push(...parseStanzas(text));
  }
  const ordered = [...entries.filter((e) => e.enabled), ...entries.filter((e) => !e.enabled)].filter(
    (e) => e.components.includes('main') && !/^cdrom:/.test(e.uris),
  );
  return {
    main: ordered.filter((e) => e.suites.some((s) => SUITE.test(s))),
    security: ordered.filter((e) => e.suites.some(isSecurity)),
  };
}

function isSecurity(suite: string): boolean {
  const base = suite.replace(/-security$|\/updates$/, '');
  return base !== suite && SUITE.test(base);
}

/** `deb [option=value …] uri suite component…`, one a line. */
export function parseLines(text: string): SourceEntry[] {
  const entries: SourceEntry[] = [];
  for (const line of text.split('\n')) {
    const parts = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (!parts) continue;
    const [, options = '', uris = '', suite = '', components = ''] = parts;
    const fields: Record<string, string> = {};
    for (const [, name = '', value = ''] of options.matchAll(/([A-Za-z-]+)=(\S+)/g)) {
      const field = TRUST.find((t) => t.toLowerCase() === name.toLowerCase());
      if (field) fields[field] = value.replaceAll(',', ' ');
    }
    entries.push({
      uris,
      suites: [suite],
      components: components.trim().split(/\s+/),
      fields,
      enabled: true,
    });
  }
  return entries;
}

/** Stanzas of `Field: value`, continued on lines that begin with a space. */
export function parseStanzas(text: string): SourceEntry[] {
  const entries: SourceEntry[] = [];
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  for (const stanza of lines.join('\n').split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const [, name = '', value = ''] of stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
      fields.set(name.toLowerCase(), value);
    }
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb')) continue;
    const kept: Record<string, string> = {};
    for (const name of TRUST) {
      const value = fields.get(name.toLowerCase());
      if (value !== undefined) kept[name] = value;
    }
    entries.push({
      uris: words('uris').join(' '),
      suites: words('suites'),
      components: words('components'),
      fields: kept,
      enabled: !/^(?:no|false|off|without|disable|0)$/i.test(words('enabled')[0] ?? 'yes'),
    });
  }
  return entries;
}

/** The entry, turned to one suite and to what provisioning needs of it. */
export function stanzaFor(entry: SourceEntry, suite: string, architecture: string): string {
  const fields = {
    Types: 'deb',
    URIs: entry.uris,
    Suites: suite,
    Components: 'main',
    Architectures: architecture,
    Targets: 'Packages',
    ...entry.fields,
  };
  return `${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n`;
}
