/**
 * Makes `data/background.txt.gz`: what ordinary programs print on ordinary days, against which patterns are
 * measured for noise. Every line is the output of a real program, run here and now by one of the sources below
 * (a source whose programs are missing, or do not end well, is named and left out whole). What belongs to no
 * program that failed but *reads* as if (test names, changelogs, documentation about errors, `0 failed`) is
 * wanted: it unmasks careless patterns.
 *
 *   node scripts/background.mjs [--only NAME,NAME] [--keep]
 *
 * Lines are left out when they are empty, longer than 500 characters, not printable, said before by any source,
 * beyond the limit of their source, could hold a secret, tell about this machine, or hold the very message of a
 * known failure (a document that quotes it). Paths of the work folder, the tools root and the project are
 * shortened; hosts that this machine's package clients talk to read `packages.example.org`. Beside the text stands
 * `data/background.json`: each source with its commands, line counts, and the digest of the text.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { AS_NOBODY, MAX_LINE, PROJECT, replaceFile, runSources, STOP, spread } from './ordinary.mjs';

const TOOLS = [
  'debian:nginx',
  'debian:apache2',
  'debian:haproxy',
  'debian:postgresql-15',
  'debian:postgresql-client-15',
  'debian:mariadb-server',
  'debian:redis-server',
  'debian:memcached',
  'debian:nats-server',
  'debian:mosquitto',
  'debian:sqlite3',
  'debian:rsync',
  'debian:manpages',
  'debian:manpages-zh',
];
const MAX_PACKED = 900 * 1024;

// ------------------------------------------------------------------------------------ the programs' files

const COMMIT_MAKER = `
import { gunzipSync } from 'node:zlib';
import { existsSync, readFileSync } from 'node:fs';
const people = ['Ada Byron', 'Lin Wei', 'Grace Moreau', 'Tomas Novak', 'Priya Raman', 'Jonas Berg', 'Maria Costa'];
let mark = 0, time = 1700000000, previous = 0, log = '';
const out = [];
for (const name of ['curl', 'git', 'openssl', 'apt', 'dpkg', 'bash', 'systemd', 'tar', 'util-linux', 'gcc-12']) {
  const file = '/usr/share/doc/' + name + '/changelog.Debian.gz';
  if (!existsSync(file)) continue;
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  for (const item of text.split(/\\n  \\* /).slice(1, 70)) {
    const message = item.split(/\\n -- |\\n\\n/)[0].replace(/\\n\\s+/g, '\\n').trim();
    const who = people[mark % people.length];
    log = name + ': ' + message.split('\\n')[0] + '\\n' + log;
    const body = Buffer.from(log);
    const path = 'notes/' + name + '.md';
    const mail = who.split(' ')[0].toLowerCase() + '@example.org';
    time += 40000 + (mark * 7919) % 90000;
    out.push('commit refs/heads/main', 'mark :' + ++mark, 'author ' + who + ' <' + mail + '> ' + time + ' +0100',
      'committer ' + who + ' <' + mail + '> ' + time + ' +0100', 'data ' + Buffer.byteLength(message), message);
    if (previous) out.push('from :' + previous);
    out.push('M 100644 inline ' + path, 'data ' + body.length, log);
    previous = mark;
  }
  log = '';
}
process.stdout.write(out.join('\\n') + '\\n');
`;

const WEB_SERVER = `
import { createServer } from 'node:http';
const levels = { debug: 20, info: 30, warn: 40 };
let id = 0;
const log = (level, fields, msg) => console.log(JSON.stringify(
  { level: levels[level], time: Date.now(), pid: process.pid, service: 'shop-api', ...fields, msg }));
const server = createServer((request, response) => {
  const started = process.hrtime.bigint();
  const url = new URL(request.url, 'http://localhost');
  const reqId = 'req-' + (++id).toString(36);
  log('debug', { reqId, headers: Object.keys(request.headers).length }, 'request received');
  let status = 200;
  if (url.pathname.includes('missing')) status = 404;
  else if (url.pathname.startsWith('/old')) status = 301;
  else if (request.method === 'POST') status = 201;
  const body = JSON.stringify({ ok: status < 400, path: url.pathname, errors: [], retryAfter: null });
  response.writeHead(status, { 'content-type': 'application/json', ...(status === 301 ? { location: '/new' } : {}) });
  response.end(body, () => {
    const ms = Number(process.hrtime.bigint() - started) / 1e6;
    log(ms > 4 ? 'warn' : 'info', { reqId, req: { method: request.method, url: request.url,
      remotePort: request.socket.remotePort }, res: { statusCode: status, bytes: body.length },
      responseTime: Math.round(ms * 100) / 100 }, ms > 4 ? 'slow request completed' : 'request completed');
    if (id % 25 === 0) log('info', { pool: { size: 10, idle: 10 - id % 7, waiting: 0, timeouts: 0 }, errors: 0 },
      'connection pool statistics');
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => log('info', { port: server.address().port }, 'listening'));
process.on('SIGTERM', () => { log('info', {}, 'shutting down, no connection refused'); server.close(); server.closeAllConnections(); });
`;

const LOAD_MAKER = `
const base = process.argv[2], count = Number(process.argv[3]);
const agents = ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1',
  'Googlebot/2.1 (+http://www.google.com/bot.html)', 'curl/7.88.1', 'python-requests/2.32.3', 'kube-probe/1.29',
  'Go-http-client/1.1', 'okhttp/4.12.0', 'Prometheus/2.42.0', 'UptimeRobot/2.0', 'Wget/1.21.3'];
const paths = ['/', '/index.html', '/static/error.js', '/static/app.6.4.css', '/docs/timeout.html', '/favicon.ico',
  '/robots.txt', '/api/orders?page=', '/api/errors/', '/api/health', '/api/users/', '/api/search?q=connection+refused&p=',
  '/missing/', '/static/missing-', '/api/missing/', '/old/', '/api/retry?attempt=', '/downloads/v3.11/', '/wp-login.php'];
for (let i = 0; i < count; i++) {
  const path = paths[(i * 7 + (i >> 4)) % paths.length];
  const full = /[=/-]$/.test(path) && path !== '/' ? path + ((i * 37) % 9973) : path;
  const lines = ['url = "' + base + full + '"', 'user-agent = "' + agents[(i * 5 + (i >> 3)) % agents.length] + '"',
    'output = "/dev/null"', 'silent'];
  if (i % 3 === 0) lines.push('referer = "https://shop.example.org/catalogue/' + i + '"');
  if (i % 11 === 0 && path.startsWith('/api')) lines.push('data = "{\\\\"retry\\\\": false}"');
  if (i % 17 === 0) lines.push('head');
  console.log((i ? 'next\\n' : '') + lines.filter((l) => !(l.startsWith('data') && i % 17 === 0)).join('\\n'));
}
`;

const PYTHON_LOG = `
import logging, random, sys
random.seed(7)
FORMATS = {
    "plain": "%(asctime)s,%(msecs)03d %(levelname)s %(name)s: %(message)s",
    "bars": "%(asctime)s | %(levelname)-8s | %(name)s:%(funcName)s:%(lineno)d - %(message)s",
    "short": "[%(levelname).1s %(asctime)s] %(message)s",
}
logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format=FORMATS[sys.argv[1]], datefmt="%Y-%m-%d %H:%M:%S")
messages = [
    ("worker.pool", "info", lambda r: f"{r.randint(2, 40)} tasks done, 0 failed, {r.randint(0, 4)} retries, queue empty"),
    ("http.client", "debug", lambda r: f"Starting new HTTP connection ({r.randint(1, 9)}): 127.0.0.1:{r.randint(8000, 9999)}"),
    ("http.client", "debug", lambda r: f'"GET /v1/items/{r.randint(1, 9999)} HTTP/1.1" {r.choice([200, 200, 204, 304])} {r.randint(20, 9000)}'),
    ("db", "info", lambda r: f"connected to postgresql 15.{r.randint(1, 9)} on port 5432 in {r.randint(2, 90)} ms (timeout 30s)"),
    ("db", "debug", lambda r: f"SELECT * FROM errors WHERE code = {r.choice([404, 500, 502])} LIMIT {r.randint(1, 99)}; -- {r.randint(0, 9)} rows"),
    ("cache", "info", lambda r: f"hit rate {r.randint(80, 99)}.{r.randint(0, 9)}%, {r.randint(100, 9999)} keys, 0 errors"),
    ("jobs.mail", "info", lambda r: f"error report for week {r.randint(1, 52)} sent to {r.randint(1, 20)} recipients"),
    ("jobs.backup", "info", lambda r: f"wrote {r.randint(1, 900)} MiB to /var/backups/db-{r.randint(1, 400)}.tar.gz, checksum ok"),
    ("scheduler", "warning", lambda r: f"job cleanup took {r.randint(11, 40)}.{r.randint(0, 9)}s, longer than usual; no timeout was reached"),
    ("config", "debug", lambda r: f"option retry_on_error={r.choice([True, False])} max_retries={r.randint(1, 9)} source=/etc/app/{r.choice(['main', 'local'])}.toml"),
    ("auth", "info", lambda r: f"user {r.randint(100, 999)} signed in from 192.0.2.{r.randint(1, 254)}, previous failed attempts: 0"),
    ("metrics", "info", lambda r: f"p50={r.randint(1, 20)}ms p99={r.randint(30, 400)}ms error_rate=0.00% timeouts=0 rss={r.randint(90, 400)}MB"),
    ("deploy", "info", lambda r: f"version 6.{r.randint(0, 9)}.{r.randint(0, 30)} is healthy, rollback not needed, exit code 0"),
    ("parser", "warning", lambda r: f"line {r.randint(1, 9000)}: unknown field 'error_count' ignored"),
]
def handle(count):
    for _ in range(count):
        name, level, text = random.choice(messages)
        getattr(logging.getLogger(name), level)(text(random))
handle(int(sys.argv[2]))
`;

const JAVA_LOG = `
import java.util.Random;
import java.util.logging.*;
public class Ledger {
  static final Random random = new Random(11);
  public static void main(String[] args) {
    System.setProperty("java.util.logging.SimpleFormatter.format", "%1$tF %1$tT.%1$tL %4$-7s [%3$s] %5$s%n");
    Logger root = Logger.getLogger("");
    root.setLevel(Level.FINE);
    for (Handler h : root.getHandlers()) h.setLevel(Level.FINE);
    String[] names = {"o.e.ledger.Server", "o.e.ledger.db.Pool", "o.e.ledger.ErrorController", "o.e.ledger.RetryPolicy"};
    for (int i = 0; i < 420; i++) {
      Logger log = Logger.getLogger(names[i % names.length]);
      int n = random.nextInt(5000);
      switch (random.nextInt(7)) {
        case 0: log.info("Started connector on port(s): " + (8000 + n % 999) + " (http) with context path ''"); break;
        case 1: log.fine("Pool stats (total=" + n % 20 + ", active=0, idle=" + n % 9 + ", waiting=0), connection timeout 30000ms"); break;
        case 2: log.info("Mapped \\"/error\\" onto handler ErrorController#error(HttpServletRequest), order " + n); break;
        case 3: log.warning("Retry policy for client " + n + " uses the default of 3 attempts"); break;
        case 4: log.info("Batch " + n + " finished: read=" + n * 3 + " written=" + n * 3 + " skipped=0 failed=0"); break;
        case 5: log.fine("ExceptionTranslator registered for java.lang.IllegalStateException, priority " + n); break;
        default: log.info("Flushed " + n + " entries in " + n % 170 + " ms, heap " + n % 90 + "% used");
      }
    }
  }
}
`;

const GO_MAIN = `package ledger

import (
	"errors"
	"fmt"
)

var ErrNotFound = errors.New("entry not found")

func Find(m map[string]int, k string) (int, error) {
	if v, ok := m[k]; ok {
		return v, nil
	}
	return 0, fmt.Errorf("find %q: %w", k, ErrNotFound)
}
`;

const POM = `<project><modelVersion>4.0.0</modelVersion>
<groupId>org.example</groupId><artifactId>ledger</artifactId><version>1.4.0</version>
<properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version>
<scope>test</scope></dependency></dependencies></project>
`;

const VITEST_SUITE = `
import { describe, expect, it } from 'vitest';
const words = ['timeout', 'connection refused', 'missing file', 'invalid JSON', 'permission', 'unknown host', 'retry'];
for (const area of ['parser', 'client', 'server', 'cache', 'cli', 'errors']) {
  describe(area + '/error handling', () => {
    for (const word of words) {
      it('reports ' + word + ' as an error', () => expect(word).toBeTruthy());
      it('does not fail on ' + word + ' when retries are left', () => expect(word.length).toBeGreaterThan(1));
      it.each([1, 2, 3])('recovers from ' + word + ' after attempt %i', (n) => expect(n).toBeLessThan(4));
    }
  });
}
`;

const CMAKE = `cmake_minimum_required(VERSION 3.16)
project(leveldb_build CXX C)
set(CMAKE_CXX_STANDARD 14)
file(GLOB SRC deps/leveldb/leveldb-*/db/*.cc deps/leveldb/leveldb-*/table/*.cc)
include(CheckIncludeFile)
include(CheckFunctionExists)
foreach(h stdio.h stdlib.h unistd.h errno.h fcntl.h pthread.h sys/epoll.h sys/inotify.h sys/mman.h malloc.h)
  string(MAKE_C_IDENTIFIER HAVE_\${h} v)
  check_include_file(\${h} \${v})
endforeach()
foreach(f fdatasync fsync mmap poll epoll_wait strerror_r getaddrinfo clock_gettime sigaction posix_fallocate)
  check_function_exists(\${f} HAVE_\${f})
endforeach()
find_package(Threads REQUIRED)
add_executable(hello hello.c)
add_executable(error_codes error_codes.c)
target_compile_options(error_codes PRIVATE -Wall -Wextra -Wconversion)
enable_testing()
foreach(i RANGE 1 40)
  add_test(NAME error_path_\${i}_does_not_fail COMMAND hello \${i})
endforeach()
`;

const HELPFUL =
  `ls cp mv rm mkdir chmod chown ln cat head tail sort uniq wc cut tr tee touch date df du dd stat sync timeout nice
nohup env id install join paste split csplit nl od base64 sha256sum seq shuf numfmt expr find xargs grep sed gawk diff cmp
patch tar gzip bzip2 xz zip unzip rsync curl wget make cmake ctest cpack gcc g++ cpp ld as ar nm objdump objcopy readelf
strip strings gdb python3 pip node npm perl cargo rustc go java javac jar psql pg_dump pg_restore pg_ctl initdb postgres
pgbench pg_basebackup createdb vacuumdb redis-server redis-cli redis-benchmark sqlite3 apt-get apt-cache dpkg dpkg-query
dpkg-deb systemctl journalctl systemd-analyze systemd-run loginctl mount umount lsblk losetup ps top free vmstat kill
pgrep sysctl ip ss jq tmux vim docker mariadb mariadb-dump mariadbd haproxy memcached mosquitto nats-server flock script
unshare nsenter setpriv taskset ionice getopt logger hexdump column less file gpg git-receive-pack msgfmt xgettext strace`
    .split(/\s+/)
    .join(' ');

const MAN_PAGES =
  `git-config.1 git-push.1 git-rebase.1 git-fetch.1 git-checkout.1 curl.1 tar.1 gcc.1 ld.1 make.1 openssl-s_client.1ssl
openssl-verify.1ssl ssh_config.5 ssh.1 apt-get.8 apt.conf.5 dpkg.1 systemd.exec.5 systemd.service.5 systemd.unit.5
journalctl.1 systemctl.1 bash.1 find.1 rsync.1 psql.1 postgres.1 wget.1 jq.1 strace.1 gdb.1 cmake.1 resolv.conf.5
proc.5 tcp.7 ip.7 socket.7 signal.7 errno.3 npm-install.1 mount.8 crontab.5 nginx.8`
    .split(/\s+/)
    .join(' ');

// ------------------------------------------------------------------------------------------- the sources

/** @type {import('./ordinary.mjs').Source[]} */
const SOURCES = [
  {
    name: 'git-log',
    limit: 1500,
    files: { 'make.mjs': COMMIT_MAKER },
    script: `
git init -q -b main repo && node make.mjs | git -C repo fast-import --quiet
cd repo && git checkout -q main
git log -25
git log --stat -n 60
git log --oneline -n 200
git log --graph --format='%h %ad %an %s' --date=iso -n 120
git shortlog -n HEAD | first 200`,
  },
  {
    name: 'git-work',
    limit: 1500,
    files: { 'make.mjs': COMMIT_MAKER },
    script: `
git init -q -b main repo && node make.mjs | git -C repo fast-import
git init --bare hub.git; cd repo; git checkout -f main
git remote add origin ../hub.git; git remote -v
git push --progress -u origin main
git clone --progress ../hub.git ../copy
git checkout -b retry-on-timeout
for f in notes/*.md; do sed -i '3,6s/^/edited: /' $f; done
git status; git diff | first 700; git diff --stat; git status -s
git commit -am 'Retry when the connection times out; no error is lost'
git push --progress origin retry-on-timeout
git checkout main; git merge --no-ff -m 'Merge branch retry-on-timeout' retry-on-timeout
echo '0 failed' > notes/errors.txt; git add notes/errors.txt; git status; git stash; git stash list; git stash pop
git commit -m 'Add notes/errors.txt'; git tag -a v6.4 -m 'Version 6.4'; git push --progress origin main --tags
cd ../copy; git fetch --progress; git pull --ff-only; git branch -avv; git log -p -n 8 | first 400
git checkout -b work; git rebase main; git show --stat HEAD; git reflog; git gc; git fsck --full; git count-objects -vH
git blame notes/errors.txt; git ls-tree -r HEAD; git describe; git config --list --local; git worktree add ../tree v6.4`,
  },
  {
    name: 'git-help',
    limit: 900,
    script: `
git --version; git help; git help -g; git help -a
for c in add commit push pull fetch clone rebase merge checkout switch log diff status stash remote branch tag reset clean grep \\
  bisect cherry-pick apply am submodule worktree gc fsck blame config; do echo "\\$ git $c -h"; git $c -h 2>&1 || true; done`,
  },
  {
    name: 'npm',
    limit: 1200,
    files: {
      'package.json': JSON.stringify({
        name: 'shop',
        version: '1.2.0',
        private: true,
        scripts: {
          test: 'node -p "0 + String.fromCharCode(32) + /failed/.source"',
          build: 'echo built in 3 s',
          'lint:errors': 'echo no errors found',
        },
      }),
    },
    script: `
npm install --no-audit --no-fund webpack webpack-cli jest eslint @eslint/js mocha express prettier
npm install --no-audit --no-fund --loglevel=verbose p-retry 2>&1
npm test; npm run; npm run build; npm run lint:errors; npm ls; npm ls --all; npm explain ms; npm prune; npm dedupe --no-audit
npm pkg get; npm pack --dry-run 2>&1; npm config ls -l | grep -vi 'auth\\|token\\|key\\|cert\\|ca =' | first 200
npm help install | first 300; for c in install ci run publish view ls exec config; do npm $c --help; done
ls node_modules | first 150
mkdir -p src test; for i in 1 2 3 4 5 6; do echo "export const retry$i = (n) => n + $i; export class TimeoutError$i extends Error {}" > src/error$i.mjs; done
for i in 1 2 3 4 5 6; do echo "import * as m$i from './error$i.mjs'; console.log(m$i);"; done > src/index.mjs
npx --no webpack -- --mode production --entry ./src/index.mjs --stats verbose
cat > test/errors.test.js <<'E'
const cases = ['timeout', 'connection refused', 'not found', 'bad gateway', 'no space left'];
describe.each(cases)('on %s', (word) => { for (let i = 0; i < 12; i++) {
  test('error ' + i + ' is reported, not thrown', () => expect(word).not.toBe(''));
  test('retry ' + i + ' does not fail', () => expect(i).toBeLessThan(20)); } });
E
npx --no jest -- --verbose --coverage 2>&1
cat > test/mocha.cjs <<'E'
describe('errors', () => { for (let i = 0; i < 60; i++) it('handles error ' + i + ' without failing', () => {}); });
E
npx --no mocha -- test/mocha.cjs; npx --no mocha -- -R tap test/mocha.cjs | first 40
echo 'import js from "@eslint/js"; export default [js.configs.recommended, {rules: {"no-unused-vars": "warn", "no-undef": "off"}}];' > eslint.config.mjs
npx --no eslint -- src; npx --no eslint -- --debug src 2>&1 | first 150; npx --no eslint -- --help; npx --no jest -- --help; npx --no webpack -- --help
npx --no prettier -- --check src || npx --no prettier -- --write src; DEBUG='express:*' node -e "
const app=require('express')(); app.get('/error',(q,s)=>s.send('none')); app.use('/api',(q,s)=>s.json([]));
const s=app.listen(0,async()=>{for(let i=0;i<30;i++)await fetch('http://127.0.0.1:'+s.address().port+(i%2?'/error':'/api/'+i));s.close();s.closeAllConnections()})"`,
  },
  {
    name: 'typescript',
    limit: 1000,
    files: {
      'tsconfig.json':
        '{"compilerOptions":{"strict":true,"target":"es2022","module":"nodenext","outDir":"dist","types":["node"],"declaration":true,"composite":true},"include":["src"]}',
      'src/errors.ts':
        "export class TimeoutError extends Error {}\nexport const failed = 0;\nexport * from './retry.js';\n",
      'src/retry.ts':
        "import { setTimeout } from 'node:timers/promises';\nexport async function retry(n: number) { await setTimeout(n); return 'no error'; }\n",
    },
    script: `
ln -s "$PROJECT/node_modules" node_modules; export PATH="$PROJECT/node_modules/.bin:$PATH"
tsc -v; tsc -b --verbose; tsc -b --verbose; tsc -p . --listEmittedFiles --extendedDiagnostics
tsc -p . --traceResolution --noEmit | first 500; tsc -p . --explainFiles --noEmit | first 300; tsc -p . --listFiles --noEmit; tsc -p . --showConfig
tsc --help; tsc --all; find dist -type f | sort | xargs cat`,
  },
  {
    name: 'vite',
    limit: 900,
    files: {
      'suite.test.mjs': VITEST_SUITE,
      'index.html': '<!doctype html><title>errors</title><script type="module" src="/main.mjs"></script>',
      'main.mjs': "import('./error-page.mjs').then((page) => page.show('0 errors'));\n",
      'error-page.mjs': 'export const show = (text) => { document.title = text; };\n',
      'biome.json': '{"linter":{"rules":{"recommended":true}}}',
    },
    script: `
ln -s "$PROJECT/node_modules" node_modules; export PATH="$PROJECT/node_modules/.bin:$PATH"
vite build; vite build --debug 2>&1 | first 250; vitest run --reporter=verbose 2>&1; vitest run --reporter=tap | first 250; vitest run --reporter=junit | first 200
biome check --formatter-enabled=false main.mjs error-page.mjs; biome --help; biome check --help; vitest --help; vite --help; vite build --help; rolldown --help
rolldown main.mjs -d out`,
  },
  {
    name: 'node',
    limit: 1300,
    files: {
      'x.test.mjs': `
import test from 'node:test';
for (const area of ['stream', 'socket', 'fs', 'url']) test(area, async (t) => {
  for (let i = 0; i < 45; i++) await t.test(area + ' error ' + i + ': rejects with ETIMEDOUT-like code and retries', () => {});
});`,
      'client.mjs': `
import http from 'node:http';
const server = http.createServer((q, s) => s.end('0 errors'));
server.listen(0, async () => {
  for (let i = 0; i < 12; i++) await fetch('http://127.0.0.1:' + server.address().port + '/errors/' + i).then((r) => r.text());
  server.close(); server.closeAllConnections();
});`,
    },
    script: `
node --test --test-reporter=spec x.test.mjs; node --test --test-reporter=tap x.test.mjs
NODE_DEBUG=http,net,timer,stream node client.mjs 2>&1; node --help; node --v8-options
node -p 'process.versions; ' ; node -p 'require("os").constants.signals'; node --trace-gc -e 'let a=[];for(let i=0;i<3e6;i++)a.push({i})' | first 120
node -p 'Object.keys(require("http").STATUS_CODES).map(c=>"HTTP/1.1 "+c+" "+require("http").STATUS_CODES[c]).join("\\n")'`,
  },
  {
    name: 'python',
    limit: 1600,
    script: `
python3 -V; cat > exclude.txt < /dev/null
python3 -m unittest -v test.test_json test.test_urlparse test.test_configparser test.test_textwrap test.test_bisect test.test_heapq test.test_difflib 2>&1
python3 -m unittest -v test.test_exceptions.ExceptionTests.testChainingAttrs test.test_contextlib test.test_shlex test.test_queue test.test_asyncio.test_queues test.test_asyncio.test_locks 2>&1
python3 -X importtime -c 'import asyncio, http.server, sqlite3' 2>&1; python3 --help; python3 -m http.server --help; python3 -m venv venv; python3 -m compileall venv/lib/*/site-packages/pip | first 250
python3 -m json.tool --help; python3 -m dis -h; python3 -m timeit -r 3 -v '"-".join(map(str, range(100)))'; python3 -m pydoc errno | first 300; python3 -m pydoc urllib.error`,
  },
  {
    name: 'pip',
    limit: 1300,
    script: `
python3 -m venv venv; . venv/bin/activate
pip install --only-binary :all: networkx pytest django flask gunicorn rich
pip list; pip show networkx django pytest flask; pip freeze; pip check; pip install --only-binary :all: networkx
pip install -v --only-binary :all: retrying tenacity 2>&1 | first 200; pip uninstall -y retrying; pip --help; pip install --help; pip config --help; pip cache dir; pip inspect | first 150
cd venv/lib/python*/site-packages/networkx; python -m pytest -v -p no:cacheprovider algorithms/tests/test_cycles.py algorithms/tests/test_dag.py algorithms/tests/test_core.py algorithms/tests/test_clique.py classes/tests/test_graph.py
python -m pytest -q --durations=5 -p no:cacheprovider algorithms/tests/test_cuts.py algorithms/tests/test_simple_paths.py; python -m pytest --help | first 250; python -m pytest --collect-only -q utils/tests | first 120`,
  },
  {
    name: 'python-web',
    limit: 1200,
    files: {
      'app.py': `
from flask import Flask
app = Flask(__name__)
@app.route("/errors/<int:n>")
def errors(n):
    app.logger.warning("error page %d asked for, nothing failed", n)
    return {"errors": 0, "n": n}
@app.route("/")
def index():
    return "ok"
`,
    },
    script: `${STOP}
. ../pip/venv/bin/activate
django-admin startproject shop; cd shop; python manage.py migrate -v 2; python manage.py check
cat > shop/tests.py <<'E'
from django.test import SimpleTestCase
class ErrorTests(SimpleTestCase): pass
def make(i): return lambda self: self.assertEqual(i, i)
for i in range(80): setattr(ErrorTests, f"test_error_{i}_is_not_a_failure", make(i))
E
python manage.py test -v 2 2>&1; python manage.py help; python manage.py help migrate; python manage.py sqlmigrate auth 0001; python manage.py showmigrations; python manage.py diffsettings | grep -v SECRET
python -u manage.py runserver --noreload 127.0.0.1:$PORT1 > ../dj.log 2>&1 & ready $PORT1
for i in $(seq 1 60); do curl -s -o /dev/null "http://127.0.0.1:$PORT1/$([ $((i % 3)) = 0 ] && echo admin/login/ || echo)?page=$i"; done
cd ..; gunicorn -w 2 -b 127.0.0.1:$PORT2 --access-logfile - --log-level debug app:app > gu.log 2>&1 & ready $PORT2
for i in $(seq 1 160); do curl -s -o /dev/null -A "client/6.4 (retry $i)" "http://127.0.0.1:$PORT2/$([ $((i % 2)) = 0 ] && echo errors/$i || echo "?q=timeout+$i")"; done
python3 -u -m http.server -b 127.0.0.1 $PORT3 > hs.log 2>&1 & ready $PORT3
for i in $(seq 1 60); do curl -s -o /dev/null "http://127.0.0.1:$PORT3/app.py?error=$i"; done
stop; sleep 1; cat dj.log gu.log hs.log`,
  },
  {
    name: 'cargo',
    limit: 1000,
    script: `
cargo init -v --vcs none --name ledger app; cd app; cargo add semver itoa anyhow base64 memchr 2>&1
printf 'fn unused() {}\\nfn main() { let retries = 3; println!("0 errors"); }\\n#[cfg(test)] mod tests { #[test] fn error_is_reported() {} #[test] fn does_not_fail() {} }\\n' > src/main.rs
cargo build -v 2>&1 | cut -c1-400; cargo build 2>&1; cargo run; cargo test 2>&1; cargo tree; cargo metadata --format-version 1 --no-deps | cut -c1-400; cat Cargo.lock
cargo --list; for c in build test run add install; do cargo $c --help; done; rustc --help -v; rustup show; rustc --print target-list`,
  },
  {
    name: 'go',
    limit: 1500,
    files: {
      'ledger.go': GO_MAIN,
      'ledger_test.go': `package ledger

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrors(t *testing.T) {
	for i := 0; i < 80; i++ {
		t.Run(fmt.Sprintf("not_found_error_%d", i), func(t *testing.T) {
			if _, err := Find(nil, "x"); !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
			t.Logf("attempt %d: got the expected error, 0 failed", i)
		})
	}
}
`,
    },
    script: `
go mod init example.org/ledger 2>&1; go build -v ./... 2>&1; go vet -v ./... 2>&1; go test -v ./... 2>&1; go test -cover -bench . ./... ; go test -json ./... | first 60
go test -v errors net/url context 2>&1; go list -f '{{.ImportPath}}: {{.Doc}}' std; go build -x -a errors 2>&1 | cut -c1-300 | first 60
go help; for c in build test mod get vet modules testflag environment; do go help $c; done; go doc -all errors; go doc -all context; go doc net.OpError; go doc net/http Transport; go version; go tool`,
  },
  {
    name: 'maven',
    limit: 500,
    files: {
      'pom.xml': POM,
      'src/main/java/org/example/Retry.java':
        'package org.example; public class Retry { public static int attempts() { return 3; } }',
      'src/test/java/org/example/ErrorTest.java':
        'package org.example; import org.junit.*; public class ErrorTest { @Test public void failsFast() { Assert.assertEquals(3, Retry.attempts()); } }',
    },
    script: `mvn -B -Dmaven.repo.local="$WORK/m2" package 2>&1; mvn -B -o -Dmaven.repo.local="$WORK/m2" test 2>&1; mvn --help; mvn -version`,
  },
  {
    name: 'java',
    limit: 1100,
    files: { 'Ledger.java': JAVA_LOG },
    script: `
javac -verbose Ledger.java 2>&1 | cut -c1-300 | first 250; java Ledger 2>&1; java -Xlog:gc*,safepoint,os*=info -Xmx64m Ledger 2>/dev/null | grep '^\\[' | first 150
java -Xlog:class+load -version 2>&1 | first 200; java -version 2>&1; java -XX:+PrintFlagsFinal -version 2>/dev/null | first 350; javac --help; jar --help; java --list-modules; javap -v java.lang.Error | first 150`,
  },
  {
    name: 'c-build',
    limit: 1700,
    files: {
      'build/CMakeLists.txt': CMAKE,
      'build/hello.c':
        '#include <stdio.h>\nint main(int argc, char **argv) { printf("error count: 0, run %s\\n", argc > 1 ? argv[1] : "-"); return 0; }\n',
      'build/error_codes.c':
        '#include <errno.h>\n#include <stdio.h>\n#include <string.h>\nint main(void) { short n = 0; for (int i = 1; i < 30; i++) { n = n + strlen(strerror(i)); } printf("%ld\\n", n); int unused; return 0; }\n',
    },
    script: `
npm pack --silent better-sqlite3@11.3.0 leveldown@6.1.1; for t in *.tgz; do tar -xzvf $t | first 120; done
cmake -S build -B out -DCMAKE_VERBOSE_MAKEFILE=ON; cmake --build out -j2 2>&1; cd out; ctest; ctest -V | first 200; ctest -N; cd ..
rm -rf pkg; mkdir pkg; tar -xzf leveldown*.tgz -C pkg; cd pkg/package/deps/leveldb/leveldb-*/
printf 'CXXFLAGS=-std=c++14 -O0 -Wall -Wextra -Wconversion -Wshadow -Iinclude -I. -DOS_LINUX -DLEVELDB_PLATFORM_POSIX -I../port-libuv\\nOBJ=$(patsubst %%.cc,%%.o,$(wildcard table/*.cc util/coding.cc util/crc32c.cc util/hash.cc util/status.cc util/arena.cc util/bloom.cc))\\nliberrors.a: $(OBJ)\\n\\tar rcsv $@ $^\\n' > GNUmakefile
make -j2 -k 2>&1 | cut -c1-300 || true; make --version; make -n -B 2>&1 | first 30; make -p -f /dev/null 2>/dev/null | first 250 || true; cd "$SOURCE"
gcc -v -x c -E /dev/null 2>&1; gcc --help=warnings | first 220; gcc --help=optimizers | first 120; ld --verbose | first 150; readelf -aW out/hello; objdump -d out/error_codes | first 200; nm out/hello; ldd out/hello; gcc -dumpspecs | first 60`,
  },
  {
    name: 'nginx',
    limit: 1500,
    files: { 'server.mjs': WEB_SERVER, 'load.mjs': LOAD_MAKER },
    script: `${STOP}
mkdir -p "$OUT" html/static html/docs; for f in index.html static/error.js static/app.6.4.css docs/timeout.html favicon.ico robots.txt; do echo "no error here" > html/$f; done
cat > nginx.conf <<E
worker_processes 2; pid $PWD/nginx.pid; error_log $OUT/error info; daemon off;
events { worker_connections 256; }
http { access_log $OUT/access combined; log_format timed '\\$remote_addr [\\$time_iso8601] "\\$request" \\$status \\$body_bytes_sent rt=\\$request_time uct="\\$upstream_connect_time" urt="\\$upstream_response_time" cs=\\$upstream_cache_status';
client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
upstream api { server 127.0.0.1:$PORT2; keepalive 4; }
server { listen 127.0.0.1:$PORT1; root $PWD/html; location /api/ { proxy_pass http://api; access_log $OUT/timed timed; } location /old/ { proxy_pass http://api; } location /downloads/ { return 204; } } }
E
nginx -V 2>&1; nginx -h 2>&1; nginx -t -c $PWD/nginx.conf -e $OUT/error 2>&1
node server.mjs $PORT2 > "$OUT/json" & ready $PORT2; nginx -c $PWD/nginx.conf -e $OUT/error & ready $PORT1
node load.mjs http://127.0.0.1:$PORT1 1500 > load.curl; curl -K load.curl
nginx -s reload -c $PWD/nginx.conf -e $OUT/error; sleep 1; curl -s http://127.0.0.1:$PORT1/api/health; curl -sv http://127.0.0.1:$PORT1/static/error.js 2>&1
nginx -s quit -c $PWD/nginx.conf -e $OUT/error; sleep 1; stop; wait || true`,
  },
  {
    name: 'apache',
    limit: 400,
    files: { 'load.mjs': LOAD_MAKER },
    script: `${STOP}
mkdir -p "$OUT" html/static html/docs; for f in index.html static/error.js docs/timeout.html; do echo "no error here" > html/$f; done
M="$ROOT/usr/lib/apache2/modules"; cat > a.conf <<E
ServerRoot $PWD
ServerName localhost
Listen 127.0.0.1:$PORT1
PidFile $PWD/a.pid
User nobody
Group nogroup
$(for m in mpm_event authz_core alias dir mime status autoindex; do [ -f $M/mod_$m.so ] && echo LoadModule ''$m'_module' $M/mod_$m.so; done)
LogLevel debug
ErrorLog $OUT/error
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\" %D" full
CustomLog $OUT/access full
TypesConfig /etc/mime.types
DocumentRoot $PWD/html
E
apache2 -v; apache2 -l; apache2 -t -f $PWD/a.conf 2>&1; apache2 -M -f $PWD/a.conf; apache2 -X -f $PWD/a.conf & ready $PORT1
node load.mjs http://127.0.0.1:$PORT1 400 > load.curl; curl -K load.curl; kill $(cat a.pid); wait || true`,
  },
  {
    name: 'haproxy',
    limit: 600,
    files: { 'server.mjs': WEB_SERVER, 'load.mjs': LOAD_MAKER },
    script: `${STOP}
cat > h.cfg <<E
global
  log stdout format raw local0 debug
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend shop
  bind 127.0.0.1:$PORT1
  default_backend api
backend api
  option httpchk GET /api/health
  server api1 127.0.0.1:$PORT2 check inter 500ms
E
haproxy -vv; haproxy -c -V -f h.cfg 2>&1; node server.mjs $PORT2 > app.json & ready $PORT2
haproxy -f h.cfg > h.log 2>&1 & hp=$!; ready $PORT1; node load.mjs http://127.0.0.1:$PORT1 420 > load.curl; curl -K load.curl; kill -USR1 $hp; sleep 1; cat h.log`,
  },
  {
    name: 'postgres',
    limit: 1800,
    script: `${STOP}${AS_NOBODY}
B="$ROOT/usr/lib/postgresql/15/bin"; P="$PWD"; cd /; $as $B/initdb -D $P/data -U postgres -A trust --locale=C.UTF-8; mkdir -p "$OUT"
$as $B/postgres -D $P/data -k $P -p $PORT1 -c listen_addresses=127.0.0.1 -c log_connections=on -c log_disconnections=on -c log_statement=all -c log_duration=on -c log_checkpoints=on \\
  -c log_autovacuum_min_duration=0 -c autovacuum_naptime=1 -c log_temp_files=0 -c log_lock_waits=on -c log_line_prefix='%m [%p] %q%u@%d %a ' -c log_min_messages=info 2> $P/server.log & pg=$!
ready $PORT1; sleep 1; export PGHOST=127.0.0.1 PGPORT=$PORT1 PGUSER=postgres; $B/createdb shop; $B/pgbench -i -s 1 shop 2>&1; $B/pgbench -c 2 -t 40 -P 1 shop 2>&1; $B/pgbench -S -c 2 -t 20 -r shop
$B/psql -a -e shop <<'E'
create table errors (id serial primary key, code int not null, message text, at timestamptz default now());
insert into errors (code, message) select 400 + n % 100, 'timeout after ' || n || ' ms' from generate_series(1, 4000) n;
create index on errors (code); analyze verbose errors; vacuum verbose errors; checkpoint;
select code, count(*) from errors group by code order by code; select * from errors limit 120;
explain analyze select * from errors where code = 404; explain (analyze, buffers, verbose) select e.code, max(a.bid) from errors e join pgbench_accounts a on a.aid = e.id group by 1 order by 1;
\\d errors
\\d pgbench_accounts
\\l
\\dt+
\\dn
\\du
\\?
\\h
select name, setting, short_desc from pg_settings;
update errors set message = 'retried' where code = 404; delete from errors where code = 500; begin; drop table errors; rollback; checkpoint;
E
$B/pg_dump shop | first 200; $B/pg_isready; $B/vacuumdb -a -v 2>&1 | first 100; $B/pg_controldata $P/data 2>&1 || $as $B/pg_controldata $P/data; kill -INT $pg; wait $pg || true; cp $P/server.log "$OUT/server"`,
  },
  {
    name: 'mariadb',
    limit: 900,
    script: `${STOP}${AS_NOBODY}
P=$PWD; $as mariadb-install-db --no-defaults --basedir="$ROOT/usr" --datadir=$P/data --auth-root-authentication-method=normal --skip-test-db 2>&1 | grep -v '^$'; mkdir -p "$OUT"
$as mariadbd --no-defaults --basedir="$ROOT/usr" --lc-messages-dir="$ROOT/usr/share/mysql" --datadir=$P/data --socket=$P/s --pid-file=$P/p --port=$PORT1 --bind-address=127.0.0.1 --general-log=1 --general-log-file=$P/general.log --log-warnings=3 --plugin-dir="$ROOT/usr/lib/mysql/plugin" 2> $P/server.log & ready $PORT1
mariadb --no-defaults -h 127.0.0.1 -P $PORT1 -u root -t -vvv <<'E'
create database shop; use shop; create table errors (id int primary key auto_increment, code int, message varchar(80), key (code));
insert into errors (code, message) values (404, 'not found'), (500, 'timeout'), (502, 'retry'); select * from errors; show create table errors; explain select * from errors where code = 404;
show variables; show status; show engines; show processlist; show collation; help contents; select version(), now(); update errors set message = 'fixed' where code = 500;
E
mariadb-dump --no-defaults -h 127.0.0.1 -P $PORT1 -u root shop; mariadb-admin --no-defaults -h 127.0.0.1 -P $PORT1 -u root status extended-status | first 200; mariadb-admin --no-defaults -h 127.0.0.1 -P $PORT1 -u root shutdown; sleep 2; cp server.log "$OUT/server"; cp general.log "$OUT/general"`,
  },
  {
    name: 'redis',
    limit: 900,
    script: `${STOP}
redis-server --port $PORT1 --bind 127.0.0.1 --loglevel debug --save '2 1' --appendonly yes --dir $PWD > r.log 2>&1 & ready $PORT1; c="redis-cli -p $PORT1"
$c monitor > m.log & redis-benchmark -p $PORT1 -n 300 -c 4 -t set,get,incr,lpush 2>&1 | tr '\\r' '\\n'; for i in $(seq 1 60); do $c set error:$i "timeout $i" > /dev/null; $c get error:$i; done
$c info all; $c config get '*' | grep -v pass; $c client list; $c memory doctor; $c --bigkeys | tr '\\r' '\\n'; $c command docs get set; $c bgsave; sleep 3; $c slowlog get; $c latency doctor; $c shutdown; sleep 1; cat r.log; head -300 m.log`,
  },
  {
    name: 'brokers',
    limit: 500,
    script: `${STOP}
nats-server -a 127.0.0.1 -p $PORT1 -DV -js -sd $PWD/js > n.log 2>&1 & ready $PORT1; memcached -u nobody -l 127.0.0.1 -p $PORT2 -vv > mc.log 2>&1 & ready $PORT2
printf 'listener %s 127.0.0.1\\nallow_anonymous true\\nlog_type all\\n' $PORT3 > mq.conf; mosquitto -v -c mq.conf > mq.log 2>&1 & ready $PORT3
for i in $(seq 1 30); do exec 3<>/dev/tcp/127.0.0.1/$PORT1; printf 'CONNECT {"verbose":true,"name":"errors-%d"}\\r\\nSUB errors.> %d\\r\\nPUB errors.x 7\\r\\ntimeout\\r\\nPING\\r\\n' $i $i >&3; sleep 0.02; exec 3>&-; done
for i in $(seq 1 60); do exec 3<>/dev/tcp/127.0.0.1/$PORT2; printf 'set error:%d 0 60 7\\r\\ntimeout\\r\\nget error:%d\\r\\nstats\\r\\nquit\\r\\n' $i $i >&3; cat <&3 | tr -d '\\r' > last; exec 3>&-; done
cat last; stop; sleep 1; cat n.log mc.log mq.log`,
  },
  {
    name: 'sqlite',
    limit: 500,
    script: `
sqlite3 shop.db <<'E'
.echo on
create table errors (id integer primary key, code int not null, message text); create index codes on errors (code);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 120) insert into errors select i, 400 + i % 100, 'timeout after ' || i * 10 || ' ms' from n;
.mode box
select * from errors limit 40;
.mode markdown
select code, count(*) as failed from errors group by code;
explain query plan select * from errors where code = 404; explain select count(*) from errors; pragma integrity_check; pragma compile_options;
.schema
.dump
.help
.stats on
select sum(code) from errors;
E`,
  },
  {
    name: 'tls',
    limit: 900,
    script: `${STOP}
openssl version -a; openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/O=Example/CN=Example Root' 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj '/CN=localhost' 2>/dev/null; printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > ext
openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -days 20 -extfile ext -out s.pem 2>&1; openssl verify -CAfile ca.pem s.pem; openssl x509 -in s.pem -noout -text; openssl req -in s.csr -noout -text
openssl s_server -accept 127.0.0.1:$PORT1 -key s.key -cert s.pem -www > ss.log 2>&1 & ready $PORT1
for v in 2 3; do openssl s_client -connect 127.0.0.1:$PORT1 -servername localhost -CAfile ca.pem -tls1_$v -trace < /dev/null 2>&1 | first 300; openssl s_client -connect 127.0.0.1:$PORT1 -CAfile ca.pem -verify_return_error -tls1_$v -state < /dev/null 2>&1; done
for i in 1 2 3 4 5; do curl -v --no-progress-meter --cacert ca.pem https://localhost:$PORT1/?error=$i 2>&1 | first 80; done; curl -s --cacert ca.pem -o /dev/null -w '%{json}' https://localhost:$PORT1/ | tr ',' '\\n'; echo
openssl ciphers -v ALL; openssl list -commands -digest-algorithms -cipher-algorithms; for c in s_client x509 req verify ciphers; do openssl $c -help 2>&1; done; openssl errstr 0A000000 || true
ssh -V 2>&1; ssh -G example.org; ssh-keygen -t ed25519 -N '' -C dev@example.org -f k; ssh-keygen -lvf k.pub; curl --help all; curl -V; ss.log 2>/dev/null || true`,
  },
  {
    name: 'apt',
    limit: 1500,
    script: `
apt-get -s upgrade; apt-get -s install nginx postgresql redis-server 2>&1; apt-cache policy git curl nginx openssl; apt-cache show git curl openssl nginx postgresql-15 redis-server gcc-12 python3.11 error liberror-perl 2>/dev/null || true
apt-cache depends git; apt-cache rdepends curl | first 200; apt-cache search error | first 200; apt-cache search timeout; apt-cache stats; apt list --installed 2>/dev/null | first 250; apt-config dump | grep -vi 'proxy\\|://' | first 250; apt-mark showmanual | first 100`,
  },
  {
    name: 'dpkg',
    limit: 1500,
    script: `
dpkg -l; dpkg -L git | first 250; dpkg -s bash curl git openssl; dpkg-query -W -f '\${Package} \${Version} \${Installed-Size}\\n' | first 250; dpkg --version; dpkg -S /bin/bash /usr/bin/git; dpkg-architecture 2>/dev/null || true`,
  },
  {
    name: 'dpkg-log',
    limit: 700,
    script: `head -2500 /var/log/dpkg.log | awk 'NR % 3 == 0'; head -300 /var/log/alternatives.log`,
  },
  {
    name: 'apt-term',
    limit: 900,
    script: `cat /var/log/apt/term.log | tr '\\r' '\\n' | sed 's/^.*\\x1b.*$//' | first 3000`,
  },
  { name: 'dmesg', limit: 330, script: `dmesg | grep -viE 'sandbox|Linux version|Command line:'` },
  { name: 'journal', limit: 600, script: `journalctl -n 3000 --no-pager -q | grep .` },
  {
    name: 'processes',
    limit: 500,
    script: `
sleep 7 & sleep 8 & ps -o pid,ppid,user,stat,pri,ni,vsz,rss,etime,time,args -p $$,$!; ps -o pid,comm,wchan -p $$; cat /proc/self/status /proc/self/limits /proc/meminfo /proc/vmstat; cat /proc/cpuinfo | first 28
df -h /usr /tmp; df -i /usr; free -m; vmstat 1 3; du -h --max-depth=2 /usr/lib 2>/dev/null | first 200; uptime; kill -l; ulimit -a; trap -l; date; locale; getconf -a | first 120; ss -s; stat /usr/bin/git /etc/passwd; id; lscpu | grep -v -i vendor`,
  },
  {
    name: 'files',
    limit: 1600,
    script: `
ls -lR /usr/share/perl | first 300; ls -laR /etc/apt /etc/ssl | first 250; find /usr/include -name '*err*' -o -name '*fail*' -o -name '*time*' | sort | first 250; find /usr/lib -name '*error*' | sort | first 300; find /usr/share/git-core /usr/share/bash-completion -ls | first 250
tree -a /usr/share/git-core 2>/dev/null || true; file /usr/bin/* | first 200; md5sum /usr/share/doc/git/RelNotes/2.3* | first 60; wc -l /usr/include/*.h | first 120; ls /usr/share/doc | first 250; ls -l --time-style=full-iso /usr/bin | first 250`,
  },
  {
    name: 'environment',
    limit: 200,
    script: `env -i HOME=/home/dev PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 TERM=xterm-256color SHELL=/bin/bash bash --norc -c 'env; set; shopt; set -o; bind -P 2>/dev/null; alias; declare -p' | grep -v BASH_EXECUTION_STRING; bash --version; bash -c help; bash -c 'help test set read trap cd export ulimit'`,
  },
  {
    name: 'archives',
    limit: 900,
    script: `
tar -cvf doc.tar -C /usr/share/doc git curl bash apt gzip tar 2>&1 | first 350; tar -tvf doc.tar | first 350; mkdir to; rsync -av --stats /usr/share/doc/git/ to/; rsync -aviP --dry-run --delete /usr/share/doc/bash/ to/ | first 200
zip -r doc.zip to | first 150; unzip -l doc.zip | first 150; unzip -t doc.zip | tail -100; gzip -kv to/README.md; gzip -l to/*.gz; xz -kv doc.tar 2>&1; xz -l doc.tar.xz; cp -rv to to2 | first 100; rm -rv to2 | first 100; gzip -9 -c doc.tar | wc -c`,
  },
  {
    name: 'help',
    limit: 2600,
    script: `for p in ${HELPFUL}; do t=$(timeout 10 $p --help 2>&1 < /dev/null) && printf '$ %s --help\\n%s\\n' $p "$t" || true; done`,
  },
  {
    name: 'kubectl',
    limit: 600,
    script: `kubectl --help; for c in get logs apply describe rollout debug events wait; do kubectl $c --help; done; kubectl options; kubectl version --client`,
  },
  {
    name: 'terraform',
    limit: 500,
    files: {
      'main.tf':
        'variable "retries" { default = 3 }\nresource "terraform_data" "error_page" {\n  count = 12\n  input = "no error"\n}\noutput "failed" { value = 0 }\n',
    },
    script: `terraform init -no-color; terraform validate -no-color; terraform plan -no-color -out p; terraform apply -no-color p; terraform show -no-color; terraform state list; terraform destroy -no-color -auto-approve; terraform -help; for c in plan apply init state; do terraform $c -help; done || true`,
  },
  {
    name: 'docker',
    limit: 400,
    script: `docker --help; for c in run build compose logs ps exec inspect; do docker $c --help; done`,
  },
  {
    name: 'man',
    limit: 3300,
    script: `export MANWIDTH=96 MANROFFOPT=-c; for p in ${MAN_PAGES}; do f=$(ls /usr/share/man/man*/$p.gz "$ROOT"/usr/share/man/man*/$p.gz 2>/dev/null | first 1) || true; [ -n "$f" ] && man -l $f 2>/dev/null | col -bx | sed 's/^ *//' | awk 'NR > 8' | first 700 || true; done`,
  },
  {
    name: 'changelogs',
    limit: 3000,
    script: `
for p in git curl openssl apt dpkg systemd bash postgresql-15 postgresql-common python3.11 gcc-12 binutils glibc libc6 util-linux openssh-client nodejs sqlite3 gnupg tar make cmake perl vim less file strace jq; do for f in /usr/share/doc/$p/changelog.Debian.gz /usr/share/doc/$p/changelog.gz /usr/share/doc/$p/NEWS.gz; do [ -f $f ] && zcat $f | first 220 || true; done; done
zcat -f "$ROOT"/usr/share/doc/{nginx-common,apache2,haproxy,redis-server,mariadb-server,rsync,chromium}/changelog*gz "$ROOT"/usr/share/doc/*/NEWS* 2>/dev/null | first 1600 || true`,
  },
  {
    name: 'release-notes',
    limit: 2200,
    script: `cat $(ls /usr/share/doc/git/RelNotes/2.[123]*.txt* | sort -V | awk 'NR % 4 == 1') | first 5000`,
  },
  {
    name: 'readmes',
    limit: 2600,
    script: `
for f in $(ls /usr/share/doc/*/README* /usr/share/doc/*/FAQ* /usr/share/doc/*/*.txt /usr/share/doc/*/BUGS* /usr/share/doc/*/TODO* | sort); do zcat -f $f | first 70; done
for f in "$PROJECT"/node_modules/{vitest,vite,zod,commander,ajv,fast-check,re2js,picomatch,tinyglobby,chai,typescript,magic-string}/{README,CHANGELOG}.md; do [ -f $f ] && head -150 $f || true; done`,
  },
  { name: 'licences', limit: 900, script: `cat /usr/share/common-licenses/{GPL-2,GPL-3,Apache-2.0,MPL-2.0}` },
  {
    name: 'grep',
    limit: 2600,
    script: `
cd /usr/share/doc; zgrep -iE 'error|fail|timeout|refused|denied|not found' */README* */NEWS* */changelog.Debian.gz 2>/dev/null | cut -c1-300 | awk 'NR % 9 == 0' | first 2500
cd /usr/include; grep -rnE 'ERR|FAIL|TIMEOUT' --include='*.h' . | first 4000 | awk 'NR % 9 == 0'; cd "$PROJECT/node_modules"; grep -rnE 'Error\\(|failed|timeout' --include='*.d.ts' . | cut -c1-250 | sort | first 3000 | awk 'NR % 7 == 0'`,
  },
  {
    name: 'source-diff',
    limit: 1300,
    script: `
mkdir a b; for v in a:4.18.2 b:5.1.0; do npm pack --silent express@\${v#*:} > /dev/null; tar -xzf express-\${v#*:}.tgz -C \${v%%:*}; done; git diff --no-index --stat a b || true; git diff --no-index a b | first 1500 || true; diff -ru a/package/lib b/package/lib | first 600 || true
npm pack --silent axios@1.6.0 axios@1.7.0 > /dev/null; mkdir c d; tar -xzf axios-1.6.0.tgz -C c; tar -xzf axios-1.7.0.tgz -C d; git diff --no-index --word-diff c/package/lib d/package/lib | first 800 || true; cat d/package/CHANGELOG.md | first 400`,
  },
  {
    name: 'python-log',
    limit: 1300,
    files: { 'log.py': PYTHON_LOG },
    script: `for f in plain bars short; do python3 log.py $f 420; done`,
  },
  {
    name: 'chinese',
    limit: 2600,
    script: `
export LANGUAGE=zh_CN LC_ALL=C.UTF-8; for p in ls cp mv rm mkdir chmod chown ln cat head tail sort uniq wc cut tr tee touch date df du dd stat timeout nice install join split od seq tar grep sed find xargs diff make gawk wget ld objdump readelf gcc apt-get dpkg dpkg-query psql pg_ctl git-receive-pack gpg patch gdb mount lsblk; do t=$($p --help 2>&1 < /dev/null) && printf '$ %s --help\\n%s\\n' $p "$t" || true; done
bash -c help; bash -c 'help test set read trap cd export ulimit printf wait'; git init r; cd r; git config user.name 林; git config user.email lin@example.org; for i in $(seq 1 20); do echo "超时 $i" > 错误$i.txt; git add .; git status; git commit -m "修复错误 $i：连接超时后重试"; done; git log --stat | first 120
git checkout -b 重试; git mv 错误1.txt 完成.txt; git status; git commit -m 更名; git checkout master 2>/dev/null || git checkout main; git merge 重试; git branch -vv; git stash list; for c in add commit push pull fetch clone rebase merge log diff; do git $c -h 2>&1 || true; done
apt-get -s upgrade | first 150; apt-get -s install nginx; apt-cache policy git; apt --help; dpkg -l | first 5; ls -l /usr | head; wc -l *.txt; df -h /usr; stat 完成.txt; tar -cvvf ../x.tar . 2>&1 | first 40
export MANWIDTH=80; for f in "$ROOT"/usr/share/man/zh_CN/man{1,5,7,8}/*.gz; do case $f in *ls.1*|*bash*|*tar.1*|*ip.7*|*signal*|*tcp*|*crontab*|*grep*|*curl*|*proc*|*ssh*|*find*) man -l $f 2>/dev/null | col -bx | sed 's/^ *//' | first 200 || true;; esac; done`,
  },
  {
    name: 'languages',
    limit: 900,
    script: `for l in de fr es ja pt_BR ru; do export LANGUAGE=$l LC_ALL=C.UTF-8; for p in ls tar make grep find dpkg apt-get wget; do $p --help 2>&1 < /dev/null | first 60 || true; done; git init -q $l 2>/dev/null; (cd $l; git status; git commit --allow-empty -m x; git branch -vv; git push -h 2>&1 | first 20 || true); done`,
  },
];

// ------------------------------------------------------------------------------------------- what is cut

/** The very messages of failures (also where a document quotes them): no ordinary output. */
const FAILURES = [
  /SSL_do_handshake\(\) failed|alert handshake failure|dubious ownership|Peer authentication failed/i,
  /EADDRINUSE|ERESOLVE|TS2307|bad interpreter|safe\.directory/i,
  /\b(?:EACCES|ENOENT|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EMFILE|ENOSPC|EINTEGRITY|EBADENGINE|ENOTEMPTY|ETARGET|EJSONPARSE): /,
  /\bERR_(?:MODULE_NOT_FOUND|REQUIRE_ESM|OSSL_EVP_UNSUPPORTED|UNKNOWN_FILE_EXTENSION|DLOPEN_FAILED|PACKAGE_PATH_NOT_EXPORTED)\b/,
  /\berror TS\d+:|\berror\[E0\d+\]|^npm (?:error|ERR!)|^E: |^fatal: |^dpkg: error|^Traceback \(most recent|\bFATAL: /,
  /: (?:fatal )?error: |: undefined reference to|: No such file or directory$|: [Cc]ommand not found|: cannot execute binary/,
  /^(?:java\.\S+|\w+(?:\.\w+)*)?(?:Exception|Error): |^ERROR[: ]|^\[ERROR\]|^Exception in thread|^Caused by: |^panic: |^Segmentation fault/,
  /Cannot find module|is not recognized as|You have unmet dependencies|unmet dependency|Could not get lock|externally-managed-environment/i,
  /not a git repository|non-fast-forward|refusing to merge unrelated|did not match any file|would be overwritten by|Permission denied \(publickey/,
  /database is locked|too many clients|password authentication failed|deadlock detected|self[- ]signed certificate in|unable to get local issuer/,
  /EBADENGINE|Unsupported engine|: Permission denied$|^(?:致命错误|错误)：|^E：/,
  /Connection refused$|error while loading shared libraries|^curl: \(\d+\)|Broken pipe$|No space left on device$/,
];

/** The text with every source's limit scaled alike. @param {import('./ordinary.mjs').Cleaned[]} cleaned @param {number} scale */
function packWithin(cleaned, scale) {
  const parts = cleaned.map(({ fresh, limit }) => spread(fresh, Math.floor(limit * scale)));
  const text = `${parts.flat().join('\n')}\n`;
  const sources = cleaned.map(({ name, command, printed, cut }, index) => {
    return { name, command, printed, kept: parts[index]?.length ?? 0, cut };
  });
  return { text, packed: gzipSync(text, { level: 9 }), sources };
}

async function main() {
  const began = Date.now();
  const option = process.argv.indexOf('--only');
  const only = option < 0 ? undefined : new Set(process.argv[option + 1]?.split(','));
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  const chosen = SOURCES.filter(({ name }) => !only || only.has(name));
  const { texts, notRun, cleaner, work } = await runSources(chosen, { tools: TOOLS, say });
  const cleaned = cleaner.clean(texts, { unwanted: FAILURES });
  let scale = 1;
  let fitted = packWithin(cleaned, scale);
  while (fitted.packed.length > MAX_PACKED) {
    scale *= 0.97;
    fitted = packWithin(cleaned, scale);
  }
  const { text, packed, sources } = fitted;
  const summary = {
    made_by: 'node scripts/background.mjs',
    date: new Date().toISOString().slice(0, 10),
    lines: text.split('\n').length - 1,
    bytes: Buffer.byteLength(text),
    gzip_bytes: packed.length,
    sha256: createHash('sha256').update(text).digest('hex'),
    left_out: `lines that are empty, longer than ${MAX_LINE} characters, unprintable, repeated, beyond the source's limit, that may hold a secret, tell about the machine, or hold the message of a known failure`,
    replaced: 'package hosts by packages.example.org; the work folder and the home folder by /home/dev',
    not_run: notRun,
    sources,
  };
  const folder = only ? work : join(PROJECT, 'data');
  await mkdir(folder, { recursive: true });
  await replaceFile(join(folder, 'background.txt.gz'), packed);
  await replaceFile(join(folder, 'background.json'), `${JSON.stringify(summary, null, 2)}\n`);
  for (const { name, kept, printed } of sources)
    say(`${String(kept).padStart(6)} of ${printed} lines: ${name}`);
  for (const { name, reason } of notRun) say(`not run: ${name}: ${reason}`);
  say(
    `${summary.lines} lines, ${summary.bytes} bytes, ${packed.length} packed, ${Math.round((Date.now() - began) / 1000)} s: ${folder}`,
  );
  if (!only && !process.argv.includes('--keep')) await rm(work, { recursive: true, force: true });
}

await main();
