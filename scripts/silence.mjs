/**
 * Makes `data/silence/`: healthy output of real programs, on which the whole book must say `none`, file by file and line
 * by line (`test/silence.test.ts`). One `.gz` per kind, and `manifest.json`: kind, command, versions, lines.
 *
 *   node scripts/silence.mjs [--only KIND,KIND] [--keep]
 *
 * With `--only` the other kinds stay as they are. Every run ends well, so no line reports a failure; but failures are spoken
 * of everywhere (tests that provoke them, manuals that list them, traces of probes, debug logs of servers), and nothing is
 * cut because of what it says. Colours stay. Lines are left out when they are empty, longer than 500 characters, not
 * printable, said before by another kind or by the background corpus (what rarity was measured on proves nothing), beyond
 * the limit of their kind, could hold a secret, or tell about this machine.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { AS_NOBODY, PROJECT, replaceFile, runSources, STOP, spread } from './ordinary.mjs';

const FOLDER = join(PROJECT, 'data', 'silence');
const MANIFEST = join(FOLDER, 'manifest.json');
/** Lines of one kind: no kind is more than a few hundredths of the whole. */
const LIMIT = 2_400;
const TOOLS = [
  'apache2',
  'apache2-utils',
  'bats',
  'caddy',
  'composer',
  'debian-faq',
  'debian-policy',
  'debian-reference-zh-cn',
  'docker-registry',
  'etcd-client',
  'etcd-server',
  'ffmpeg',
  'fortunes',
  'fortunes-zh',
  'gdb',
  'haproxy',
  'jargon-text',
  'locales',
  'lua5.4',
  'manpages',
  'manpages-dev',
  'manpages-zh',
  'mariadb-server',
  'meson',
  'nginx',
  'ninja-build',
  'perl-doc',
  'phpunit',
  'php8.2-cli',
  'postgresql-15',
  'postgresql-client-15',
  'prometheus',
  'prometheus-node-exporter',
  'redis-server',
  'ruby',
  'ruby-rspec',
  'shellcheck',
  'strace',
  'sysstat',
  'unbound',
  'valgrind',
].map((name) => `debian:${name}`);

// ------------------------------------------------------------------------------------ the programs' files

/** Answers with what the path asks for, and logs as JSON. */
const FASTIFY = `
const app = require('fastify')({ logger: { level: 'trace' } });
app.addHook('onRequest', async (request) => request.log.debug({ headers: request.headers }, 'headers'));
app.get('/', async () => ({ ok: true }));
app.get('/errors/:code', async (request, reply) => reply.code(Number(request.params.code)).send({ error: null }));
app.post('/orders', async (request, reply) => {
  request.log.info({ order: request.body, attempt: 1, failed: 0 }, 'order stored, no retry needed');
  return reply.code(201).send(request.body);
});
app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
process.on('SIGTERM', () => app.close());
`;

const EXPRESS = `
const express = require('express'), morgan = require('morgan'), winston = require('winston');
const log = winston.createLogger({ level: 'debug', transports: [new winston.transports.Console({ format:
  winston.format.combine(winston.format.timestamp(), winston.format.printf((i) => i.timestamp + ' ' + i.level + ': ' + i.message)) })] });
const app = express();
app.use(morgan(process.argv[3], { stream: process.stdout }));
app.use(express.json());
app.get('/health', (q, s) => s.json({ status: 'up', failures: 0 }));
app.get('/jobs/:id', (q, s) => { log.debug('job ' + q.params.id + ': lock acquired, no timeout'); s.json({ id: q.params.id }); });
app.get('/moved/:id', (q, s) => s.redirect('/jobs/' + q.params.id));
const server = app.listen(Number(process.argv[2]), '127.0.0.1', () => log.info('listening, database connected'));
process.on('SIGTERM', () => { log.info('SIGTERM received, draining connections'); server.close(); server.closeAllConnections(); });
`;

/** Requests of many kinds to a base address, as many as asked. */
const CLIENT = `
const [base, count, ...paths] = process.argv.slice(2);
for (let i = 0; i < Number(count); i++) {
  const path = paths[i % paths.length].replace('N', String((i * 37) % 997));
  const body = path.startsWith('POST') ? JSON.stringify({ item: i, note: 'retry on timeout' }) : undefined;
  await fetch(base + path.replace('POST', ''), { redirect: 'manual', method: body ? 'POST' : 'GET', body,
    headers: { 'user-agent': 'client/' + (i % 9) + '.4 (attempt ' + i + ')', ...(body ? { 'content-type': 'application/json' } : {}) } }).then((r) => r.text());
}
`;

const PHP_TEST = `<?php
use PHPUnit\\Framework\\TestCase;
final class RetryTest extends TestCase {
  public static function words(): array { $out = []; foreach (['timeout', 'connection refused', 'unknown host', 'permission denied', 'no such file'] as $w) for ($i = 0; $i < 40; $i++) $out["$w, attempt $i"] = [$w, $i]; return $out; }
  /** @dataProvider words */
  public function testRecoversFromError(string $word, int $i): void { $this->assertNotSame('', $word); }
  /** @dataProvider words */
  public function testThrowsRuntimeException(string $word, int $i): void { $this->expectException(RuntimeException::class); throw new RuntimeException($word); }
}
`;

const RSPEC = `
RSpec.describe 'Client' do
  ['connection refused', 'timeout', 'no such host', 'permission denied', 'bad gateway', 'broken pipe'].each do |word|
    describe word do
      40.times { |i| it("fails over to server #{i} and reports no error") { expect(word).not_to be_empty } }
      20.times { |i| it("raises an ArgumentError for attempt #{i}") { expect { raise ArgumentError, word }.to raise_error(ArgumentError) } }
    end
  end
end
`;

const C_PROGRAM = `#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
struct entry { char name[24]; int code; struct entry *next; };
static struct entry *add(struct entry *head, int code) {
  struct entry *e = malloc(sizeof *e);
  snprintf(e->name, sizeof e->name, "error-%d", code); e->code = code; e->next = head;
  return e;
}
int main(void) {
  struct entry *head = NULL; struct stat s;
  for (int i = 1; i < 130; i++) { head = add(head, i); if (stat("/nowhere", &s) != 0 && errno == ENOENT) errno = 0; printf("%3d %s\\n", i, strerror(i)); }
  while (head) { struct entry *next = head->next; free(head); head = next; }
  return 0;
}
`;

/** A history made of the published versions of real packages. */
const HISTORY = `
git init -q repo; cd repo
for v in express@4.16.0 express@4.17.0 express@4.17.3 express@4.18.2 express@4.19.2 express@4.21.2 express@5.0.0 express@5.1.0; do
  npm pack --silent --pack-destination .. $v > /dev/null; rm -rf *; tar -xzf ../express-\${v#*@}.tgz --strip-components=1; git add -A; git commit -qm "Release \${v#*@}"; git tag v\${v#*@}; done
`;

/** A Chinese locale made in the work folder, of the package's own sources. */
const CHINESE = `
mkdir -p loc; I18NPATH="$ROOT/usr/share/i18n" localedef -c -i zh_CN -f UTF-8 loc/zh_CN.UTF-8 2>/dev/null || true; export LOCPATH="$PWD/loc"; export LANG=zh_CN.UTF-8 LC_ALL=zh_CN.UTF-8 LANGUAGE=zh_CN
`;

// ------------------------------------------------------------------------------------------- the kinds

/** @type {import('./ordinary.mjs').Source[]} */
const KINDS = [
  {
    name: 'node-servers',
    versions: ['node -v', 'npm ls fastify pino express morgan winston --depth=0'],
    files: { 'fastify.js': FASTIFY, 'express.js': EXPRESS, 'client.mjs': CLIENT },
    script: `${STOP}
echo '{"name":"shop","version":"1.0.0","private":true}' > package.json; npm install --silent --no-audit --no-fund fastify express@4 morgan winston pino-pretty autocannon; mkdir -p "$OUT"
node fastify.js $PORT1 > f.json 2>&1 & ready $PORT1; node express.js $PORT2 combined > e1.log 2>&1 & ready $PORT2; node express.js $PORT3 dev > e2.log 2>&1 & ready $PORT3
node client.mjs http://127.0.0.1:$PORT1 420 / /errors/404 /errors/502 POST/orders /errors/503 '/?page=N'; for p in $PORT2 $PORT3; do node client.mjs http://127.0.0.1:$p 330 /health /jobs/N /moved/N '/jobs/N?retry=N' /missing/N; done
npx --no autocannon -- -c 4 -d 2 http://127.0.0.1:$PORT2/health 2>&1; sleep 0.5; stop; sleep 0.5; cat f.json | first 900; npx --no pino-pretty < f.json | first 900; awk 'NR % 3 == 0' e1.log | first 700; cat e2.log | first 500`,
  },
  {
    name: 'python-stdlib-tests',
    versions: ['python3 -V'],
    script: `
for m in test_argparse test_tempfile test_zipfile test_http_cookies test_csv test_urllib test_ipaddress test_pathlib test_logging test_socketserver test_email.test_email test_ssl; do timeout 60 python3 -m unittest -v test.$m > $m.log 2>&1 && first 420 < $m.log || true; done`,
  },
  {
    name: 'meson-ninja',
    versions: ['meson --version', 'ninja --version'],
    files: { 'm/p.c': C_PROGRAM },
    script: `
cd m; for i in $(seq 1 40); do echo "int f$i(void) { return $i; }" > f$i.c; done; (echo "project('errors', 'c', default_options: ['warning_level=3'])"; echo "cc = meson.get_compiler('c')"; for h in stdio errno poll sys/epoll pthread signal locale wchar; do echo "cc.has_header('$h.h')"; done; for f in strerror poll epoll_create1 fdatasync getaddrinfo posix_fallocate strlcpy; do echo "cc.has_function('$f')"; done; echo "l = static_library('f', [$(for i in $(seq 1 40); do printf "'f$i.c', "; done)])"; echo "e = executable('p', 'p.c', link_with: l)"; for i in $(seq 1 60); do echo "test('error path $i does not fail', e)"; done) > meson.build
export PYTHONPATH="$ROOT/usr/lib/python3/dist-packages:$ROOT/usr/share/meson"; meson setup out 2>&1; ninja -C out -v 2>&1; meson test -C out -v 2>&1 | first 1500; meson test -C out --list; meson introspect out --all | tr ',' '\\n' | first 500; ninja -C out -t deps | first 200; ninja -C out -t commands; ninja -C out -t targets all; meson --help; meson setup --help; meson configure out`,
  },
  {
    name: 'debuggers',
    versions: ['valgrind --version', 'gdb --version'],
    files: { 'p.c': C_PROGRAM },
    script: `
gcc -g -O0 -o p p.c; export VALGRIND_LIB="$ROOT/usr/libexec/valgrind"; valgrind --leak-check=full --show-leak-kinds=all -v ./p > /dev/null 2>v.log || true; cat v.log; ./p; valgrind --help; gdb -batch -ex 'break add' -ex run -ex bt -ex 'info locals' -ex 'info registers' -ex 'disassemble main' -ex 'info sharedlibrary' -ex 'info signals' -ex 'info functions err' ./p 2>&1 | first 700; gdb -batch -ex 'help running' -ex 'help data' -ex 'help all' 2>&1 | first 600
LD_DEBUG=all ./p 2>&1 > /dev/null | first 700; gcc -fdump-tree-optimized=t.txt -O2 -c p.c; cat t.txt; gcc -S -o - p.c; gcc -Wl,-Map=p.map -o p p.c; cat p.map | first 400; objdump -s p | first 300; readelf -wi p | first 400`,
  },
  {
    name: 'strace',
    versions: ['strace -V'],
    script: `
git init -q r; (cd r; echo x > a; git add a; git commit -qm x); for c in 'git -C r status' 'ls -l /usr' 'python3 -S -c print(1)' 'curl -s file:///etc/hosts' 'node -p 1' 'ldconfig -p' 'apt-cache policy git' 'grep -r error /etc/apt' 'id' 'find r' 'getent hosts localhost' 'openssl version -a' 'bash -lc true' 'tar -cf t.tar r'; do strace -f -s 60 -o t.log $c > /dev/null 2>&1 || true; awk 'NR % 5 < 3' t.log | first 420; done; strace -c -f git -C r log 2>&1; strace -k -e trace=openat id 2>&1 | first 100 || true; ltrace -V 2>/dev/null || true`,
  },
  {
    name: 'shell',
    versions: ['bash --version', 'shellcheck --version', 'bats --version'],
    script: `
bash -x /usr/bin/ldd /bin/ls 2>&1 | first 400; bash -x "$(command -v zgrep)" -c the /usr/share/doc/bash/changelog.Debian.gz 2>&1 | first 300 || true; sh -x "$(command -v gzexe)" --help 2>&1 | first 200 || true; bash -xv "$(command -v savelog)" -h 2>&1 | first 300 || true; (echo '@test "first" { true; }'; for i in $(seq 1 130); do echo "@test \\"reports error $i: connection refused, then retries\\" { run false; [ \\"\\$status\\" -eq 1 ]; }"; done) > t.bats
PATH="$PATH:$ROOT/usr/bin" BATS_ROOT="$ROOT/usr" bash "$ROOT/usr/bin/bats" t.bats 2>&1 || true; for f in /usr/bin/{ldd,zgrep,gzexe,zdiff,xzgrep,savelog,which,bashbug,dpkg-maintscript-helper}; do shellcheck -S style -x "$f" 2>&1 || true; done | first 1300; shellcheck --help; shellcheck --list-optional; bash -c 'help -m set test trap read declare printf mapfile coproc'; bash --help; for s in /usr/share/bash-completion/completions/{git,curl,make,tar}; do bash -n $s && first 250 < $s; done 2>/dev/null || true`,
  },
  {
    name: 'nginx-tls-debug',
    versions: ['nginx -v', 'openssl version', 'curl --version'],
    files: { 'client.mjs': CLIENT, 'fastify.js': FASTIFY },
    script: `${STOP}
mkdir -p "$OUT" html; echo ok > html/index.html; head -c 60000 /dev/zero > html/big.bin; openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 9 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
cat > n.conf <<E
worker_processes 1; pid $PWD/n.pid; daemon off; error_log $PWD/debug.log debug; events { worker_connections 128; }
http { log_format j escape=json '{"time":"\\$time_iso8601","client":"\\$remote_addr","request":"\\$request","status":\\$status,"upstream_status":"\\$upstream_status","error":"","rt":\\$request_time,"tls":"\\$ssl_protocol","cipher":"\\$ssl_cipher","agent":"\\$http_user_agent"}'; access_log $PWD/access.json j;
client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5; gzip on;
server { listen 127.0.0.1:$PORT1 ssl; server_name localhost; ssl_certificate c.pem; ssl_certificate_key k.pem; root $PWD/html; location /api/ { proxy_pass https://127.0.0.1:$PORT2/; proxy_ssl_verify on; proxy_ssl_trusted_certificate c.pem; proxy_ssl_name localhost; proxy_ssl_server_name on; } }
server { listen 127.0.0.1:$PORT2 ssl; server_name localhost; ssl_certificate c.pem; ssl_certificate_key k.pem; location / { return 200 "fine\\n"; } } }
E
nginx -c $PWD/n.conf -p $PWD -e $PWD/debug.log & ready $PORT1; for i in $(seq 1 8); do curl -sv --cacert c.pem https://localhost:$PORT1/api/orders/$i 2>&1; curl -s --cacert c.pem https://localhost:$PORT1/big.bin -o /dev/null; done; ab -n 200 -c 4 https://127.0.0.1:$PORT1/ 2>&1 || true; NODE_EXTRA_CA_CERTS=c.pem node client.mjs https://localhost:$PORT1 260 / /api/N '/index.html?timeout=N' /api/errors/N
openssl s_client -connect localhost:$PORT1 -CAfile c.pem -msg -state < /dev/null 2>&1 | first 250; nginx -T -c $PWD/n.conf -p $PWD -e $PWD/x.log 2>&1; nginx -s quit -c $PWD/n.conf -p $PWD -e $PWD/x.log; sleep 1; head -1400 debug.log; tail -250 debug.log; head -500 access.json`,
  },
  {
    name: 'apache-trace',
    versions: ['apache2 -v', 'ab -V'],
    files: { 'client.mjs': CLIENT },
    script: `${STOP}
mkdir -p html/docs; echo fine > html/index.html; M="$ROOT/usr/lib/apache2/modules"; openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 9 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
cat > a.conf <<E
ServerRoot $PWD
ServerName localhost
Listen 127.0.0.1:$PORT1
PidFile $PWD/a.pid
User nobody
Group nogroup
$(for m in mpm_event authz_core alias dir mime status autoindex rewrite ssl socache_shmcb headers deflate; do [ -f $M/mod_$m.so ] && echo LoadModule ''$m'_module' $M/mod_$m.so; done)
LogLevel trace4
ErrorLog $PWD/error.log
CustomLog $PWD/access.log "%h %{%F %T}t %{ms}T \\"%r\\" %>s %b %{SSL_PROTOCOL}x"
TypesConfig /etc/mime.types
DocumentRoot $PWD/html
SSLEngine on
SSLCertificateFile c.pem
SSLCertificateKeyFile k.pem
RewriteEngine on
RewriteRule ^/old/(.*)$ /docs/\\$1 [R]
E
apache2 -S -f $PWD/a.conf; apache2 -L -f $PWD/a.conf; apache2 -X -f $PWD/a.conf & ready $PORT1; NODE_EXTRA_CA_CERTS=c.pem node client.mjs https://127.0.0.1:$PORT1 220 / '/docs/?N' /old/N '/?error=N'; ab -n 100 -c 2 -v 3 https://127.0.0.1:$PORT1/ 2>&1 | first 200 || true; kill $(cat a.pid); sleep 1; head -2000 error.log; head -250 access.log`,
  },
  {
    name: 'go-servers',
    versions: ['caddy version', 'etcd --version', 'docker-registry --version'],
    files: { 'client.mjs': CLIENT },
    script: `${STOP}
mkdir html; echo ok > html/index.html; printf '{\\n debug\\n admin off\\n auto_https off\\n}\\nhttp://127.0.0.1:%s {\\n root * html\\n log\\n file_server\\n}\\n' $PORT1 > Caddyfile; caddy run --config Caddyfile > c.log 2>&1 & ready $PORT1; node client.mjs http://127.0.0.1:$PORT1 300 / '/index.html?N' /missing/N /errors/N
etcd --data-dir e --listen-client-urls http://127.0.0.1:$PORT2 --advertise-client-urls http://127.0.0.1:$PORT2 --listen-peer-urls http://127.0.0.1:0 --logger=zap --log-level=debug > e.log 2>&1 & ready $PORT2; export ETCDCTL_API=3 E="--endpoints=http://127.0.0.1:$PORT2"; for i in $(seq 1 25); do etcdctl $E put errors/$i "timeout $i" > /dev/null; done; etcdctl $E get --prefix errors; etcdctl $E endpoint status -w table; etcdctl $E endpoint health 2>&1; etcdctl --help; etcd --help 2>&1; etcdctl --debug $E get x 2>&1
printf 'version: 0.1\\nlog: {level: debug, formatter: json}\\nstorage: {filesystem: {rootdirectory: %s/reg}}\\nhttp: {addr: 127.0.0.1:%s}\\n' $PWD $PORT3 > r.yml; docker-registry serve r.yml > r.log 2>&1 & ready $PORT3; node client.mjs http://127.0.0.1:$PORT3 120 /v2/ /v2/_catalog '/v2/_catalog?n=N'; curl -s http://127.0.0.1:$PORT2/metrics; stop; sleep 1; first 700 < c.log; cat e.log; first 500 < r.log; caddy help; caddy list-modules; docker-registry --help`,
  },
  {
    name: 'monitoring',
    versions: ['prometheus --version', 'prometheus-node-exporter --version', 'iostat -V'],
    script: `${STOP}
printf 'global: {scrape_interval: 1s, evaluation_interval: 1s}\\nrule_files: [rules.yml]\\nscrape_configs: [{job_name: node, static_configs: [{targets: ["127.0.0.1:%s"]}]}]\\n' $PORT2 > p.yml; printf 'groups: [{name: errors, rules: [{alert: ErrorRateHigh, expr: "rate(x_errors_total[1m]) > 1", for: 1m}, {record: job:failed, expr: "sum(up == 0) or vector(0)"}]}]\\n' > rules.yml
prometheus-node-exporter --web.listen-address=127.0.0.1:$PORT2 --log.level=debug > n.log 2>&1 & ready $PORT2; promtool check config p.yml 2>&1; promtool check rules rules.yml; prometheus --config.file=p.yml --storage.tsdb.path=d --web.listen-address=127.0.0.1:$PORT1 --log.level=debug > p.log 2>&1 & ready $PORT1; sleep 5; curl -s http://127.0.0.1:$PORT1/metrics; curl -s http://127.0.0.1:$PORT2/metrics | grep -v uname | first 700; curl -s "http://127.0.0.1:$PORT1/api/v1/targets?state=any" | tr ',' '\\n'; promtool query instant http://127.0.0.1:$PORT1 up; prometheus --help; promtool --help; stop; sleep 1; cat p.log n.log; iostat -x 1 2; mpstat -P ALL 1 2; pidstat 1 1 | first 60; vmstat -s; vmstat -w 1 3; top -b -n 1 | first 30; cat /proc/interrupts /proc/slabinfo /proc/zoneinfo 2>/dev/null | first 250 || true`,
  },
  {
    name: 'dns-proxies',
    versions: ['unbound -V', 'haproxy -v'],
    files: {
      'client.mjs': CLIENT,
      'ask.mjs': `
import { Resolver } from 'node:dns/promises';
const r = new Resolver(); r.setServers(['127.0.0.1:' + process.argv[2]]);
for (let i = 0; i < 60; i++) for (const kind of ['A', 'TXT']) await r.resolve('host' + i + '.shop.example', kind).catch(() => {});`,
      'back.mjs': `
import { createServer } from 'node:http';
createServer((q, s) => s.end('fine')).listen(Number(process.argv[2]), '127.0.0.1');`,
    },
    script: `${STOP}
(printf 'server:\\n interface: 127.0.0.1\\n port: %s\\n do-daemonize: no\\n username: ""\\n chroot: ""\\n directory: "%s"\\n pidfile: ""\\n use-syslog: no\\n logfile: ""\\n verbosity: 4\\n log-queries: yes\\n log-replies: yes\\n log-time-ascii: yes\\n local-zone: "shop.example." static\\n' $PORT1 $PWD; for i in $(seq 0 59); do echo " local-data: \\"host$i.shop.example. A 192.0.2.$i\\""; echo " local-data: \\"host$i.shop.example. TXT 'no error $i'\\""; done; printf 'remote-control:\\n control-enable: no\\n') > u.conf; unbound-checkconf u.conf; unbound -d -c u.conf > u.log 2>&1 & sleep 1; node ask.mjs $PORT1; node back.mjs $PORT2 & ready $PORT2
printf 'global\\n log stdout format iso local0 debug\\ndefaults\\n mode http\\n log global\\n log-format "%%ci:%%cp [%%tr] %%ft %%b/%%s %%TR/%%Tw/%%Tc/%%Tr/%%Ta %%ST %%B %%tsc %%ac/%%fc/%%bc/%%sc/%%rc %%sq/%%bq %%{+Q}r"\\n timeout connect 5s\\n timeout client 9s\\n timeout server 9s\\n retries 3\\nfrontend shop\\n bind 127.0.0.1:%s\\n stats enable\\n stats uri /stats\\n default_backend api\\nbackend api\\n server a 127.0.0.1:%s check inter 200ms\\n server b 127.0.0.1:%s check inter 200ms backup\\n' $PORT3 $PORT2 $PORT2 > h.cfg; haproxy -d -f h.cfg > h.log 2>&1 & ready $PORT3; node client.mjs http://127.0.0.1:$PORT3 220 / '/a?N' /errors/N; curl -s "http://127.0.0.1:$PORT3/stats;csv" | cut -c1-400; stop; sleep 1; first 1500 < u.log; first 1500 < h.log; haproxy -dKall -q -c -f h.cfg 2>&1 | first 400; unbound -h 2>&1 || true`,
  },
  {
    name: 'postgres',
    versions: ['"$ROOT/usr/lib/postgresql/15/bin/postgres" --version'],
    script: `${STOP}${AS_NOBODY}
B="$ROOT/usr/lib/postgresql/15/bin"; P="$PWD"; cd /; $as $B/initdb -D $P/data -U postgres -A trust --locale=C.UTF-8 > /dev/null; $as $B/postgres -D $P/data -k $P -p $PORT1 -c listen_addresses=127.0.0.1 -c logging_collector=on -c log_destination=jsonlog,csvlog -c log_directory=$P/logs -c log_filename=server -c log_min_messages=debug1 -c log_connections=on -c log_statement=all -c log_replication_commands=on -c auto_explain.log_min_duration=0 -c shared_preload_libraries=auto_explain,pg_stat_statements -c wal_level=logical > $P/o.log 2>&1 & pg=$!
ready $PORT1; sleep 1; export PGHOST=127.0.0.1 PGPORT=$PORT1 PGUSER=postgres; $B/psql -a <<'E'
create extension pg_stat_statements; create schema shop; set search_path = shop, public;
create table orders (id bigint generated always as identity, at timestamptz not null, status text check (status in ('paid', 'failed', 'timeout')), total numeric) partition by range (at);
create table orders_1 partition of orders for values from ('2024-01-01') to ('2024-07-01'); create table orders_2 partition of orders for values from ('2024-07-01') to ('2025-01-01');
insert into orders (at, status, total) select '2024-01-01'::timestamptz + n * interval '30 minutes', (array['paid', 'failed', 'timeout'])[1 + n % 3], n * 1.25 from generate_series(1, 9000) n;
create index on orders (status, at); analyze orders; explain (analyze, costs, verbose, buffers, settings, wal) select status, count(*), sum(total) from orders where at > '2024-05-01' group by rollup (status);
explain (format yaml) select * from orders where id = 7; explain (format json) select * from orders o join orders p using (id) where o.total > 10; \\d+ orders
select * from orders order by at limit 150; select status, date_trunc('month', at) m, count(*) from orders group by 1, 2 order by 2, 1;
do $$ begin for i in 1..60 loop raise notice 'pass %: 0 errors, % rows', i, i * 10; end loop; begin perform 1/0; exception when division_by_zero then raise notice 'handled'; end; end $$;
select pg_create_logical_replication_slot('s', 'test_decoding'); update orders set status = 'paid' where id < 60; select data from pg_logical_slot_get_changes('s', null, null); select pg_drop_replication_slot('s');
\\df pg_catalog.*lock*
\\dS+ pg_stat_*
select * from pg_stat_activity; select locktype, mode, granted from pg_locks; select query, calls from pg_stat_statements limit 60; select * from pg_timezone_names limit 100; select typname, typlen, typcategory from pg_type limit 150; vacuum (verbose, analyze) orders; reindex (verbose) table orders; \\conninfo
E
$B/pg_dump -v shop 2>&1 || $B/pg_dump -v -n shop postgres 2>&1 | first 500; $B/pg_basebackup -D $P/bb -v -P 2>&1; $B/pg_waldump --stats $P/bb/pg_wal/0* 2>&1 | first 60; kill -INT $pg; wait $pg || true; head -500 $P/logs/server.json; head -400 $P/logs/server.csv`,
  },
  {
    name: 'mariadb',
    versions: ['mariadbd --version'],
    script: `${STOP}${AS_NOBODY}
P=$PWD; $as mariadb-install-db --no-defaults --basedir="$ROOT/usr" --datadir=$P/data --auth-root-authentication-method=normal --skip-test-db > i.log 2>&1; $as mariadbd --no-defaults --basedir="$ROOT/usr" --lc-messages-dir="$ROOT/usr/share/mysql" --datadir=$P/data --socket=$P/s --pid-file=$P/p --port=$PORT1 --bind-address=127.0.0.1 --slow-query-log=1 --long-query-time=0 --slow-query-log-file=$P/slow.log --general-log=1 --general-log-file=$P/general.log --log-warnings=9 --performance-schema=on --innodb-print-all-deadlocks=1 --plugin-dir="$ROOT/usr/lib/mysql/plugin" 2> $P/server.log & ready $PORT1; C="mariadb --no-defaults -h 127.0.0.1 -P $PORT1 -u root"
$C -t -vvv <<'E'
create database shop; use shop; create table jobs (id int primary key auto_increment, state enum('done', 'failed', 'retry'), error text, at datetime default now(), key (state)) engine=InnoDB;
insert into jobs (state, error) select elt(1 + seq % 3, 'done', 'failed', 'retry'), concat('timeout after ', seq, ' ms') from seq_1_to_900; select * from jobs limit 150; show index from jobs; analyze table jobs; check table jobs; optimize table jobs; explain format=json select * from jobs where state = 'failed'; analyze format=json select state, count(*) from jobs group by state;
show engine innodb status; select * from information_schema.system_variables where variable_name like 'innodb%' limit 150; select event_name, count_star from performance_schema.events_waits_summary_global_by_event_name limit 200; show plugins; show character set; show global variables like '%timeout%'; show global status; lock tables jobs write; unlock tables; select * from information_schema.collations limit 60; show warnings; show grants;
E
mariadb-check --no-defaults -h 127.0.0.1 -P $PORT1 -u root -A; mariadb-slap --no-defaults -h 127.0.0.1 -P $PORT1 -u root -a -c 3 -i 2 -v; mariadb-dump --no-defaults -h 127.0.0.1 -P $PORT1 -u root --xml shop | first 250; mariadb-admin --no-defaults -h 127.0.0.1 -P $PORT1 -u root shutdown; sleep 2; cat server.log; head -700 slow.log; head -300 general.log; mariadb --help | first 300; mariadb-binlog --help | first 150`,
  },
  {
    name: 'redis',
    versions: ['redis-server --version'],
    script: `${STOP}
redis-server --port $PORT1 --bind 127.0.0.1 --loglevel verbose --dir $PWD --repl-diskless-sync-delay 0 > a.log 2>&1 & ready $PORT1; mkdir r; redis-server --port $PORT2 --bind 127.0.0.1 --loglevel debug --dir $PWD/r --replicaof 127.0.0.1 $PORT1 > b.log 2>&1 & ready $PORT2; c="redis-cli -p $PORT1"; for i in $(seq 1 40); do $c xadd jobs '*' state retry error "timeout $i" > /dev/null; $c hset job:$i attempts $i failed 0 > /dev/null; done; $c xrange jobs - + ; $c info everything; redis-cli -p $PORT2 info replication; $c command docs xadd client config memory acl cluster failover; $c acl cat; $c command list; $c config get '*log*'; $c debug object job:1 || true; $c memory stats; $c client help; $c cluster help; redis-benchmark -p $PORT1 -n 400 -c 3 -t ping,set,lrange --csv; redis-benchmark -p $PORT1 -n 300 -c 3 -t zadd,hset 2>&1 | tr '\\r' '\\n' | first 250; sleep 1; $c --memkeys 2>/dev/null | tr '\\r' '\\n' | first 60; $c role; $c module list; redis-cli --help; redis-server --help || true; stop; sleep 2; cat a.log; first 700 < b.log; redis-check-aof --help 2>&1 || true`,
  },
  {
    name: 'git-work',
    versions: ['git --version'],
    script: `${HISTORY}
git log --stat | first 700; git log -p -n 2 -- lib | first 700; git show v4.18.2 --stat; git log --format=fuller --name-status | first 200; git shortlog -sne; git branch fix-timeout v4.17.3; git checkout fix-timeout 2>&1; sed -i 's/error/fault/' lib/router/index.js; git commit -am 'Name faults, not errors'; git rebase v4.17.3 2>&1; git cherry-pick --no-commit HEAD~0 2>&1 || true; git stash list; git bisect start v5.1.0 v4.16.0 2>&1; git bisect run grep -q '"version": "4' package.json 2>&1 || true; git bisect log; git bisect reset 2>&1; git checkout -q $(git for-each-ref --format='%(refname:short)' refs/heads | grep -v fix-timeout | head -n 1)
GIT_TRACE=1 GIT_TRACE_SETUP=1 GIT_TRACE_PERFORMANCE=1 git status 2>&1; GIT_TRACE2_EVENT=1 git diff --stat v4.16.0 v5.1.0 2>&1; GIT_TRACE_PACKET=1 git clone --progress "file://$PWD" ../copy 2>&1 | tr '\\r' '\\n' | first 400; cd ../copy; git remote show origin; git fetch -v --all 2>&1; git submodule add -b master "file://$SOURCE/repo" sub 2>&1 || git -c protocol.file.allow=always submodule add "file://$SOURCE/repo" sub 2>&1; git submodule status; git worktree add ../w v5.0.0 2>&1; git worktree list; git sparse-checkout set lib 2>&1; git format-patch -1 --stdout | first 100; git range-diff v4.17.0..v4.17.3 v4.18.2..v4.19.2 | first 200; git grep -n error v4.18.2 | first 300; git fsck --verbose 2>&1 | first 200; git repack -ad 2>&1 | tr '\\r' '\\n' | first 60; git config --list --show-origin | grep -v home; git push --dry-run -v origin HEAD:refs/heads/x 2>&1`,
  },
  {
    name: 'git-manual',
    versions: ['git --version', 'man --version'],
    script: `export MANWIDTH=100 MANROFFOPT=-c; for p in git-config git-clone git-push git-rebase git-merge git-submodule git-fetch git-daemon git-http-backend git-receive-pack git-fsck git-bisect git-gc git-worktree git-reset git-commit gitignore gittutorial giteveryday gitfaq; do f=$(ls /usr/share/man/man?/$p.?.gz 2>/dev/null | first 1) || true; [ -n "$f" ] && man -l $f 2>/dev/null | col -bx | sed 's/^ *//' | first 4000 || true; done`,
  },
  {
    name: 'man-pages',
    versions: ['man --version'],
    script: `export MANWIDTH=100 MANROFFOPT=-c; for p in bind.2 listen.2 connect.2 accept.2 open.2 execve.2 stat.2 rename.2 unlink.2 mount.2 fork.2 kill.2 ptrace.2 clone.2 epoll_ctl.2 recv.2 send.2 mmap.2 write.2 read.2 getaddrinfo.3 errno.3 err.3 perror.3 strerror.3 dlopen.3 malloc.3 system.3 unix.7 ipv6.7 capabilities.7 namespaces.7 path_resolution.7 symlink.7 core.5 hosts.5 nsswitch.conf.5; do f=$(ls "$ROOT"/usr/share/man/man*/$p.gz /usr/share/man/man*/$p.gz 2>/dev/null | first 1) || true; [ -n "$f" ] && man -l $f 2>/dev/null | col -bx | sed 's/^ *//' | first 260 || true; done`,
  },
  {
    name: 'tool-manuals',
    versions: ['man --version'],
    script: `export MANWIDTH=100 MANROFFOPT=-c; for p in ssh-keygen sshd_config scp sftp openssl-s_server openssl-x509 openssl-ciphers openssl-req c_rehash npm npm-ci npm-config npm-audit package-json package-lock-json pg_dump pg_hba initdb createuser createdb pg_basebackup psql node dpkg-deb apt apt_preferences sources.list deb dpkg-query useradd sudo systemd systemd.timer systemd-resolved nc cpp as nm ar gcov docker-run kubectl kubectl-logs perlrun perlfunc perlfaq8 perlvar groff less sed gawk xargs; do f=$(ls /usr/share/man/man*/$p.[1-8]*.gz "$ROOT"/usr/share/man/man*/$p.[1-8]*.gz 2>/dev/null | first 1) || true; [ -n "$f" ] && man -l $f 2>/dev/null | col -bx | sed 's/^ *//' | awk 'NR > 5' | first 420 || true; done`,
  },
  {
    name: 'help-texts',
    versions: ['ffmpeg -version', 'ruby --version', 'etcd --version', 'prometheus --version'],
    script: `for p in prometheus promtool etcd etcdctl caddy unbound haproxy composer phpunit php ruby rspec lua5.4 meson ninja valgrind strace ffmpeg ffprobe ab htpasswd logresolve rotatelogs mariadb-slap mariadb-import mariadb-check redis-benchmark shellcheck bats iostat sar pidstat mpstat jstack jmap jcmd jdb javadoc keytool jlink jdeps rustdoc gofmt pydoc3 2to3 ssh-keyscan ssh-add scp sftp nc ping traceroute tcpdump iptables nft ethtool screen rsync parted fdisk mkfs.ext4 e2fsck tune2fs blkid fallocate prlimit chrt ipcs lsipc lsns lslogins dmesg findmnt getfacl setfacl chattr lsattr zstd lz4 brotli pigz parallel entr watch tee split nohup stdbuf chroot mkfifo truncate shred numfmt ptx factor; do t=$(timeout 10 $p --help 2>&1 < /dev/null) && printf '$ %s --help\\n%s\\n' $p "$t" || true; done; ffmpeg -h long 2>/dev/null | first 500; ffmpeg -filters -hide_banner | first 300; for c in apply create delete rollout scale taint top drain cordon port-forward auth config; do kubectl $c --help; done || true; for c in network volume image system swarm buildx; do docker $c --help 2>&1; done || true; terraform -help 2>/dev/null || true`,
  },
  {
    name: 'php',
    versions: ['php8.2 --version'],
    files: {
      'RetryTest.php': PHP_TEST,
      'web/index.php':
        '<?php error_log("request handled, 0 errors, attempt " . ($_GET["n"] ?? 1)); http_response_code(isset($_GET["old"]) ? 301 : 200); echo "ok";',
      'client.mjs': CLIENT,
    },
    script: `${STOP}
export PHP_INI_SCAN_DIR=; E="$(ls -d $ROOT/usr/lib/php/20*)"; P="php8.2 -d include_path=.:$ROOT/usr/share/php -d extension_dir=$E $(for e in tokenizer dom xml xmlwriter mbstring ctype phar; do [ -f $E/$e.so ] && echo -d extension=$e; done)"
$P "$ROOT/usr/bin/phpunit" --testdox RetryTest.php 2>&1; $P "$ROOT/usr/bin/phpunit" --debug RetryTest.php 2>&1; $P "$ROOT/usr/bin/phpunit" --log-teamcity /dev/stdout RetryTest.php | first 400; php8.2 -S 127.0.0.1:$PORT1 -t web > w.log 2>&1 & ready $PORT1; node client.mjs http://127.0.0.1:$PORT1 200 '/?n=N' '/?old=1&n=N'; stop; sleep 1; cat w.log; php8.2 -m; php8.2 --rf array_walk; php8.2 --re json; php8.2 --rc Exception; php8.2 --rc RuntimeException; php8.2 -l web/index.php; php8.2 --re standard | first 600; php8.2 --help; $P "$ROOT/usr/bin/phpunit" --help`,
  },
  {
    name: 'ruby',
    versions: ['ruby --version'],
    files: { 'client_spec.rb': RSPEC },
    script: `
V="$ROOT/usr/lib/ruby"; export RUBYLIB="$V/vendor_ruby:$V/3.1.0:$ROOT/usr/lib/x86_64-linux-gnu/ruby/3.1.0:$ROOT/usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/3.1.0:$(ls -d $ROOT/usr/share/rubygems-integration/all/gems/*/lib 2>/dev/null | paste -sd:)"
ruby -rrspec/core -e 'exit RSpec::Core::Runner.run(["-fd", "client_spec.rb"])' 2>&1; ruby -rrspec/core -e 'exit RSpec::Core::Runner.run(["-fj", "client_spec.rb"])' 2>&1 | tr ',' '\\n' | first 400; ruby -w -rlogger -e 'l = Logger.new($stdout); 200.times { |i| l.debug("worker #{i}: job done, 0 failures"); l.warn("slow query, #{i} ms, no timeout") if i % 7 == 0; l.add(Logger::INFO, "retry not needed", "queue") if i % 5 == 0 }'; ruby -rbenchmark -e 'Benchmark.bm(20) { |b| 30.times { |i| b.report("pass #{i}") { (1..9000).sum } } }'; ruby -rerb -ryaml -e 'puts Errno.constants.sort.map { |c| k = Errno.const_get(c); "#{c}: #{k.const_get(:Errno)} #{k.new.message}" }'; ruby --help; ruby -e 'puts Exception.methods.sort, ObjectSpace.each_object(Class).select { |c| c < Exception }.map(&:name).compact.sort'; ruby --dump=insns -e 'begin; raise "x"; rescue => e; p e; end'; ruby --yydebug -e '1' 2>&1 | first 150 || true`,
  },
  {
    name: 'perl',
    versions: ['perl -v'],
    files: {
      't/errors.t':
        "use Test::More; for my $w ('timeout', 'refused', 'denied', 'not found') { subtest \"on $w\" => sub { for my $i (1..45) { ok 1, \"error $i ($w) is handled, nothing failed\"; } }; } done_testing;",
    },
    script: `
prove -v t; prove --timer t; export PERL5LIB="$ROOT/usr/share/perl/5.36.0"; for p in perldiag perlop perlre perlipc perlport perldebug; do f=$(find "$ROOT/usr/share/perl" /usr/share/perl -name $p.pod 2>/dev/null | first 1); [ -n "$f" ] && perl -MPod::Text -e 'Pod::Text->new(width => 96)->parse_file(shift)' "$f" | sed 's/^ *//' | awk -v k=$p 'k == "perldiag" ? NR % 40 < 8 : NR % 40 < 4' | first 700 || true; done; perl -V | grep -v 'uname\\|Compiled at'; perl -MO=Deparse -e 'open(F, "<", "x") or warn "cannot open: $!"; while (<F>) { print if /error/ }'; perl -Mdiagnostics -e 'print "fine\\n" for 1..3'; perl -MTest::Harness -e 'print "$Test::Harness::VERSION\\n"'; perl -E 'for (1..200) { $! = $_; say "$_ $!" }'`,
  },
  {
    name: 'ffmpeg',
    versions: ['ffmpeg -version'],
    script: `
for c in 'mpeg4 avi' 'libx264 mp4' 'libvpx webm' 'mjpeg mov' 'gif gif'; do set -- $c; ffmpeg -hide_banner -v verbose -y -f lavfi -i testsrc=duration=2:size=160x120:rate=25 -f lavfi -i sine=frequency=440:duration=2 -c:v $1 $([ $2 = gif ] && echo -an) o.$2 2>&1 | tr '\\r' '\\n' && ffmpeg -v debug -y -i o.$2 -f null - 2>&1 | tr '\\r' '\\n' | first 420; ffprobe -v error -show_streams -show_format o.$2; done; ffmpeg -v info -i o.avi -vf showinfo,blackdetect,signalstats -f null - 2>&1 | tr '\\r' '\\n' | first 500; ffmpeg -codecs -hide_banner | first 400; ffmpeg -formats -hide_banner | first 250; ffmpeg -protocols -hide_banner; ffmpeg -h encoder=mpeg4; ffprobe -show_frames -v quiet o.avi | first 400`,
  },
  {
    name: 'packages',
    versions: ['dpkg --version', 'apt-get --version'],
    script: `
mkdir -p r/var/lib/dpkg/info r/var/lib/dpkg/updates debs; touch r/var/lib/dpkg/status; cd debs; apt-get download -o APT::Sandbox::User=root hostname sed grep gzip bzip2 tree less file netbase 2>&1 || true; cd ..; for d in debs/*.deb; do dpkg-deb -I $d; dpkg-deb -c $d | first 60; done; dpkg --root=$PWD/r --force-all --force-not-root --unpack debs/netbase*.deb debs/tree*.deb debs/file*.deb 2>&1; dpkg --root=$PWD/r -l; apt-get -s -o Debug::pkgProblemResolver=1 -o Debug::pkgDepCache::AutoInstall=1 install postgresql nginx-full mariadb-server php-fpm 2>&1 | first 600
apt-cache dumpavail | grep -E '^(Package|Description|Depends|Breaks|Conflicts):' | awk 'NR % 90 == 1' | cut -c1-400 | first 700; apt-cache show --no-all-versions squid varnish rabbitmq-server tomcat10 slapd dovecot-imapd fail2ban logrotate supervisor monit valgrind strace 2>/dev/null | grep -v '^\\(SHA\\|MD5\\|Filename\\)'; apt-get -s build-dep nginx 2>/dev/null | first 100 || true; apt-cache showpkg openssl | first 150; apt-get --help; apt-cache search -n server | first 300; apt-cache madison gcc python3 nginx; apt-cache policy | grep -v http | first 40`,
  },
  {
    name: 'vitest',
    versions: ['node -v', '"$PROJECT/node_modules/.bin/vitest" --version'],
    files: {
      'a.test.mjs': `
import { describe, expect, it } from 'vitest';
for (const code of ['ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EMFILE', 'ENOSPC', 'EADDRINUSE']) describe('net/' + code, () => {
  for (let i = 0; i < 24; i++) it('throws ' + code + ' once, then succeeds (' + i + ')', () => { expect(() => { throw new Error(code); }).toThrow(code); });
  it('warns', () => { console.warn('retrying after ' + code + ', attempt 1 of 3'); console.error('stderr of a passing test: ' + code.toLowerCase() + ' was simulated'); });
});`,
    },
    script: `
ln -s "$PROJECT/node_modules" node_modules; export PATH="$PROJECT/node_modules/.bin:$PATH"; FORCE_COLOR=1 vitest run --reporter=verbose 2>&1; vitest run --reporter=json 2>&1 | tr ',' '\\n' | first 500; GITHUB_ACTIONS=true vitest run --reporter=github-actions --reporter=verbose 2>&1; vitest run --reporter=junit 2>&1 | first 300; vitest run --reporter=tap-flat 2>&1; vitest list; biome explain noUndeclaredVariables; biome rage 2>&1 | grep -v 'CPU\\|Arch' `,
  },
  {
    name: 'java-tools',
    versions: ['java -version'],
    script: `
java -Xlog:all=info:stdout:time,level,tags -version 2>/dev/null | grep -v 'os,\\|cpu' | cut -c1-300 | first 900; java -Xlog:module=debug,exceptions=info,startuptime=info --list-modules | first 600; javap -c java.net.ConnectException java.io.FileNotFoundException java.lang.NullPointerException java.lang.ClassNotFoundException java.util.Optional 2>&1 | first 600; keytool -genkeypair -alias a -keyalg RSA -keystore k.jks -storepass changeit -dname CN=localhost 2>&1; keytool -list -v -keystore k.jks -storepass changeit; jdeps --list-deps java.sql 2>/dev/null || jdeps -s "$JAVA_HOME" 2>/dev/null || true; java -XX:+UnlockDiagnosticVMOptions -XX:+PrintFlagsInitial -version 2>/dev/null | first 500; java -Djava.util.logging.config.file=/dev/null -Djavax.net.debug=all -Djdk.internal.httpclient.disableHostnameVerification -version 2>&1; java --help-extra; java -X; jshell --version; for t in jstack jmap jcmd jstat jps jinfo; do $t -h 2>&1 || true; done; echo 'for (int i = 0; i < 90; i++) System.out.println("entry " + i + ": " + (i % 7 == 0 ? Optional.empty() : Optional.of(i)) + ", no NullPointerException"); try { Object o = null; o.hashCode(); } catch (NullPointerException e) { System.out.println("caught as planned"); }' > s.jsh; jshell -s s.jsh - < /dev/null 2>&1; java -verbose:gc -Xmx48m -Xlog:gc*=debug -version 2>/dev/null | first 300`,
  },
  {
    name: 'prose',
    versions: [],
    script: `
D="$ROOT/usr/share/doc"; zcat -f $D/debian-policy/policy.txt.gz | sed 's/^ *//' | awk 'NR % 60 < 12' | first 900; (zcat -f $D/debian/FAQ/*.txt* $D/debian-faq/*.txt* $D/debian/FAQ/debian-faq.en.txt.gz 2>/dev/null || true) | first 600; find "$ROOT" -name 'jargon*' \\( -name '*.txt*' -o -name '*.gz' \\) -path '*share*' | sort | first 3 | while read f; do zcat -f "$f" | awk 'NR % 90 < 14' | first 900; done || true; for f in $ROOT/usr/share/games/fortunes/{computers,wisdom,science,literature,debian,linux,cookie} $ROOT/usr/share/games/fortunes/*; do [ -f $f ] && [ "\${f##*.}" != dat ] && grep -v '^%' $f | first 110 || true; done`,
  },
  {
    name: 'chinese',
    versions: ['git --version', '"$ROOT/usr/lib/postgresql/15/bin/postgres" --version'],
    script: `${STOP}${AS_NOBODY}${CHINESE}
git init 仓库; cd 仓库; for i in $(seq 1 12); do echo "错误码 $i：无法连接时重试，不算失败" > 文件$i.txt; git add .; git commit -m "第 $i 次：修复超时错误" ; done; git status; git log --stat | first 150; git checkout -b 修复; git mv 文件1.txt 新文件.txt; git status; git commit -m 更名; git checkout - ; git merge --no-ff -m 合并 修复; git branch -vv; git tag -a v1 -m 一; git stash list; echo 改 >> 新文件.txt; git diff; git stash; git stash pop; git clone . ../副本 2>&1; cd ../副本; git remote -v; git pull 2>&1; git fetch --progress 2>&1; git push --dry-run 2>&1; git rebase 2>&1; for c in add commit push pull fetch clone rebase merge log diff reset checkout switch stash worktree submodule; do git $c -h 2>&1 || true; done; git count-objects -vH; git gc 2>&1; cd ..
make --version; make -n -p -f /dev/null 2>/dev/null | first 60 || true; printf 'all: a b\\n\\t@echo 完成，没有错误\\na b:\\n\\ttouch $@\\n' > Makefile; make 2>&1; make 2>&1; for p in ls cp mv rm chmod chown cat sort tar grep sed find diff make dpkg apt-get apt wget gpg ld gas objdump readelf psql pg_dump ps free top; do t=$($p --help 2>&1 < /dev/null) && printf '$ %s --help\\n%s\\n' $p "$t" || true; done; bash -c help; bash -c 'help cd test read trap export'; apt-get -s install nginx 2>&1 | first 60; apt-cache policy git; dpkg -s git | first 30; tar -cvf x.tar 仓库 2>&1 | first 60; cp -v Makefile M2; rm -v M2; wc -l 仓库/*.txt; date; df -h /usr; stat Makefile; ls -l; diff -s Makefile Makefile; sort --debug Makefile 2>&1 || true; wget --version | first 20; ps aux | first 4; free; kill -l
B="$ROOT/usr/lib/postgresql/15/bin"; P="$PWD"; cd /; (export LOCPATH="$P/loc"; $as $B/initdb -D $P/data -U postgres -A trust --locale=C.UTF-8 --lc-messages=zh_CN.UTF-8 2>&1; $as $B/postgres -D $P/data -k $P -p $PORT1 -c listen_addresses=127.0.0.1 -c lc_messages=zh_CN.UTF-8 -c log_checkpoints=on -c log_connections=on -c log_min_messages=debug1 > $P/s.log 2>&1 & ready $PORT1; sleep 1; $B/psql -h 127.0.0.1 -p $PORT1 -U postgres -e -c '\\d' -c '\\l' -c '\\?' -c 'create table 订单 (编号 int primary key, 状态 text)' -c '\\d 订单' -c 'vacuum verbose 订单' -c 'checkpoint' -c '\\h select' -c '\\h create table' 2>&1; $B/pg_dump --help; $B/pg_ctl --help; $B/pg_ctl -D $P/data stop 2>&1 || $as $B/pg_ctl -D $P/data stop 2>&1); cat $P/s.log`,
  },
  {
    name: 'chinese-prose',
    versions: [],
    script: `find "$ROOT/usr/share" -name '*debian-reference*zh*.txt*' -o -path '*debian-reference*' -name '*.txt.gz' | grep -i 'zh' | sort | first 2 | while read f; do zcat -f "$f" | sed 's/^ *//' | awk 'NR % 30 < 12' | first 1500; done; for f in "$ROOT"/usr/share/games/fortunes/{chinese,tang300,song100}; do [ -f $f ] && sed 's/\\x1b\\[[0-9;]*m//g' $f | grep -v '^%' | first 200 || true; done; export MANWIDTH=90 MANROFFOPT=-c; for f in "$ROOT"/usr/share/man/zh_CN/man*/{bash,tar,sed,gawk,ssh,rpm,wget,iptables,cron,find,grep,make,gcc,apt,dpkg}*.gz; do [ -f $f ] && man -l $f 2>/dev/null | col -bx | sed 's/^ *//' | first 150 || true; done`,
  },
];

// ------------------------------------------------------------------------------------------- the making

/** @typedef {{kind: string, command: string, versions: string[], printed: number, lines: number, bytes: number}} Entry */

/** @param {string} file @returns {string[]} */
const linesOf = (file) => gunzipSync(readFileSync(file)).toString('utf8').split('\n').slice(0, -1);

async function main() {
  const option = process.argv.indexOf('--only');
  const only = option < 0 ? undefined : new Set(process.argv[option + 1]?.split(','));
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  const chosen = KINDS.filter(({ name }) => !only || only.has(name)).map((kind) => ({
    limit: LIMIT,
    ...kind,
  }));
  const { texts, notRun, cleaner, work } = await runSources(chosen, { tools: TOOLS, say });
  mkdirSync(FOLDER, { recursive: true });
  /** @type {{kinds: Entry[], not_run: {name: string, reason: string}[]}} */
  const { kinds: before, not_run: missed } = existsSync(MANIFEST)
    ? JSON.parse(readFileSync(MANIFEST, 'utf8'))
    : { kinds: [], not_run: [] };
  const stay = only ? before.filter(({ kind }) => !texts.some(({ name }) => name === kind)) : [];
  const known = [
    join(PROJECT, 'data', 'background.txt.gz'),
    ...stay.map(({ kind }) => join(FOLDER, `${kind}.gz`)),
  ];
  const made = cleaner
    .clean(texts, { seen: known.flatMap(linesOf), coloured: true })
    .map(({ name, command, versions, printed, fresh, limit }) => {
      const text = `${spread(fresh, limit).join('\n')}\n`;
      return { name, command, versions, printed, text, packed: gzipSync(text, { level: 9 }) };
    });
  for (const { kind } of before)
    if (!stay.some((s) => s.kind === kind)) rmSync(join(FOLDER, `${kind}.gz`), { force: true });
  for (const { name, packed } of made) await replaceFile(join(FOLDER, `${name}.gz`), packed);
  const kinds = [
    ...stay,
    ...made.map(({ name, command, versions, printed, text, packed }) => {
      return {
        kind: name,
        command,
        versions,
        printed,
        lines: text.split('\n').length - 1,
        bytes: packed.length,
      };
    }),
  ].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  const summary = {
    made_by: 'node scripts/silence.mjs',
    date: new Date().toISOString().slice(0, 10),
    lines: kinds.reduce((sum, { lines }) => sum + lines, 0),
    bytes: kinds.reduce((sum, { bytes }) => sum + bytes, 0),
    not_run: [...missed.filter(({ name }) => !notRun.some((n) => n.name === name)), ...notRun].filter(
      ({ name }) => KINDS.some((k) => k.name === name) && !kinds.some(({ kind }) => kind === name),
    ),
    kinds,
  };
  await replaceFile(MANIFEST, `${JSON.stringify(summary, null, 2)}\n`);
  for (const { kind, lines, printed, bytes } of kinds)
    say(`${String(lines).padStart(6)} of ${printed} lines, ${bytes} bytes packed: ${kind}`);
  for (const { name, reason } of notRun) say(`not run: ${name}: ${reason}`);
  say(`${summary.lines} lines of ${kinds.length} kinds, ${summary.bytes} bytes packed: ${FOLDER}`);
  if (!process.argv.includes('--keep')) rmSync(work, { recursive: true, force: true });
  else say(work);
}

await main();
