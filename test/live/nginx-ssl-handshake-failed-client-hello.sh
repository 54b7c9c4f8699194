#!/usr/bin/env bash
# Provokes nginx's "alert handshake failure … while SSL handshaking to upstream" afresh, cause by cause, and its look-alikes.
# needs: debian:nginx debian:openssl
# One nginx with a server block and an error log for each case; upstreams are `openssl s_server` and Node.
set -euo pipefail

: "${OUT:?a fresh folder for the logs}" "${TOOLS:?an unpacked Debian root}"
work=$(mktemp -d)
pids=()
cleanup() {
  if [ -s "$work/nginx.pid" ]; then kill "$(cat "$work/nginx.pid")" 2>/dev/null || true; fi
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
export HOME=$work LC_ALL=C.UTF-8
unset NODE_OPTIONS OPENSSL_CONF
nginx=$TOOLS/usr/sbin/nginx
openssl=$TOOLS/usr/bin/openssl
[ -x "$openssl" ] || openssl=$(command -v openssl)
cd "$work"

certificate() { # NAME CN KEY-OPTIONS…: self-signed
  local name=$1 cn=$2
  shift 2
  "$openssl" req -x509 -nodes -days 2 -subj "/CN=$cn" -addext "subjectAltName=DNS:$cn" -keyout "$name.key" -out "$name.crt" "$@" 2>/dev/null
}
certificate rsa shop.example -newkey rsa:2048
certificate ec shop.example -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
"$openssl" dhparam -dsaparam -out dh1024.pem 1024 2>/dev/null

mapfile -t ports < <(node -e '
  const servers = Array.from({ length: 48 }, () => require("net").createServer().listen(0, "127.0.0.1"));
  Promise.all(servers.map((s) => new Promise((done) => s.on("listening", done)))).then(() => {
    for (const s of servers) { console.log(s.address().port); s.close(); }
  });')
next=0
port() { printf -v "$1" %s "${ports[next++]}"; }
reachable() { # PORT
  for _ in {1..250}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.02
  done
  echo "nothing listens on port $1" >&2
  return 1
}

# https.mjs PORT [NAME]: has a certificate for NAME only, or none at all
cat >https.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
const [port, name] = process.argv.slice(2);
const server = createServer({}, (_, response) => response.end('ok\n'));
if (name) server.addContext(name, { key: readFileSync('rsa.key'), cert: readFileSync('rsa.crt') });
server.listen(Number(port), '127.0.0.1');
JS
upstream() { # s_server OPTIONS…: sets $up
  port up
  "$openssl" s_server -accept "127.0.0.1:$up" -www "$@" </dev/null >/dev/null 2>&1 &
  pids+=($!)
  listening+=("$up")
}
by_name() { # [NAME]: sets $up
  port up
  node https.mjs "$up" "$@" >/dev/null 2>&1 &
  pids+=($!)
  listening+=("$up")
}
listening=()
urls=()
case_() { # LOG PROXY_PASS DIRECTIVES: a server block with its own error log
  local here
  port here
  cat >>sites.conf <<CONF
server {
    listen 127.0.0.1:$here;
    server_name www.example.com;
    error_log $OUT/$1.log info;
    location / {
        proxy_pass $2;
        $3
    }
}
CONF
  urls+=("http://127.0.0.1:$here/v1/orders")
}
group() { # NAME PORT: an upstream block, which stands in for a name in the DNS
  echo "upstream $1 { server 127.0.0.1:$2 max_fails=0; }" >>sites.conf
}
sni='proxy_ssl_server_name on;'
named="$sni proxy_ssl_name shop.example;"
rsa=(-cert rsa.crt -key rsa.key)

by_name shop.example
group shop.example "$up"
group backend "$up"
case_ match.no-sni https://shop.example ''
case_ match.address-without-name "https://127.0.0.1:$up" "$sni"
case_ match.wrong-sni https://backend "$sni"
by_name
case_ match.upstream-no-certificate "https://127.0.0.1:$up" "$named"
upstream "${rsa[@]}" -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
case_ match.own-cipher-list "https://127.0.0.1:$up" "$named proxy_ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;"
upstream -cert ec.crt -key ec.key -tls1_2
case_ match.certificate-type "https://127.0.0.1:$up" "$named proxy_ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384;"
upstream "${rsa[@]}" -tls1_2 -cipher ECDHE-RSA-CAMELLIA128-SHA256
case_ match.upstream-only-old-ciphers "https://127.0.0.1:$up" "$named"
upstream "${rsa[@]}" -cipher ECDHE-ECDSA-AES128-GCM-SHA256
case_ match.tls12-unusable "https://127.0.0.1:$up" "$named proxy_ssl_protocols TLSv1.2;"
upstream "${rsa[@]}" -tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256
case_ match.tls13-suite "https://127.0.0.1:$up" "$named proxy_ssl_protocols TLSv1.2 TLSv1.3;"
upstream "${rsa[@]}" -tls1_2 -curves brainpoolP256r1 -cipher ECDHE
case_ match.no-common-group "https://127.0.0.1:$up" "$named"
upstream "${rsa[@]}" -tls1_2 -sigalgs RSA+SHA1 -cipher DEFAULT:@SECLEVEL=0
case_ match.sha1-signatures "https://127.0.0.1:$up" "$named proxy_ssl_ciphers DEFAULT:@SECLEVEL=2;"
upstream "${rsa[@]}" -tls1_2 -Verify 1 -CAfile rsa.crt
case_ match.client-certificate-missing "https://127.0.0.1:$up" "$named"
upstream "${rsa[@]}" -tls1_2 -Verify 1 -CAfile rsa.crt -client_sigalgs RSA+SHA256
case_ match.client-certificate-unusable "https://127.0.0.1:$up" "$named proxy_ssl_certificate $work/ec.crt; proxy_ssl_certificate_key $work/ec.key;"

upstream "${rsa[@]}" -tls1_3
case_ near-miss.protocol-version "https://127.0.0.1:$up" "$named proxy_ssl_protocols TLSv1.2;"
upstream "${rsa[@]}"
case_ near-miss.certificate-verify-failed "https://127.0.0.1:$up" "$named proxy_ssl_verify on; proxy_ssl_trusted_certificate $work/ec.crt;"
port plain
case_ near-miss.wrong-version-number "https://127.0.0.1:$plain" "$named"
port rejecting
case_ near-miss.unrecognized-name "https://127.0.0.1:$rejecting" ''
port weak
cat >>sites.conf <<CONF
server { listen 127.0.0.1:$plain; return 200 ok; }
server { listen 127.0.0.1:$rejecting ssl; ssl_reject_handshake on; }
server {
    listen 127.0.0.1:$weak ssl;
    error_log $OUT/near-miss.visitor-sent-alert-40.log info;
    ssl_certificate $work/rsa.crt;
    ssl_certificate_key $work/rsa.key;
    ssl_protocols TLSv1.2;
    ssl_ciphers DHE:@SECLEVEL=0;
    ssl_dhparam $work/dh1024.pem;
}
CONF

# The name moves while nginx runs: needs a private /etc/hosts, which takes root.
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
  port moved
  for address in 127.0.0.1:shop.example 127.0.0.2:other.example; do
    sed "s/127.0.0.1/${address%%:*}/" https.mjs >"https-${address%%:*}.mjs"
    node "https-${address%%:*}.mjs" "$moved" "${address#*:}" >/dev/null 2>&1 &
    pids+=($!)
  done
  listening+=("$moved")
  case_ match.stale-address "https://moved.example:$moved" "$named"
  echo '127.0.0.2 moved.example' >hosts
fi

cat >nginx.conf <<CONF
pid $work/nginx.pid;
error_log $work/error.log;
worker_processes 1;
events { worker_connections 128; }
http {
    access_log off;
    client_body_temp_path $work/t1;
    proxy_temp_path $work/t2;
    fastcgi_temp_path $work/t3;
    uwsgi_temp_path $work/t4;
    scgi_temp_path $work/t5;
    include $work/sites.conf;
}
CONF
for one in "${listening[@]}"; do reachable "$one"; done
start=("$nginx" -p "$work" -c "$work/nginx.conf")
# shellcheck disable=SC2143
if [ -n "$("$nginx" -h 2>&1 | grep -e ' -e ')" ]; then start+=(-e "$work/error.log"); fi
if [ -e hosts ]; then
  # shellcheck disable=SC2016
  unshare -m bash -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$work/hosts" "${start[@]}"
else
  "${start[@]}"
fi
reachable "$weak"
if [ -e hosts ]; then echo '127.0.0.1 moved.example' >hosts; fi

node -e '
  const urls = process.argv.slice(1);
  Promise.all(urls.map((url) => fetch(url).then((r) => r.text()))).catch((e) => { console.error(e); process.exit(1); });
' "${urls[@]}"
"$openssl" s_client -connect "127.0.0.1:$weak" -tls1_2 -cipher DHE:@SECLEVEL=2 </dev/null >/dev/null 2>&1 || true
port nobody
by_name
reachable "$up"
"$openssl" s_client -connect "127.0.0.1:$up" -servername shop.example </dev/null >"$OUT/near-miss.openssl-s-client.log" 2>&1 || true
