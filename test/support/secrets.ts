/**
 * Secrets to plant, twenty forms of five each: made at run time, of parts, so that nothing in this repository looks like one.
 * The same ones on every run.
 */

/** One secret in the text that carries it. */
export interface Planted {
  readonly form: string;
  /** What must not survive: each of these. */
  readonly secrets: readonly string[];
  /** A line of a log, or a few, that holds them. */
  readonly text: string;
  /** Words of it that must survive: the error stays readable. */
  readonly readable: readonly string[];
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = UPPER.toLowerCase();
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const ALNUM = UPPER + LOWER + DIGITS;

/** Numbers that look random and are the same each time (mulberry32). */
function numbers(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let t = Math.imul(at ^ (at >>> 15), 1 | at);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Form = (
  some: (alphabet: string, chars: number) => string,
  i: number,
) => readonly [secrets: string | readonly string[], text: string, ...readable: string[]];

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;

const FORMS: Readonly<Record<string, Form>> = {
  'token of a code host': (some, i) => {
    const token = pick(
      [
        `gh${'p'}_${some(ALNUM, 36)}`,
        `github_${'pat'}_${some(ALNUM, 22)}_${some(ALNUM, 59)}`,
        `gl${'pat'}-${some(ALNUM, 20)}`,
        `gh${'s'}_${some(ALNUM, 36)}`,
        `ATBB${some(ALNUM, 32)}`,
      ],
      i,
    );
    return [token, `remote: error: ${token} was refused for repository web`, 'error', 'refused'];
  },
  'token of a cloud': (some, i) => {
    const token = pick(
      [
        `AK${'IA'}${some(UPPER + DIGITS, 16)}`,
        `AI${'za'}${some(ALNUM, 35)}`,
        `do${'p'}_v1_${some(HEX, 64)}`,
        `${some(ALNUM, 3)}8Q~${some(ALNUM, 34)}`,
        `dapi${some(HEX, 32)}`,
      ],
      i,
    );
    return [token, `fatal: upload failed for key ${token}, status 403`, 'upload failed', '403'];
  },
  'token of a package registry': (some, i) => {
    const token = pick(
      [
        `np${'m'}_${some(ALNUM, 36)}`,
        `py${'pi'}-AgEIcHlwaS5vcmc${some(ALNUM, 90)}`,
        `ruby${'gems'}_${some(HEX, 48)}`,
        `dck${'r'}_pat_${some(ALNUM, 27)}`,
        `ci${'o'}${some(ALNUM, 32)}`,
      ],
      i,
    );
    return [token, `publish: 401 Unauthorized with ${token} (web 1.0.0)`, '401 Unauthorized', 'web 1.0.0'];
  },
  'token of a service': (some, i) => {
    const token = pick(
      [
        `xo${'xb'}-${some(DIGITS, 12)}-${some(DIGITS, 12)}-${some(ALNUM, 24)}`,
        `sk${'_live'}_${some(ALNUM, 24)}`,
        `S${'G'}.${some(ALNUM, 22)}.${some(ALNUM, 43)}`,
        `shp${'at'}_${some(HEX, 32)}`,
        `NR${'AK'}-${some(UPPER + DIGITS, 27)}`,
      ],
      i,
    );
    return [token, `webhook: POST failed: invalid_auth ${token}`, 'webhook', 'invalid_auth'];
  },
  'token of a model provider': (some, i) => {
    const token = pick(
      [
        `sk${'-proj'}-${some(ALNUM, 48)}`,
        `sk${'-ant'}-api03-${some(ALNUM, 90)}AA`,
        `h${'f'}_${some(ALNUM, 34)}`,
        `gs${'k'}_${some(ALNUM, 52)}`,
        `r${'8'}_${some(ALNUM, 37)}`,
      ],
      i,
    );
    return [
      token,
      `openai.AuthenticationError: Incorrect API key provided: ${token}.`,
      'AuthenticationError',
    ];
  },
  'password in a URL': (some, i) => {
    const password = `${some(ALNUM, 9)}${pick(['', '!', '%2F', '@', '#'], i)}${some(ALNUM, 6)}`;
    const scheme = pick(['postgres', 'mysql', 'redis', 'mongodb+srv', 'amqp'], i);
    const user = scheme === 'redis' ? '' : 'shop';
    return [
      password,
      `could not connect to ${scheme}://${user}:${password}@db.example.org:5432/shop: refused`,
      'could not connect',
      'db.example.org',
      'refused',
    ];
  },
  'header of an authorization': (some, i) => {
    const secret = some(ALNUM, 32);
    const header = pick(
      [
        `> Authorization: Bearer ${secret}`,
        `headers: { 'Authorization': 'token ${secret}' }`,
        `< X-Auth-Token: ${secret}`,
        `  -H 'PRIVATE-TOKEN: ${secret}'`,
        `Proxy-Authorization: Digest username="a", response="${secret}"`,
      ],
      i,
    );
    return [secret, `request failed\n${header}\nHTTP 401`, 'request failed', 'HTTP 401'];
  },
  'basic authorization': (some, i) => {
    const secret = base64(`deploy:${some(ALNUM, 14 + i)}`);
    return [
      secret,
      pick(
        [
          `Authorization: Basic ${secret}`,
          `"authorization":"Basic ${secret}"`,
          `Basic ${secret} rejected`,
          `curl: -H "Authorization: Basic ${secret}"`,
          `auth: 'Basic ${secret}'`,
        ],
        i,
      ),
    ];
  },
  cookie: (some, i) => {
    const secret = some(ALNUM, 26);
    return [
      secret,
      pick(
        [
          `Cookie: theme=dark; sid=${secret}`,
          `set-cookie: session=${secret}; Path=/; HttpOnly`,
          `"cookie": "connect.sid=s%3A${secret}"`,
          `curl -b 'SESSION=${secret}' https://x.example`,
          `JSESSIONID=${secret}`,
        ],
        i,
      ),
    ];
  },
  'key block': (some, i) => {
    const kind = pick(
      ['RSA PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'PRIVATE KEY', 'PGP PRIVATE KEY BLOCK'],
      i,
    );
    const lines = [some(ALNUM, 64), some(ALNUM, 64), some(ALNUM, 40)];
    const block = [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`];
    const text =
      i === 3
        ? JSON.stringify({ error: 'bad key', private_key: block.join('\n') })
        : `error: bad key\n${block.join('\n')}\nexit status 1`;
    return [lines, text, 'bad key'];
  },
  'e-mail': (some, i) => {
    const mail = `${some(LOWER, 6)}${pick(['', '.', '+', '_', '-'], i)}${some(LOWER, 5)}@${some(LOWER, 8)}.example.${pick(['com', 'org', 'io', 'de', 'co.uk'], i)}`;
    return [
      mail,
      pick(
        [
          `Author: A <${mail}>`,
          `no such user ${mail}`,
          `"email":"${mail}"`,
          `git config user.email ${mail}`,
          `mailto:${mail} bounced`,
        ],
        i,
      ),
    ];
  },
  address: (some, i) => {
    const n = (j: number) => 11 + (some(HEX, 1).charCodeAt(0) % 80) + j;
    const address =
      i < 3
        ? `8${i}.${n(1)}.${n(2)}.${n(3)}`
        : `2a01:4f8:${some(HEX.slice(1), 4)}:${some(HEX.slice(1), 4)}::${i}`;
    return [
      address,
      pick(
        [
          `connection from ${address} refused`,
          `dial tcp ${address}:443: i/o timeout`,
          `client=${address}, server=web`,
          `bind [${address}]:80 failed`,
          `from ${address} port 22`,
        ],
        i,
      ),
    ];
  },
  'user name in a path': (some, i) => {
    const name = `${some(LOWER, 7)}${i}`;
    return [
      name,
      pick(
        [
          `ENOENT: /home/${name}/web/package.json`,
          `at f (file:///Users/${name}/web/a.js:1:2)`,
          `C:\\Users\\${name}\\web`,
          JSON.stringify({ path: `C:\\Users\\${name}\\web` }),
          `/mnt/c/Users/${name}/web`,
        ],
        i,
      ),
      'web',
    ];
  },
  'JSON and YAML': (some, i) => {
    const secret = `${some(LOWER, 7)}${some(DIGITS, 3)}${some(UPPER, 6)}`;
    return [
      secret,
      pick(
        [
          JSON.stringify({ user: 'web', password: secret }),
          `db:\n  host: web\n  password: ${secret}`,
          JSON.stringify(JSON.stringify({ host: 'web', api_key: secret })),
          `- name: web\n  client_secret: '${secret}'`,
          `host: 'web', secretKey: '${secret}'`,
        ],
        i,
      ),
      'web',
    ];
  },
  'environment and flags': (some, i) => {
    const secret = `${some(LOWER, 7)}${some(DIGITS, 3)}${some(UPPER, 6)}`;
    return [
      secret,
      pick(
        [
          `export DB_PASSWORD='${secret}'; npm start`,
          `docker run -e MYSQL_ROOT_PASSWORD=${secret} mysql`,
          `deploy --api-key ${secret} --region eu`,
          `curl -u deploy:${secret} https://x.example`,
          `mysql -uroot -p${secret} shop`,
        ],
        i,
      ),
    ];
  },
  'connection string': (some, i) => {
    const plain = `${some(LOWER, 7)}${some(DIGITS, 3)}${some(UPPER, 6)}`;
    const secret = i === 3 ? base64(plain.repeat(4)) : plain;
    const text = pick(
      [
        `Server=db;Database=shop;User Id=sa;Password=${secret};`,
        `host=db user=shop password=${secret} dbname=shop`,
        `jdbc:mysql://db/shop?user=shop&password=${secret}&ssl=1`,
        `DefaultEndpointsProtocol=https;AccountName=db;AccountKey=${secret};`,
        `Data Source=db;Pwd=${secret};Encrypt=1`,
      ],
      i,
    );
    return [secret, text, 'db'];
  },
  'web token': (some, i) => {
    const head = base64('{"alg":"HS256","typ":"JWT"}').replace(/=/g, '');
    const body = base64(`{"sub":"${some(ALNUM, 12)}"}`).replace(/=/g, '');
    const jwt = `${head}.${body}.${some(ALNUM, 43)}`;
    return [
      jwt,
      pick(
        [
          `jwt expired: ${jwt}`,
          `?access_token=${jwt}`,
          `"idToken":"${jwt}"`,
          `[${jwt}]`,
          `token=${jwt}; next`,
        ],
        i,
      ),
    ];
  },
  'file of a package client': (some, i) => {
    const secret = some(ALNUM, 30);
    return [
      secret,
      pick(
        [
          `//registry.example.org/:_authToken=${secret}`,
          `_auth=${secret}==`,
          `//registry.example.org/:_password="${secret}"`,
          `machine x.example login web password ${secret}`,
          `{"auths":{"x.example":{"auth":"${secret}=="}}}`,
        ],
        i,
      ),
    ];
  },
  'cluster and cloud files': (some, i) => {
    const secret = some(ALNUM, 40);
    return [
      secret,
      pick(
        [
          `    client-key-data: ${secret}${secret}`,
          `aws_secret_access_key = ${secret}`,
          `    token: ${secret}`,
          `aws_session_token=${secret}${secret}`,
          `  certificate-authority: x\n  id-token: ${secret}`,
        ],
        i,
      ),
    ];
  },
  'query and form': (some, i) => {
    const secret = some(ALNUM, 32);
    return [
      secret,
      pick(
        [
          `GET /v1/x?access_token=${secret}&page=2 500`,
          `https://b.example/x?X-Amz-Signature=${secret}&y=1 expired`,
          `grant_type=password&username=a&password=${secret}`,
          `https://a.blob.example/x?sv=1&sig=${secret} 403`,
          `POST /login client_secret=${secret}&code=1`,
        ],
        i,
      ),
    ];
  },
};

/** Five of each form, a hundred in all. */
export function plantedSecrets(): readonly Planted[] {
  return Object.entries(FORMS).flatMap(([form, make], f) =>
    Array.from({ length: 5 }, (_, i) => {
      const next = numbers(f * 100 + i + 1);
      const some = (alphabet: string, chars: number) =>
        Array.from({ length: chars }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
      const [secret, text, ...readable] = make(some, i);
      return { form, secrets: typeof secret === 'string' ? [secret] : secret, text, readable };
    }),
  );
}
