/** The front matter of a lab page: YAML without aliases, read key by key, so that every complaint has its line. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { IssueCode } from '../record/index.ts';
import { didYouMean, nearest } from './nearest.ts';
import { foreignSuiteOf, parseNeed } from './needs.ts';
import { type Account, LAB_LIMITS, type Plan, SUITES, type Suite } from './plan.ts';

/** Tells the author of a page: line, rule, what is wrong, why it matters, what to do. */
export type Report = (line: number, code: IssueCode, problem: string, why: string, remedy: string) => void;

/** What the front matter says, defaults filled in, environments complete. */
export interface FrontMatter
  extends Pick<
    Plan,
    | 'environments'
    | 'users'
    | 'names'
    | 'person'
    | 'writable'
    | 'timeoutSeconds'
    | 'settleMs'
    | 'restrictions'
  > {
  /** Keys of the record that the page asks to run alone; whether there are such is the page's business. */
  readonly alone: readonly { readonly key: string; readonly line: number }[];
}

/** Longer front matter is refused before YAML is parsed. */
const MAX_CHARS = 32 * 1024;
const MAX_ENVIRONMENTS = 24;
const MAX_ENTRIES = 100;
const KEYS = [
  'needs',
  'environments',
  'users',
  'names',
  'person',
  'writable',
  'values',
  'timeout',
  'settle',
  'restrictions',
  'alone',
] as const;
const DEFAULT_ENVIRONMENT = 'debian12';
const DEFAULT_SUITE: Suite = 'bookworm';
const DEFAULT_USER: Account = { name: 'user', uid: 1000, groups: [], home: '/home/user' };

/** Names of values, as the placeholders of commands have them. */
export const VALUE_NAME = /^[a-z][a-z0-9_-]{0,63}(?: [a-z][a-z0-9_-]{0,63}){0,7}$/;
/** What cannot be seen, or shows text in another order than it is run in. */
export const INVISIBLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const ACCOUNT = /^[a-z_][a-z0-9_-]{0,31}$/;
const ENVIRONMENT = /^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$/;
const HOST = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*$/;
const LOOPBACK = /^(?:127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|::1)$/;
/** Folders that are read-only unless a page names them. */
const READ_ONLY = ['/etc', '/usr'];

/** Accounts that every Debian has. */
const SYSTEM_ACCOUNTS =
  'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody _apt'.split(
    ' ',
  );
/** Accounts that packages bring; a page that names one needs the package too. */
const PACKAGE_ACCOUNTS =
  'postgres redis mysql sshd messagebus haproxy memcache rabbitmq mosquitto bind unbound dnsmasq postfix dovecot vcache tomcat openldap etcd prometheus zookeeper valkey stunnel4 ftp squid'.split(
    ' ',
  );

/** Who can be meant by `as=`. */
export function accountsOf(users: readonly Account[]): string[] {
  return [...users.map((u) => u.name), ...SYSTEM_ACCOUNTS, ...PACKAGE_ACCOUNTS];
}

export function remedyForAccount(name: string, users: readonly Account[]): string {
  const meant = nearest(name, accountsOf(users));
  return meant === null ? 'declare it in the front matter: users' : `did you mean ${meant}?`;
}

/** An absolute path as the kernel would write it: no `.`, `..`, empty part or end in `/`. */
export function isCleanPath(path: string): boolean {
  if (path === '/') return true;
  const parts = path.split('/');
  return (
    path.length <= 512 &&
    parts[0] === '' &&
    !INVISIBLE.test(path) &&
    !/[\n\t]/.test(path) &&
    parts.slice(1).every((p) => p !== '' && p !== '.' && p !== '..')
  );
}

/** A node of the YAML tree, and where it stands. */
interface Spot {
  readonly node: unknown;
  readonly line: number;
  /** Path for people: `environments.debian11.needs`. */
  readonly label: string;
}

/**
 * @param text null where the page has none
 * @param firstLine line of the page on which `text` begins
 */
export function readFrontMatter(text: string | null, firstLine: number, report: Report): FrontMatter {
  const reader = new Reader(firstLine, report);
  return reader.front(text === null ? null : reader.parse(text));
}

class Reader {
  private readonly lines = new LineCounter();
  private readonly firstLine: number;
  private readonly report: Report;

  constructor(firstLine: number, report: Report) {
    this.firstLine = firstLine;
    this.report = report;
  }

  /** The tree's root; null where there is nothing that can be read. */
  parse(text: string): Spot | null {
    const broken = (line: number, problem: string) =>
      this.report(
        line,
        'page-front-invalid',
        problem.slice(0, 300),
        'nothing of the front matter can be relied on',
        'write plain YAML: keys, lists, words; no aliases, no tags, each key once',
      );
    if (text.length > MAX_CHARS) {
      broken(this.firstLine, `it has ${text.length} characters, there may be ${MAX_CHARS}`);
      return null;
    }
    try {
      const doc = parseDocument(text, { lineCounter: this.lines, prettyErrors: false, stringKeys: true });
      const troubles = [...doc.errors, ...doc.warnings];
      for (const { pos, message } of troubles.slice(0, 5)) broken(this.lineAt(pos[0]), message);
      let aliases = false;
      visit(doc, (_, node) => {
        if (!isAlias(node)) return;
        if (!aliases) broken(this.lineAt(node.range?.[0]), 'it holds an alias (*name)');
        aliases = true;
      });
      if (troubles.length > 0 || aliases || doc.contents === null) return null;
      if (isScalar(doc.contents) && doc.contents.value === null) return null;
      return { node: doc.contents, line: this.firstLine, label: 'the front matter' };
    } catch (error) {
      // Nested so deeply that the parser gives up.
      broken(this.firstLine, `it cannot be read: ${(error as Error).message}`);
      return null;
    }
  }

  front(root: Spot | null): FrontMatter {
    const top = root ? this.keys(root, KEYS) : new Map<string, Spot>();
    const needs = this.needs(top.get('needs'));
    const values = this.values(top.get('values'));
    const users = this.users(top.get('users'));
    const timeout = top.get('timeout');
    const settle = top.get('settle');
    return {
      environments: this.environments(top.get('environments'), needs, values),
      users,
      names: this.names(top.get('names')),
      person: this.person(top.get('person'), users),
      writable: this.writable(top.get('writable')),
      settleMs: settle
        ? this.whole(settle, 0, LAB_LIMITS.maxSettleMs, LAB_LIMITS.defaultSettleMs)
        : LAB_LIMITS.defaultSettleMs,
      timeoutSeconds: timeout
        ? this.whole(timeout, 1, LAB_LIMITS.maxTimeoutSeconds, LAB_LIMITS.defaultTimeoutSeconds)
        : LAB_LIMITS.defaultTimeoutSeconds,
      restrictions: this.restrictions(top.get('restrictions')),
      alone: this.list(top.get('alone')).flatMap((spot) => {
        const key = this.text(spot);
        return key === null ? [] : [{ key, line: spot.line }];
      }),
    };
  }

  private needs(at: Spot | undefined): string[] {
    const found = new Map<string, string>();
    for (const spot of this.list(at)) {
      const text = this.text(spot);
      if (text === null) continue;
      const need = parseNeed(text);
      if ('error' in need) {
        this.report(
          spot.line,
          'page-need-refused',
          `${JSON.stringify(text.slice(0, 100))}: ${need.error}`,
          'needs become arguments of package clients, outside the isolation',
          'write registry:name or registry:name@version, e.g. debian:git, npm:typescript@5.4.5',
        );
      } else if (found.has(packageOf(text))) this.repeated(spot, packageOf(text));
      else found.set(packageOf(text), text);
    }
    return [...found.values()];
  }

  private environments(
    at: Spot | undefined,
    needs: readonly string[],
    values: Readonly<Record<string, string>>,
  ): Plan['environments'] {
    const found: Plan['environments'] = {};
    for (const [name, spot] of this.map(at, MAX_ENVIRONMENTS)) {
      if (!ENVIRONMENT.test(name) || name === 'others') {
        this.refused(
          spot,
          `${JSON.stringify(name)} is no name of an environment`,
          'use a-z, 0-9, dot, hyphen; not "others"',
        );
        continue;
      }
      const keys = this.keys(spot, ['suite', 'needs', 'values']);
      const own = this.needs(keys.get('needs'));
      const instead = new Set(own.map(packageOf));
      found[name] = {
        suite: this.suite(keys.get('suite')),
        needs: [...needs.filter((n) => !instead.has(packageOf(n))), ...own],
        values: { ...values, ...this.values(keys.get('values')) },
      };
    }
    if (Object.keys(found).length > 0) return found;
    return { [DEFAULT_ENVIRONMENT]: { suite: DEFAULT_SUITE, needs: [...needs], values: { ...values } } };
  }

  private suite(at: Spot | undefined): Suite {
    const text = at ? this.text(at) : null;
    if (!at || text === null) return DEFAULT_SUITE;
    const suite = SUITES.find((s) => s === text);
    if (!suite) this.refused(at, `there is no suite ${JSON.stringify(text)}`, didYouMean(text, SUITES));
    return suite ?? DEFAULT_SUITE;
  }

  private users(at: Spot | undefined): Account[] {
    const users: Account[] = [DEFAULT_USER];
    const wanted: { spot: Spot; name: string; uid: number | null; groups: string[]; home: string | null }[] =
      [];
    for (const spot of this.list(at)) {
      const keys = isMap(spot.node) ? this.keys(spot, ['name', 'uid', 'groups', 'home']) : null;
      const named = keys ? keys.get('name') : spot;
      if (!named) {
        this.refused(spot, `${spot.label} has no name`, 'write name: and the account');
        continue;
      }
      const name = this.account(named);
      if (name === null) continue;
      const uid = keys?.get('uid');
      const home = keys?.get('home');
      if ([DEFAULT_USER.name, ...SYSTEM_ACCOUNTS, ...wanted.map((u) => u.name)].includes(name)) {
        this.repeated(named, `the account ${name}, which is there already,`);
        continue;
      }
      wanted.push({
        spot,
        name,
        uid: uid ? this.whole(uid, 1, 65533, null) : null,
        groups: this.list(keys?.get('groups')).flatMap((g) => this.account(g) ?? []),
        home: home ? this.path(home) : null,
      });
    }
    const taken = new Map(wanted.flatMap(({ uid, name }) => (uid === null ? [] : [[uid, name]])));
    taken.set(DEFAULT_USER.uid, DEFAULT_USER.name);
    let next = DEFAULT_USER.uid + 1;
    for (const { spot, name, uid, groups, home } of wanted) {
      while (taken.has(next)) next++;
      const number = uid ?? next;
      if (uid !== null && taken.get(uid) !== name) this.repeated(spot, `the uid ${uid}`);
      taken.set(number, name);
      users.push({ name, uid: number, groups, home: home ?? `/home/${name}` });
    }
    return users;
  }

  private names(at: Spot | undefined): Record<string, string> {
    const names: Record<string, string> = {};
    const host = (spot: Spot, name: string, address: string) => {
      if (!HOST.test(name) || name === '__proto__') {
        this.refused(spot, `${JSON.stringify(name)} is no host name`, 'write one like db.example');
      } else if (!LOOPBACK.test(address)) {
        this.refused(
          spot,
          `${name} resolves to ${JSON.stringify(address)}`,
          'a world has no other network: use 127.0.0.0/8 or ::1',
        );
      } else if (Object.hasOwn(names, name)) this.repeated(spot, name);
      else names[name] = address;
    };
    if (at && isMap(at.node))
      for (const [name, spot] of this.map(at)) {
        const address = this.text(spot);
        if (address !== null) host(spot, name, address);
      }
    else
      for (const spot of this.list(at)) {
        const name = this.text(spot);
        if (name !== null) host(spot, name, '127.0.0.1');
      }
    return names;
  }

  private person(at: Spot | undefined, users: readonly Account[]): Plan['person'] {
    const keys = at ? this.keys(at, ['as', 'in']) : new Map<string, Spot>();
    const as = keys.get('as');
    const folder = keys.get('in');
    const name = as ? this.account(as) : null;
    if (as && name !== null && !accountsOf(users).includes(name)) {
      this.report(
        as.line,
        'page-account-unknown',
        `there is no account ${name}`,
        'nobody could type the actions and checks',
        remedyForAccount(name, users),
      );
    }
    return { as: name, in: folder ? this.path(folder) : null };
  }

  private writable(at: Spot | undefined): string[] {
    const found = new Set<string>();
    for (const spot of this.list(at)) {
      const path = this.path(spot);
      if (path === null) continue;
      if (!READ_ONLY.includes(path)) {
        this.refused(
          spot,
          `${path} is none of ${READ_ONLY.join(', ')}`,
          'only those two are read-only; everything else can be written as it is',
        );
      } else if (found.has(path)) this.repeated(spot, path);
      else found.add(path);
    }
    return [...found];
  }

  private restrictions(at: Spot | undefined): Plan['restrictions'] {
    const keys = at ? this.keys(at, ['memory', 'disk', 'processes']) : new Map<string, Spot>();
    const bound = (name: string, least: number, most: number, otherwise: number) => {
      const spot = keys.get(name);
      return spot ? this.whole(spot, least, most, otherwise) : otherwise;
    };
    return {
      memory: bound('memory', 16, LAB_LIMITS.maxMemory, LAB_LIMITS.defaultMemory),
      disk: bound('disk', 16, LAB_LIMITS.maxDisk, LAB_LIMITS.defaultDisk),
      processes: bound('processes', 8, LAB_LIMITS.maxProcesses, LAB_LIMITS.defaultProcesses),
    };
  }

  private values(at: Spot | undefined): Record<string, string> {
    const values: Record<string, string> = {};
    for (const [name, spot] of this.map(at)) {
      const value = this.text(spot);
      if (!VALUE_NAME.test(name))
        this.refused(
          spot,
          `${JSON.stringify(name)} is no name of a placeholder`,
          'use small letters, digits, hyphens',
        );
      else if (value !== null) values[name] = value;
    }
    return values;
  }

  // ------------------------------------------------------------------------------------- kinds of values

  /** A word or number, as it is written. */
  private text({ node, line, label }: Spot): string | null {
    const value = isScalar(node) ? node.value : undefined;
    const text =
      typeof value === 'number' || typeof value === 'boolean'
        ? (isScalar(node) && node.source) || String(value)
        : value;
    if (typeof text !== 'string') {
      this.refused(
        { node, line, label },
        `${label} is ${kindOf(node)}, not a text`,
        'write a word or a text',
      );
      return null;
    }
    if (INVISIBLE.test(text) || /[\n\t]/.test(text)) {
      this.refused(
        { node, line, label },
        `${label} holds a line break or a character that cannot be seen`,
        'write it in one line',
      );
      return null;
    }
    return text;
  }

  private account(spot: Spot): string | null {
    const name = this.text(spot);
    if (name === null || ACCOUNT.test(name)) return name;
    this.refused(spot, `${JSON.stringify(name)} is no account name`, 'use small letters, digits, hyphens');
    return null;
  }

  private path(spot: Spot): string | null {
    const path = this.text(spot);
    if (path === null || isCleanPath(path)) return path;
    this.refused(
      spot,
      `${JSON.stringify(path)} is no absolute path`,
      'begin with /, without . or .. or an end in /',
    );
    return null;
  }

  private whole<T>(spot: Spot, least: number, most: number, otherwise: T): number | T {
    const value = isScalar(spot.node) ? spot.node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.refused(spot, `${spot.label} is no whole number from ${least} to ${most}`, 'write one');
    return otherwise;
  }

  private list(at: Spot | undefined): Spot[] {
    if (!at) return [];
    const { node } = at;
    if (!isSeq(node)) {
      this.refused(at, `${at.label} is ${kindOf(node)}, not a list`, 'write [one, two]');
      return [];
    }
    if (node.items.length > MAX_ENTRIES) {
      this.refused(at, `${at.label} has more than ${MAX_ENTRIES} entries`, 'leave some out');
      return [];
    }
    return node.items.map((item, i) => ({
      node: item,
      line: this.lineAt(rangeOf(item)) || at.line,
      label: `${at.label}[${i}]`,
    }));
  }

  private map(at: Spot | undefined, most = MAX_ENTRIES): Map<string, Spot> {
    const found = new Map<string, Spot>();
    if (!at) return found;
    const { node } = at;
    if (!isMap(node)) {
      this.refused(at, `${at.label} is ${kindOf(node)}, not keys with values`, 'write {key: value}');
      return found;
    }
    if (node.items.length > most) {
      this.refused(at, `${at.label} has more than ${most} entries`, 'leave some out');
      return found;
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const label = at.label === 'the front matter' ? name : `${at.label}.${name}`;
      found.set(name, { node: value, line: this.lineAt(rangeOf(key)) || at.line, label });
    }
    return found;
  }

  /** A map whose keys are known. */
  private keys(at: Spot, known: readonly string[]): Map<string, Spot> {
    const found = this.map(at);
    for (const [name, spot] of found) {
      if (known.includes(name)) continue;
      this.report(
        spot.line,
        'page-name-unknown',
        `${at.label} has no key ${JSON.stringify(name.slice(0, 60))}`,
        'what is misspelt would be silently missing',
        didYouMean(name, known),
      );
      found.delete(name);
    }
    return found;
  }

  private refused(spot: Spot, problem: string, remedy: string): void {
    this.report(
      spot.line,
      'page-value-refused',
      problem.slice(0, 300),
      'the world cannot be made from it',
      remedy,
    );
  }

  private repeated(spot: Spot, what: string): void {
    this.report(
      spot.line,
      'page-repeated',
      `${spot.label} names ${what} again`,
      'one of the two would silently count',
      'remove one',
    );
  }

  private lineAt(offset: number | undefined): number {
    return offset === undefined ? 0 : this.lines.linePos(offset).line + this.firstLine - 1;
  }
}

/** A need without its version: two of the same would contradict each other. */
function packageOf(need: string): string {
  const parsed = parseNeed(need);
  if ('error' in parsed) return need;
  return `${parsed.registry}:${parsed.name}${foreignSuiteOf(parsed) ? `@${parsed.version}` : ''}`;
}

function rangeOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0];
}

function kindOf(node: unknown): string {
  if (isSeq(node)) return 'a list';
  if (isMap(node)) return 'keys with values';
  return isScalar(node) && node.value !== null ? 'a number or word' : 'nothing';
}
