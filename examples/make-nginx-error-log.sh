#!/usr/bin/env bash
# Makes examples/nginx-error.log: the error log of a real nginx, some minutes in the life of a small shop, in which one
# upstream begins to refuse TLS handshakes.
# usage: examples/make-nginx-error-log.sh [OUTPUT]    (as root, on Linux; needs nginx >= 1.19.5, openssl, node >= 20; about a minute)
#        NGINX_BIN=/path/to/nginx chooses another nginx.
#
# No line of the log is typed. nginx serves a shop from /srv (a private, empty one, gone afterwards), visitors come from
# addresses of the loopback network, and what they do wrong and what the shop's services do wrong is done for real:
# missing files, forbidden folders, too many requests, wrong passwords, bodies that are too large, TLS clients without a
# common cipher, a service that is too slow, one that is down, reloads, a log rotation. Half way through, the payment
# service moves behind a TLS server that picks its certificate by name, and nginx sends no name (SNI).
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  out=$(realpath -m "${1:-$(dirname "$0")/nginx-error.log}")
  [ "$(id -u)" = 0 ] || { echo "needs root, for a private /srv and /etc/hosts" >&2; exit 2; }
  exec unshare -m --propagation private bash "$(realpath "$0")" --inside "$out"
fi
out=$2
nginx=${NGINX_BIN:-nginx}
mount -t tmpfs -o mode=755 shop /srv
mkdir -p /srv/www/shop/{css,img,admin,downloads} /srv/www/media /srv/nginx/{tmp,log} /srv/etc
printf '127.0.0.1 localhost\n127.0.0.20 stock\n127.0.0.21 payments-a.internal\n127.0.0.22 payments-b.internal\n' >/srv/etc/hosts
mount --bind /srv/etc/hosts /etc/hosts
export LC_ALL=C.UTF-8 HOME=/srv
unset NODE_OPTIONS NGINX
cd /srv
echo '<h1>shop</h1>' >www/shop/index.html
echo 'body{}' >www/shop/css/site.css
head -c 900000 /dev/zero >www/shop/downloads/catalogue.pdf
echo secret >www/shop/img/.htpasswd
chmod 700 www/media
printf 'anna:%s\n' "$(openssl passwd -apr1 -salt shopshop right)" >etc/htpasswd
openssl req -x509 -nodes -newkey rsa:2048 -days 30 -subj /CN=pay.example.net -addext subjectAltName=DNS:pay.example.net -keyout etc/pay.key -out etc/pay.crt 2>/dev/null
openssl req -x509 -nodes -newkey rsa:2048 -days 30 -subj /CN=www.example.com -addext subjectAltName=DNS:www.example.com -keyout etc/www.key -out etc/www.crt 2>/dev/null
chmod -R go+rX www/shop etc nginx
chmod 777 nginx/tmp

cat >etc/nginx.conf <<'CONF'
user nobody nogroup;
worker_processes 2;
pid /srv/nginx/nginx.pid;
error_log /srv/nginx/log/error.log info;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path /srv/nginx/tmp/body;
    proxy_temp_path /srv/nginx/tmp/proxy;
    fastcgi_temp_path /srv/nginx/tmp/fastcgi;
    uwsgi_temp_path /srv/nginx/tmp/uwsgi;
    scgi_temp_path /srv/nginx/tmp/scgi;
    keepalive_timeout 2s;
    client_max_body_size 64k;
    client_body_buffer_size 8k;
    limit_req_zone $binary_remote_addr zone=search:1m rate=4r/s;

    upstream stock { server stock:8101 fail_timeout=1s; server stock:8102 backup fail_timeout=1s; }
    upstream payments { server payments-a.internal:8443 fail_timeout=1s; server payments-b.internal:8443 fail_timeout=1s; }

    server {
        listen 127.0.0.1:8080;
        listen 127.0.0.1:8444 ssl;
        server_name www.example.com;
        ssl_certificate /srv/etc/www.crt;
        ssl_certificate_key /srv/etc/www.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        root /srv/www/shop;

        location / { index index.html; }
        location /downloads/ { }
        location ~ /\.ht { deny all; }
        location /media/ { root /srv/www; }
        location /admin/ { auth_basic "shop"; auth_basic_user_file /srv/etc/htpasswd; }
        location /internal/ { allow 127.0.0.1; deny all; }
        location /search { limit_req zone=search burst=3; proxy_pass http://stock; }
        location /stock/ { proxy_pass http://stock; proxy_read_timeout 1s; proxy_buffers 4 8k; }
        location /upload { proxy_pass http://stock; }
        location /pay/ { proxy_pass https://payments; proxy_next_upstream error timeout; }
        location /health { proxy_pass http://127.0.0.1:8109; }
    }
}
CONF

cat >etc/services.mjs <<'JS'
// The shop's services. Usage: node services.mjs stock | payments ADDRESS by-address|by-name
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
const [what, address, certificate] = process.argv.slice(2);
if (what === 'stock') {
  createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://stock');
    if (pathname.startsWith('/stock/slow')) return void setTimeout(() => response.end('late\n'), 2500);
    if (pathname.startsWith('/stock/crash')) return void request.socket.destroy();
    if (pathname.startsWith('/stock/all')) return void response.end('x'.repeat(3_000_000));
    request.on('error', () => {}).resume().on('end', () => response.end('ok\n'));
  }).listen(8101, '127.0.0.20');
} else {
  const pair = { cert: readFileSync('/srv/etc/pay.crt'), key: readFileSync('/srv/etc/pay.key') };
  const server = createTlsServer(certificate === 'by-address' ? pair : {}, (_, response) => response.end('paid\n'));
  if (certificate === 'by-name') server.addContext('pay.example.net', pair);
  server.listen(8443, address);
}
JS

cat >etc/visitors.mjs <<'JS'
// So many visitors, one after the other; a fixed seed, so that each run has the same visitors in the same order.
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as tlsConnect } from 'node:tls';
const [seed, count] = process.argv.slice(2).map(Number);
let state = seed;
const random = (n) => { state = (state * 1103515245 + 12345) % 2 ** 31; return Math.floor((state / 2 ** 31) * n); };
const pick = (list) => list[random(list.length)];
const from = () => `127.0.${random(4)}.${30 + random(200)}`;
const ask = (path, options = {}, body = undefined) =>
  new Promise((done) => {
    const call = request({ host: '127.0.0.1', port: 8080, path, localAddress: from(), agent: false, ...options,
      headers: { Host: 'www.example.com', ...options.headers } }, (response) => {
      if (options.leave) return void (call.destroy(), done());
      response.resume().on('end', done).on('error', done);
    });
    call.on('error', done).end(body);
    if (options.leaveAfter) setTimeout(() => (call.destroy(), done()), options.leaveAfter);
  });
const raw = (text) => new Promise((done) => {
  const socket = connect({ host: '127.0.0.1', port: 8080, localAddress: from() }, () => socket.write(text));
  socket.on('close', done).on('error', done).resume();
  setTimeout(() => socket.destroy(), 300);
});
const tls = (options) => new Promise((done) => {
  const socket = tlsConnect({ host: '127.0.0.1', port: 8444, servername: 'www.example.com', rejectUnauthorized: false, ...options }, () => socket.end());
  socket.on('close', done).on('error', done);
});
const order = () => `/pay/orders/${1000 + random(9000)}`;
const doings = [
  [14, () => ask('/')], [6, () => ask('/css/site.css', { headers: { Referer: 'https://www.example.com/' } })],
  [8, () => ask(pick(['/favicon.ico', '/robots.txt', '/apple-touch-icon.png', '/img/logo@2x.png', '/wp-login.php', '/.env', '/old/shop.php?id=7', '/css/print.css', '/sitemap.xml']), { headers: pick([{}, { Referer: 'https://www.example.com/' }]) })],
  [3, () => ask('/img/')], [2, () => ask('/img/.htpasswd')], [2, () => ask('/media/teaser.mp4')],
  [2, () => ask('/internal/metrics')],
  [2, () => ask('/admin/')], [2, () => ask('/admin/', { auth: pick(['anna:wrong', 'root:toor', 'admin:admin']) })],
  [3, async () => { const localAddress = from(); await Promise.all(Array.from({ length: 4 + random(4) }, (_, i) => ask(`/search?q=${pick(['lamp', 'chair', 'desk'])}&page=${i}`, { localAddress }))); }],
  [3, () => ask('/stock/all')], [2, () => ask(`/stock/slow/${random(90)}`)], [1, () => ask('/stock/crash')],
  [2, () => ask('/upload', { method: 'POST' }, Buffer.alloc(20_000))], [2, () => ask('/upload', { method: 'POST' }, Buffer.alloc(90_000))],
  [2, () => ask('/health')], [2, () => ask('/stock/slow/gone', { leaveAfter: 200 })],
  [1, () => ask('/downloads/catalogue.pdf', { leave: true })],
  [1, () => raw('GET / HTTP/1.1\r\nHost: www.example.com\r\nBad header\x01: 1\r\n\r\n')], [1, () => raw('help\r\n\r\n')], [1, () => raw('GET / HTTP/1.1\r\n\r\n')],
  [1, () => tls({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })], [1, () => tls({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' })],
  [1, () => raw('')],
  [5, () => ask(order(), { method: 'POST', headers: { Referer: 'https://www.example.com/cart' } }, 'cart=1')],
];
const chances = doings.flatMap(([weight, what]) => Array(weight).fill(what));
for (let i = 0; i < count; i++) { await pick(chances)(); await sleep(random(120)); }
JS

pids=()
serve() { node etc/services.mjs "$@" & pids+=($!); }
finish() {
  "$nginx" -p /srv/nginx -c /srv/etc/nginx.conf -e /srv/nginx/log/error.log -s stop 2>/dev/null || true
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap finish EXIT
control() { "$nginx" -p /srv/nginx -c /srv/etc/nginx.conf -e /srv/nginx/log/error.log "$@"; sleep 0.5; }

serve stock
serve payments 127.0.0.21 by-address
serve payments 127.0.0.22 by-address
sleep 1
control
node etc/visitors.mjs 7 85
control -s reload
node etc/visitors.mjs 11 50
# The payment service moves: first one of its two hosts, then the other.
kill "${pids[1]}"; serve payments 127.0.0.21 by-name
node etc/visitors.mjs 23 55
kill "${pids[2]}"; serve payments 127.0.0.22 by-name
node etc/visitors.mjs 42 65
control -s reload # somebody hopes that this helps
node etc/visitors.mjs 5 50
control -s quit
sleep 3
mkdir -p "$(dirname "$out")"
cp nginx/log/error.log "$out"
