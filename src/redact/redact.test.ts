import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileBook, matchText } from '../book/index.ts';
import { readRecords } from '../store/index.ts';
import { Redactor, redact } from './index.ts';

const of = (alphabet: string, min: number, max = min) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: min, maxLength: max });
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const ALNUM = `${UPPER}abcdefghijklmnopqrstuvwxyz`;
const with_ = (prefix: string, body: fc.Arbitrary<string>) => body.map((b) => prefix + b);

/** Secrets that show by their form, wherever they stand. */
const BY_FORM: Record<string, fc.Arbitrary<string>> = {
  github: with_('ghp_', of(ALNUM, 36)),
  'github, fine-grained': with_('github_pat_', of(`${ALNUM}_`, 60, 82)),
  gitlab: with_('glpat-', of(ALNUM, 20)),
  aws: with_('AKIA', of(UPPER, 16)),
  google: with_('AIza', of(ALNUM, 35)),
  slack: with_('xoxb-', of(`${ALNUM}-`, 30, 50)),
  npm: with_('npm_', of(ALNUM, 36)),
  pypi: with_('pypi-', of(ALNUM, 60, 150)),
  stripe: with_('sk_live_', of(ALNUM, 24, 99)),
  openai: with_('sk-proj-', of(ALNUM, 48)),
  anthropic: with_('sk-ant-api03-', of(ALNUM, 90)),
  sendgrid: fc.tuple(of(ALNUM, 22), of(ALNUM, 43)).map(([a, b]) => `SG.${a}.${b}`),
  vault: with_('hvs.', of(ALNUM, 24, 90)),
  docker: with_('dckr_pat_', of(ALNUM, 27)),
  jwt: fc
    .tuple(of(ALNUM, 20, 60), of(ALNUM, 20, 200), of(ALNUM, 43))
    .map(([a, b, c]) => `eyJ${a}.eyJ${b}.${c}`),
};
const SURROUNDINGS: Record<string, (secret: string) => string> = {
  alone: (s) => s,
  'in a sentence': (s) => `the token ${s} was refused`,
  'in JSON': (s) => JSON.stringify({ level: 'error', auth: { value: s } }),
  'in JSON in JSON': (s) => JSON.stringify({ log: JSON.stringify({ token: s }) }),
  exported: (s) => `export MY_THING='${s}'`,
  'in a header': (s) => `> Authorization: Bearer ${s}`,
  'in a URL': (s) => `GET https://api.example.org/v1?x=1&key=${s}&y=2 failed`,
  coloured: (s) => `\x1b[31m${s}\x1b[0m`,
  'before CR': (s) => `value: ${s}\r\nnext`,
};

describe.each(Object.entries(SURROUNDINGS))('%s', (_, around) => {
  test.each(Object.entries(BY_FORM))('%s does not survive', (_kind, secrets) => {
    fc.assert(
      fc.property(secrets, (secret) => {
        expect(redact(around(secret))).not.toContain(secret);
      }),
      { numRuns: 60 },
    );
  });
});

/** Secrets that only their place shows. */
const password = of(`${ALNUM}!%*~`, 12, 24).filter(
  (s) => /\d/.test(s) && /[A-Za-z]/.test(s) && !/^(?:[./~]|x+$)/i.test(s),
);
const PLACES: Record<string, (secret: string) => string> = {
  'user and password in a URL': (s) =>
    `psql postgres://shop:${encodeURIComponent(s)}@db.example.org:5432/shop`,
  'a token in a URL': (s) =>
    `fatal: unable to access 'https://${s.replace(/\W/g, 'x')}aaaa@github.com/a/b.git/'`,
  'basic authorization': (s) => `Authorization: Basic ${Buffer.from(`me:${s}`).toString('base64')}`,
  'an assignment in a shell': (s) => `DB_PASSWORD=${s} npm start`,
  'an assignment in quotes': (s) => `  secret_key = "${s}"`,
  YAML: (s) => `password: ${s}`,
  JSON: (s) => JSON.stringify({ client_secret: s, id: 7 }),
  'JSON in a string': (s) => JSON.stringify(JSON.stringify({ api_key: s })),
  'a header of its own': (s) => `< X-Api-Key: ${s}`,
  cookies: (s) => `Cookie: theme=dark; sid=${s}`,
  'a set cookie': (s) => `set-cookie: session=${s}; Path=/; HttpOnly`,
  'an argument': (s) => `mysql --password=${s} -u root`,
  'an argument of its own': (s) => `deploy --api-key ${s}`,
  'a connection string': (s) =>
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${s.replace(/\W/g, '/')}aaaaaaaaaaaaaaaa==;`,
};
test.each(Object.entries(PLACES))('%s does not survive', (_, place) => {
  fc.assert(
    fc.property(password, (secret) => {
      const text = place(secret);
      const planted = /Basic|Account|github/.test(text)
        ? text.split(/[ =/@]/).filter((p) => p.length >= 12)
        : [secret];
      const clean = redact(text);
      if (planted.length === 1) expect(clean).not.toContain(secret);
      else expect(clean.length).toBeLessThan(text.length);
      expect(clean).toContain('<');
    }),
    { numRuns: 100 },
  );
});

test('key blocks go, what stands around them stays', () => {
  const block = [
    '-----BEGIN RSA PRIVATE KEY-----',
    'MIIEpAIBAAKCAQEA7',
    'c2VjcmV0',
    '-----END RSA PRIVATE KEY-----',
  ];
  expect(redact(`before\n${block.join('\n')}\nafter\n`)).toBe('before\n<key>\nafter\n');
  expect(redact(`key is "${block.join('\\n')}" here`)).toBe('key is "<key>" here');
  expect(redact(`-----BEGIN PRIVATE KEY-----\nMIIE`)).toBe('<key>\n');
  expect(redact('-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----')).toContain('MIIC');
});

test.each([
  ['who and where', 'mail ann@corp.example.com from 81.2.69.142', 'mail <email> from <ip>'],
  [
    'names in paths',
    '/home/annabel/x and /Users/annabel/y and C:\\Users\\annabel\\z',
    '/home/<user>/x and /Users/<user>/y and C:\\Users\\<user>\\z',
  ],
  ['nothing of loopback', 'connect 127.0.0.1:5432 and [::1]:80', 'connect 127.0.0.1:5432 and [::1]:80'],
  [
    'an unexpected token',
    "SyntaxError: Unexpected token '}', key: value",
    "SyntaxError: Unexpected token '}', key: value",
  ],
  [
    'a failed password',
    'password authentication failed for user "app"',
    'password authentication failed for user "app"',
  ],
  [
    'a missing secret',
    'Error: secret "db-credentials" not found; token: missing',
    'Error: secret "db-credentials" not found; token: missing',
  ],
  ['a variable', 'PASSWORD=$DB_PASSWORD TOKEN=$CI_TOKEN', 'PASSWORD=$DB_PASSWORD TOKEN=$CI_TOKEN'],
  [
    'a key file',
    'nginx: ssl_certificate_key=/etc/ssl/private/a.key',
    'nginx: ssl_certificate_key=/etc/ssl/private/a.key',
  ],
  [
    'versions and times',
    'node 20.11.1, 2026-11-23T08:00:00Z, 10:11:12',
    'node 20.11.1, 2026-11-23T08:00:00Z, 10:11:12',
  ],
  [
    'a commit',
    'commit 3f2a9c1e5b7d8f60aa11bb22cc33dd44ee55ff66',
    'commit 3f2a9c1e5b7d8f60aa11bb22cc33dd44ee55ff66',
  ],
])('%s', (_, text, clean) => expect(redact(text)).toBe(clean));

test('redacted twice is redacted once; line ends stay', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          password.map((p) => `token=${p}`),
          fc.string(),
          ...Object.values(BY_FORM),
        ),
        { maxLength: 8 },
      ),
      fc.constantFrom('\n', '\r\n'),
      (lines, end) => {
        const once = redact(lines.map((l) => l.replace(/[\r\n]/g, '')).join(end));
        expect(redact(once)).toBe(once);
        expect(once.split(end)).toHaveLength(Math.max(1, lines.length));
      },
    ),
  );
});

test('it says what it took, by kind', () => {
  const redactor = new Redactor();
  redactor.line(`DB_PASSWORD=hunter2hunter2 ghp_${'a1'.repeat(18)}`);
  expect(redactor.counts()).toEqual({ secret: 1, 'token:github': 1 });
});

test('error text stays readable: every sample is still found, as the same record', () => {
  const { records } = readRecords('records');
  const { book } = compileBook(records);
  let compared = 0;
  for (const { record, samples } of records) {
    for (const { name, text } of samples) {
      const found = (t: string) => matchText(book, t).map((m) => book.records[m.record]?.id);
      expect(found(redact(text)), `${record.id} ${name}`).toEqual(found(text));
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(100);
});

test('ordinary logs lose nothing but addresses and names', () => {
  for (const file of readdirSync('examples').filter((f) => f.endsWith('.log'))) {
    const redactor = new Redactor();
    for (const line of readFileSync(join('examples', file), 'utf8').split('\n')) redactor.line(line);
    expect(
      Object.keys(redactor.counts()).filter((k) => !['address', 'email', 'home'].includes(k)),
      file,
    ).toEqual([]);
  }
});
