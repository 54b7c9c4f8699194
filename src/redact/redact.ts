/**
 * Secrets out of text. Everything that is stored or leaves the machine passes here. Rules look for the forms that secrets
 * have (token prefixes, headers, assignments, URLs, key blocks), after the ideas of gitleaks' rule set; what is found is
 * replaced by a placeholder that says what it was, so that the error stays readable.
 *
 * Linear: one scan for the letters that any rule needs; only lines that have them are looked at by rules, each of which
 * is a sticky or bounded pattern without nested repetition.
 */

/** What was taken out, and how often. */
export type RedactionCounts = Readonly<Record<string, number>>;

/** Rules that one test on the line opens: most lines open none, and that is what the speed comes from. */
type Group = 'token' | 'at' | 'word' | 'command' | 'home' | 'address';
const GROUPS: Readonly<Record<Group, (line: string) => boolean>> = {
  token: (line) => hasTokenRun(line),
  at: (line) => line.includes('@'),
  word: (line) => NAMES_IN_LINE.test(line),
  command: (line) => CLIENTS.test(line),
  home: (line) => HOMES.test(line),
  address: (line) => ADDRESSES.test(line),
};
const NAMES_IN_LINE =
  /pass|pwd|secret|token|key|credential|auth(?:orization|\\?["']?\s?[:=])|cookie|jwt|bearer|connection|session|sig(?:nature)?=|basic /i;
const CLIENTS = /curl|mysql|maria|sshpass|docker/;
const HOMES = /[\\/](?:home|users)[\\/]/i;
const ADDRESSES = /\d\.\d{1,3}\.\d|[0-9a-f]:[0-9a-f]{0,4}:[0-9a-f:]/i;
/** How tokens of providers begin. */
const TOKEN_STARTS =
  /eyJ|gh[opusr]_|_pat_|gl[a-z]{2,5}-|A(?:KIA|SIA|BIA|CCA|Iza)|ya29\.|GOCSPX|xox[a-z]-|xapp-|hooks\.slack|npm_|pypi-|k_(?:live|test)_|whsec_|sk-|hf_|api_org_|_v1_|SG\.|[SA][KC][0-9a-f]{2}|:AA|hv[sbr]\.|gsk_|xai-|r8_|pplx-|rubygems_|cio[A-Z0-9a-z]{8}|shp[a-z]{2}_|NRAK-|dapi[0-9a-f]|AT(?:BB|ATT|CTT)|8Q~|glsa_|glc_|lin_api_|ntn_|figd_|sbp_|pul-|dp\.[pcs]t|AGE-SECRET|sntry[su]_|nfp_|HRKU-|tskey-|sq0|AKCp|CCIPAT_|LTAI/;
/** No token of a provider has fewer characters in a row, … */
const MIN_RUN_CHARS = 16;
/** … and its beginning is no further before them (`hooks.slack.com/services/T…/B…/`). */
const RUN_PREFIX_CHARS = 60;
const IN_TOKEN = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9_+~-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/**
 * Whether a run of characters of a token begins as one. Only every sixteenth character is looked at until one is of a token:
 * that costs a fraction of what it costs to try all the beginnings at each place.
 */
function hasTokenRun(line: string): boolean {
  const isIn = (at: number): boolean => IN_TOKEN[line.charCodeAt(at)] === 1;
  for (let at = MIN_RUN_CHARS - 1; at < line.length; ) {
    if (!isIn(at)) {
      at += MIN_RUN_CHARS;
      continue;
    }
    let start = at;
    while (start > 0 && at - start < MIN_RUN_CHARS && isIn(start - 1)) start--;
    let end = at + 1;
    while (end < line.length && isIn(end)) end++;
    if (
      end - start >= MIN_RUN_CHARS &&
      TOKEN_STARTS.test(line.slice(Math.max(0, start - RUN_PREFIX_CHARS), end))
    )
      return true;
    at = end + MIN_RUN_CHARS;
  }
  return false;
}

interface Rule {
  readonly kind: string;
  readonly pattern: RegExp;
  /** A test that is cheaper than the pattern, on the whole line; made after that of its group. */
  readonly hint: RegExp;
  readonly group: Group;
  /** Replacement; default: `<kind>` for the whole match. */
  readonly by?: (match: string, ...groups: string[]) => string;
}

/** Names that say that a secret follows. */
const SECRET_NAME =
  '[A-Za-z0-9_.-]{0,40}(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credential|authorization|auth[_-]?key|client[_-]?(?:secret|key)|connection[_-]?string|session[_-]?(?:id|key)|cookie|jwt|bearer)[A-Za-z0-9_.-]{0,20}';
/** Values that are no secret: booleans, placeholders, references to a variable, our own placeholders. */
const HARMLESS_VALUE =
  /^(?:true|false|null|none|nil|undefined|yes|no|empty|missing|required|invalid|unset|\*+|x+|\.+|<[^<>]*>|\$\{?\w+\}?|%\w+%|\{\{.*\}\}|\w{1,3})$/i;

const FORMS: readonly Rule[] = [
  {
    kind: 'token:jwt',
    group: 'token',
    hint: /eyJ/,
    pattern: /\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,4096})?/g,
  },
  {
    kind: 'token:github',
    group: 'token',
    hint: /gh[opusr]_|github_pat_/,
    pattern: /\b(?:gh[opusr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})/g,
  },
  {
    kind: 'token:gitlab',
    group: 'token',
    hint: /gl[a-z]{2,5}-/,
    pattern: /\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat)-[A-Za-z0-9_.=-]{16,300}/g,
  },
  {
    kind: 'token:aws',
    group: 'token',
    hint: /(?:AKIA|ASIA|ABIA|ACCA)/,
    pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g,
  },
  {
    kind: 'token:google',
    group: 'token',
    hint: /AIza|ya29\.|GOCSPX-/,
    pattern: /\bAIza[A-Za-z0-9_-]{30,45}|\bya29\.[A-Za-z0-9_-]{20,2000}|\bGOCSPX-[A-Za-z0-9_-]{20,60}/g,
  },
  {
    kind: 'token:slack',
    group: 'token',
    hint: /xox[a-z]-|xapp-|hooks\.slack\.com/,
    pattern:
      /\b(?:xox[abeoprs]-[A-Za-z0-9-]{10,300}|xapp-[A-Za-z0-9-]{10,300})|hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{10,200}/g,
  },
  { kind: 'token:npm', group: 'token', hint: /npm_|_authToken/, pattern: /\bnpm_[A-Za-z0-9]{30,60}\b/g },
  { kind: 'token:pypi', group: 'token', hint: /pypi-/, pattern: /\bpypi-[A-Za-z0-9_-]{16,1000}/g },
  {
    kind: 'token:stripe',
    group: 'token',
    hint: /[srp]k_(?:live|test)_|whsec_/,
    pattern: /\b(?:[srp]k_(?:live|test)_[A-Za-z0-9]{10,200}|whsec_[A-Za-z0-9+/=]{16,200})/g,
  },
  {
    kind: 'token:openai',
    group: 'token',
    hint: /sk-/,
    pattern: /\bsk-(?:proj-|svcacct-|admin-|ant-(?:api\d\d-|admin\d\d-)?|or-v1-)?[A-Za-z0-9_-]{20,300}/g,
  },
  {
    kind: 'token:huggingface',
    group: 'token',
    hint: /hf_|api_org_/,
    pattern: /\b(?:hf|api_org)_[A-Za-z0-9]{30,60}\b/g,
  },
  {
    kind: 'token:digitalocean',
    group: 'token',
    hint: /do[opr]_v1_/,
    pattern: /\bdo[opr]_v1_[a-f0-9]{60,70}\b/g,
  },
  {
    kind: 'token:sendgrid',
    group: 'token',
    hint: /SG\./,
    pattern: /\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}/g,
  },
  {
    kind: 'token:twilio',
    group: 'token',
    hint: /\b(?:SK|AC)[0-9a-f]/,
    pattern: /\b(?:SK|AC)[0-9a-f]{32}\b/g,
  },
  { kind: 'token:telegram', group: 'token', hint: /:AA/, pattern: /\b\d{8,10}:AA[A-Za-z0-9_-]{32,36}/g },
  { kind: 'token:vault', group: 'token', hint: /hv[sbr]\./, pattern: /\bhv[sbr]\.[A-Za-z0-9_-]{20,300}/g },
  {
    kind: 'token:docker',
    group: 'token',
    hint: /dckr_/,
    pattern: /\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,100}/g,
  },
  {
    kind: 'token:service',
    group: 'token',
    hint: /_|-|~|cio|dapi|AT|dp\.|sq0|AKCp|LTAI/,
    pattern:
      /\b(?:(?:gsk|r8|lin_api|ntn|figd|sbp|glsa|glc|nfp|sntry[su]|shp(?:at|ca|pa|ss)|CCIPAT)_[A-Za-z0-9_+/=-]{20,300}|rubygems_[0-9a-f]{48}|(?:xai|pplx|pul|tskey(?:-[a-z]{2,12})?)-[A-Za-z0-9-]{20,120}|NRAK-[A-Z0-9]{27}|HRKU-[A-Za-z0-9_-]{30,80}|dapi[0-9a-f]{32}(?:-\d)?|cio[A-Za-z0-9]{32}|ATBB[A-Za-z0-9]{28,40}|AT(?:ATT|CTT)3[A-Za-z0-9_=-]{40,300}|dp\.[pcs]t\.[A-Za-z0-9]{30,60}|AGE-SECRET-KEY-1[A-Z0-9]{40,80}|sq0[a-z]{3}-[A-Za-z0-9_-]{20,60}|AKCp[A-Za-z0-9]{60,90}|LTAI[A-Za-z0-9]{12,24}|[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34})(?![A-Za-z0-9])/g,
  },
  {
    kind: 'token:azure',
    group: 'word',
    hint: /AccountKey=|SharedAccessKey=|sig(?:nature)?=/i,
    pattern:
      /\b((?:AccountKey|SharedAccessKey|sig|x-(?:amz|goog)-signature|signature)=)[A-Za-z0-9+/%=_-]{20,200}/gi,
    by: (_, name = '') => `${name}<token:azure>`,
  },
  // user:password@host, in any URL.
  {
    kind: 'password',
    group: 'at',
    hint: /:\/\/[^/\s]*@/,
    pattern: /\b([a-z][a-z0-9+.-]{1,30}:\/\/)([^\s:@/"'<>]{0,200}):([^\s/"'<>]{1,400})@(?=[\w[.-])/gi,
    by: (_, scheme = '', user = '') => `${scheme}${user === '' ? '' : '<user>'}:<password>@`,
  },
  {
    kind: 'token:url',
    group: 'at',
    hint: /:\/\/[^/\s]*@/,
    pattern: /\b([a-z][a-z0-9+.-]{1,30}:\/\/)([A-Za-z0-9_.~%-]{16,300})@(?=[\w[.-])/gi,
    by: (_, scheme = '') => `${scheme}<token>@`,
  },
  // Authorization: Bearer …, X-Api-Key: …, Cookie: …
  // Its parameters stand in quotes of their own.
  {
    kind: 'header',
    group: 'word',
    hint: /digest\s/i,
    pattern:
      /\b((?:proxy-)?authorization["']?\s{0,3}[:=]\s{0,3}["']?digest\s{1,3})(?!<)((?:(?!\\+[nr])[^\r\n]){1,4000})/gi,
    by: (_, name = '') => `${name}<token>`,
  },
  {
    kind: 'header',
    group: 'word',
    hint: /authorization|cookie|x-[a-z-]*(?:key|token|secret)|api-key/i,
    pattern:
      /\b((?:proxy-)?authorization["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|basic|token|digest|apikey|negotiate|aws4-hmac-sha256)?\s{0,3})(?!<)([^\s"',;\\][^\r\n"'\\]{0,4000})/gi,
    by: (_, name = '') => `${name}<token>`,
  },
  {
    kind: 'header',
    group: 'word',
    hint: /x-[a-z-]*(?:key|token|secret)|api-key/i,
    pattern:
      /\b((?:x-[a-z-]{0,40}(?:key|token|secret)|api-key)["']?\s{0,3}[:=]\s{0,3}["']?)(?!<)([^\s"',;\\]{4,4000})/gi,
    by: (_, name = '') => `${name}<token>`,
  },
  {
    kind: 'cookie',
    group: 'word',
    hint: /cookie/i,
    pattern:
      /\b((?:set-)?cookie["']?\s{0,3}[:=]\s{0,3}["']?)(?!<)([A-Za-z0-9_.-]{1,100}=[^\r\n"'\\]{1,8000})/gi,
    by: (_, name = '') => `${name}<cookie>`,
  },
  {
    kind: 'token:bearer',
    group: 'word',
    hint: /bearer\s/i,
    pattern: /\b(bearer\s{1,3})(?!<)([A-Za-z0-9._~+/=-]{16,4000})/gi,
    by: (_, name = '') => `${name}<token>`,
  },
  {
    kind: 'token:basic',
    group: 'word',
    hint: /basic\s/i,
    pattern: /\b(basic\s{1,3})([A-Za-z0-9+/]{8,4000}={0,2})/gi,
    // "Basic authentication" is prose; a name and a password in base64 have both cases and more.
    by: (match, name = '', value = '') =>
      /[A-Z]/.test(value) && /[a-z]/.test(value) && /[0-9=+/]/.test(value) ? `${name}<token>` : match,
  },
  // "auth": "…" of Docker, _auth=… of npm: base64 of a name and a password.
  {
    kind: 'token:basic',
    group: 'word',
    hint: /auth\\?["']?\s?[:=]/i,
    pattern:
      /((?<![A-Za-z0-9])_?auth(?:\\?["'])?\s?[:=]\s{0,3}(?:\\?["'])?)(?![<$])([A-Za-z0-9+/]{12,4000}={0,2})(?![A-Za-z0-9])/g,
    by: (match, name = '', value = '') => (/\d|=$/.test(value) ? `${name}<token>` : match),
  },
  // .netrc: machine x login y password z, in one line or three.
  {
    kind: 'password',
    group: 'word',
    hint: /password\s/i,
    pattern:
      /(\bmachine\s{1,9}\S{1,200}\s{1,9}login\s{1,9}\S{1,100}\s{1,9}password\s{1,9}|(?:\blogin\s{1,9}\S{1,100}\s{1,9}|^\s{0,20})password\s{1,9}(?=\S{4,400}\s{0,20}$))(?!<)(\S{4,400})/g,
    by: (match, name = '', value = '') =>
      // "login by password disabled" is prose.
      /[^a-z]/.test(value) ? `${name}<password>` : match,
  },
  // Clients that take a password as -u user:password, -ppassword, -p password.
  {
    kind: 'argument',
    group: 'command',
    hint: /curl\s/,
    pattern:
      /(\s(?:-u|--user|-U|--proxy-user)(?<=\bcurl\b[^|;]{0,400})[=\s]?["']?[^\s:"']{0,100}:)(?![<$])([^\s"']{3,400})/g,
    by: (_, name = '') => `${name}<password>`,
  },
  {
    kind: 'cookie',
    group: 'command',
    hint: /curl\s/,
    pattern:
      /(\s(?:-b|--cookie)(?<=\bcurl\b[^|;]{0,400})[=\s]?["']?)(?![<$])([\w.-]{1,100}=[^\s"']{3,4000})/g,
    by: (_, name = '') => `${name}<cookie>`,
  },
  {
    kind: 'argument',
    group: 'command',
    hint: /mysql|maria/,
    pattern: /(\s-p(?<=\b(?:mysql|maria)[a-z-]{0,20}\b[^|;]{0,400}))(?![<$])(["']?[^\s"']{4,400}["']?)/g,
    by: (_, name = '') => `${name}<password>`,
  },
  {
    kind: 'argument',
    group: 'command',
    hint: /sshpass\s|docker login/,
    pattern: /(\s-p(?<=\b(?:sshpass|docker login)\b[^|;]{0,400})\s?)(?![<$])(["']?[^\s"']{4,400}["']?)/g,
    by: (_, name = '') => `${name}<password>`,
  },
  // --password x; -p x by itself is too common to touch.
  {
    kind: 'argument',
    group: 'word',
    hint: /--[a-z-]*(?:pass|secret|token|key)/i,
    pattern:
      /(--[a-z-]{0,30}(?:password|passwd|passphrase|secret|token|api-key|access-key|secret-key)[=\s]["']?)(?![<$-])([^\s"']{4,400})/gi,
    by: (match, name = '', value = '') => (HARMLESS_VALUE.test(value) ? match : `${name}<secret>`),
  },
  // NAME=value, "name": "value", name: value
  {
    kind: 'secret',
    group: 'word',
    hint: /pass|pwd|secret|token|key|credential|authorization|cookie|jwt|bearer|connection|session/i,
    pattern: new RegExp(
      `\\b(${SECRET_NAME}(?:\\\\{0,7}["'])?\\s{0,3}(?::=|=>|[:=])\\s{0,3})(\\\\{0,7}["'\`])([^"'\`\\r\\n\\\\]{4,2000})(?=\\\\{0,7}["'\`])`,
      'gi',
    ),
    by: (match, name = '', quote = '', value = '') =>
      HARMLESS_VALUE.test(value) || isShortSession(name, value) ? match : `${name}${quote}<secret>`,
  },
  {
    kind: 'secret',
    group: 'word',
    hint: /pass|pwd|secret|token|key|credential|authorization|cookie|jwt|bearer|connection|session/i,
    pattern: new RegExp(
      `\\b(${SECRET_NAME}\\s{0,3}(?::=|=)\\s{0,3}|${SECRET_NAME}:\\s{1,3})(?!["'\`<$\\\\{])([^\\s"'\`,;&)<>]{6,2000})`,
      'gi',
    ),
    by: (match, name = '', value = '') => (isWord(name, value) ? match : `${name}<secret>`),
  },
  {
    kind: 'email',
    group: 'at',
    hint: /@/,
    pattern: /\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}\b/g,
  },
  {
    kind: 'home',
    group: 'home',
    hint: /\/(?:home|Users)\/|[\\/]Users[\\/]/i,
    pattern: /((?:\/home\/|\/Users\/|[A-Za-z]:[\\/]{1,8}Users[\\/]{1,8}))([^\s\\/:"'<>|]{1,64})/g,
    by: (match, folder = '', name = '') => (PUBLIC_HOMES.test(name) ? match : `${folder}<user>`),
  },
  {
    kind: 'address',
    group: 'address',
    hint: /\d\.\d/,
    pattern: /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]|\.\d)/g,
    by: (match) => (LOCAL_ADDRESS.test(match) ? match : '<ip>'),
  },
  {
    kind: 'address',
    group: 'address',
    // Not merely a time of day.
    hint: /::|(?:[0-9a-f]{1,4}:){4}/i,
    pattern:
      /(?<![\w:.])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])|(?<![\w:.])(?:[0-9a-f]{1,4}:){2,6}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,4})?(?![\w:])/gi,
    by: () => '<ip>',
  },
];
/** A secret may begin right behind a colour: `\b` alone does not see that, for the sequence ends in a letter. */
const START = '(?:\\b|(?<=\\x1b\\[[0-9;]{0,12}m))';
const RULES: readonly Rule[] = FORMS.map((rule) => ({
  ...rule,
  pattern: new RegExp(
    rule.pattern.source.replace(/\\b(?!$|\||\))/g, () => START),
    rule.pattern.flags,
  ),
}));
const BY_GROUP = Object.entries(GROUPS).map(
  ([group, opens]) => [opens, RULES.filter((r) => r.group === group)] as const,
);
/** Addresses that say nothing about anybody. */
const LOCAL_ADDRESS =
  /^(?:127\.|0\.0\.0\.0$|255\.255\.255\.|10\.0\.0\.\d$|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.)/;
const PUBLIC_HOMES =
  /^(?:runner|ubuntu|user|app|node|dev|vagrant|ec2-user|root|circleci|jenkins|Shared|Public|vsts|<.*)$/i;

/** A name for a session in a log (PostgreSQL's `6b0ddfcd.54a3`): too short to be what lets somebody in. */
function isShortSession(name: string, value: string): boolean {
  return value.length < 16 && /session[_-]?id/i.test(name) && !/passw|secret|token|cookie/i.test(name);
}

/** `key: value` in prose and messages: an ordinary word, or a place in a file, is no secret. */
function isWord(name: string, value: string): boolean {
  if (HARMLESS_VALUE.test(value)) return true;
  const strong = /pass|pwd|secret|api[_-]?key|access[_-]?key|(?:private|client)[_-]?key|credential/i.test(
    name,
  );
  // Assigned, not told: `password=hunter2` is one, `unexpected token: identifier` is none.
  const assigned = /=\s*$/.test(name);
  if (assigned && strong)
    return /^[./~]|^\w+\(|^(?:this|self|process|req|request|config|options|opts|args|params|settings|env|os)\.[A-Za-z_]|^[A-Za-z_][\w.]*\.(?:json|pem|key|crt|txt|ya?ml|env)$/.test(
      value,
    );
  const mixed = /\d/.test(value) && /[A-Za-z]/.test(value) && value.length >= 8;
  if (strong && !assigned) return !mixed || /^[./~]/.test(value);
  // Base64 has slashes too; a path so long without a dot is rare.
  return (
    !(mixed && value.length >= 16) || (value.length < 40 ? /[./\\]/ : /[.\\]|^\//).test(value.slice(0, -1))
  );
}

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|PGP MESSAGE)[A-Z ]{0,20}-----/;
const PEM_END = /-----END [A-Z0-9 ]{0,40}(?:PRIVATE KEY|PGP MESSAGE)[A-Z ]{0,20}-----/;
/** A key block that never ends is given up after so many lines. */
const MAX_PEM_LINES = 2000;
/** Longer lines are taken in pieces that share this many characters: no secret above is longer between two blanks. */
const PIECE_CHARS = 65_536;

/** Redacts text that arrives line by line: key blocks span lines. */
export class Redactor {
  private readonly found: Record<string, number> = {};
  private pemLines = 0;

  /** One line, without its line end. */
  line(text: string): string {
    if (this.pemLines > 0) {
      const end = PEM_END.exec(text);
      if (!end && this.pemLines < MAX_PEM_LINES) {
        this.pemLines++;
        return '';
      }
      this.pemLines = 0;
      if (!end) return this.plain(text);
      return this.plain(text.slice(end.index + end[0].length));
    }
    const begin = text.includes('-----BEGIN') ? PEM_BEGIN.exec(text) : null;
    if (!begin) return this.plain(text);
    this.count('key');
    const rest = text.slice(begin.index + begin[0].length);
    const end = PEM_END.exec(rest);
    if (end)
      return `${this.plain(text.slice(0, begin.index))}<key>${this.line(rest.slice(end.index + end[0].length))}`;
    this.pemLines = 1;
    return `${this.plain(text.slice(0, begin.index))}<key>`;
  }

  counts(): RedactionCounts {
    return { ...this.found };
  }

  private plain(text: string): string {
    if (text.length <= PIECE_CHARS) return this.rules(text);
    const out: string[] = [];
    // Cut at a blank where there is one, so that no secret is cut in two.
    for (let at = 0; at < text.length; ) {
      let end = Math.min(text.length, at + PIECE_CHARS);
      if (end < text.length) {
        const blank = text.lastIndexOf(' ', end);
        if (blank > at + PIECE_CHARS / 2) end = blank;
      }
      out.push(this.rules(text.slice(at, end)));
      at = end;
    }
    return out.join('');
  }

  private rules(text: string): string {
    let out = text;
    for (const [opens, rules] of BY_GROUP) if (opens(text)) out = this.apply(rules, out);
    return out;
  }

  private apply(rules: readonly Rule[], text: string): string {
    let out = text;
    for (const { kind, pattern, hint, by } of rules) {
      if (!hint.test(out)) continue;
      out = out.replace(pattern, (match: string, ...rest: unknown[]) => {
        const groups = rest
          .slice(
            0,
            rest.findIndex((r) => typeof r === 'number'),
          )
          .map((g) => (g ?? '') as string);
        const replaced = by ? by(match, ...groups) : `<${kind}>`;
        if (replaced !== match) this.count(kind);
        return replaced;
      });
    }
    return out;
  }

  private count(kind: string): void {
    this.found[kind] = (this.found[kind] ?? 0) + 1;
  }
}

/** Redacts a whole text; line ends stay as they are. */
export function redact(text: string): string {
  const redactor = new Redactor();
  let out = '';
  for (let at = 0; at <= text.length; ) {
    const feed = text.indexOf('\n', at);
    const end = feed === -1 ? text.length : feed;
    const crlf = feed > at && text.charCodeAt(feed - 1) === 13;
    const line = text.slice(at, crlf ? end - 1 : end);
    const clean = redactor.line(line);
    out += clean;
    // A line inside a key block leaves nothing, not even its end.
    if (feed !== -1 && !(clean === '' && line !== '')) out += crlf ? '\r\n' : '\n';
    at = end + 1;
  }
  return out;
}

/** Kinds that say who or where somebody is, and let nobody in. */
const PERSONAL = new Set(['email', 'home', 'address']);

/** Whether a text holds what lets somebody in: a token, a key, a password. */
export function holdsSecret(text: string): boolean {
  const redactor = new Redactor();
  for (const line of text.split('\n')) redactor.line(line);
  return Object.keys(redactor.counts()).some((kind) => !PERSONAL.has(kind));
}
