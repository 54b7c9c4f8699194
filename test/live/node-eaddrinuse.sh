#!/usr/bin/env bash
# Provokes EADDRINUSE afresh, cause by cause, and its look-alikes. Runs the node on the PATH.
# needs: debian:perl-base
# Only loopback-reachable high ports of this machine, all freed at the end.
set -euo pipefail

: "${OUT:?a fresh folder for the logs}"
work=$(mktemp -d)
holders=()
finish() {
  for pid in "${holders[@]}"; do
    kill "$pid" 2>/dev/null && sleep 0.1 && kill -KILL "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
unset NODE_OPTIONS FORCE_COLOR

cat >app.js <<'JS'
const http = require('http');
const port = process.env.PORT || 3000;
const server = http.createServer((req, res) => res.end('hello\n'));
server.listen(port, process.env.HOST, () => console.log(`listening on ${port}`));
JS
cat >twice.js <<'JS'
const http = require('http');
const app = (req, res) => res.end('hello\n');
const port = process.env.PORT || 3000;
http.createServer(app).listen(port, () => console.log(`API listening on ${port}`));
http.createServer(app).listen(port, () => console.log(`listening on ${port}`));
JS
cat >launch.js <<'JS'
const { spawn } = require('child_process');
const children = [0, 1].map(() => spawn(process.execPath, ['app.js'], { stdio: 'inherit' }));
for (const child of children) child.on('exit', () => children.forEach((other) => other.kill()));
JS
cat >slow.js <<'JS'
const http = require('http');
const server = http.createServer().listen(process.env.PORT, () => console.log('listening'));
process.on('SIGTERM', () => console.log('draining'));
JS
cat >client.pl <<'PL'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die;
my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->sockport) or die;
$| = 1;
print "listening ", $client->sockport, "\n";
sleep 60;
PL
cat >other.pl <<'PL'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => $ARGV[0], LocalPort => $ARGV[1], Listen => 1, ReuseAddr => 1) or die;
$| = 1;
print "listening\n";
sleep 60;
PL

free_port() { # below the range that the kernel hands out to clients
  node -e '
    const { createServer } = require("net");
    const attempt = () => {
      const port = 20000 + Math.floor(Math.random() * 10000);
      const server = createServer().on("error", attempt);
      server.listen(port, () => server.close(() => console.log(port)));
    };
    attempt();'
}
hold() { # CMD…: starts it and waits until it says that it listens; $holder is its pid
  : >holder.log
  "$@" >holder.log 2>&1 &
  holder=$!
  holders+=("$holder")
  for _ in $(seq 100); do
    grep -q listening holder.log && return 0
    sleep 0.05
  done
  cat holder.log >&2
  return 1
}
release() { kill -KILL "$holder" 2>/dev/null || true; wait "$holder" 2>/dev/null || true; }
attempt() { timeout 10 node "$@" 2>&1 || true; }

export PORT
PORT=$(free_port)
hold node app.js
attempt app.js >"$OUT/match.earlier-instance.log"
kill -STOP "$holder"
attempt app.js >"$OUT/match.stopped-job.log"
release

PORT=$(free_port)
hold perl other.pl 0.0.0.0 "$PORT"
attempt app.js >"$OUT/match.other-program.log"
release

PORT=$(free_port)
hold perl other.pl 127.0.0.1 "$PORT"
attempt app.js >"$OUT/match.overlapping-address.log"
release

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  chmod 755 "$work"
  PORT=$(free_port)
  hold setpriv --reuid 65534 --regid 65534 --clear-groups node app.js
  attempt app.js >"$OUT/match.other-user.log"
  release
fi

PORT=$(free_port)
hold sh -c 'trap "kill \$child; exit" TERM; while :; do node app.js & child=$!; wait; sleep 0.2; done'
attempt app.js >"$OUT/match.supervised.log"
kill "$holder"
wait "$holder" 2>/dev/null || true

PORT=$(free_port)
attempt twice.js >"$OUT/match.listen-twice.log"

PORT=$(free_port)
attempt launch.js >"$OUT/match.started-twice.log"

PORT=$(free_port)
hold node slow.js
kill "$holder"
attempt app.js >"$OUT/match.old-still-closing.log"
release

hold perl client.pl
PORT=$(grep -o '[0-9]*$' holder.log)
attempt app.js >"$OUT/match.ephemeral-port.log"
release

PORT=$work/app.sock
hold node app.js
attempt app.js >"$OUT/match.earlier-instance-socket.log"
release
attempt app.js >"$OUT/match.stale-socket-file.log"

PORT=$(free_port)
export UDP=$PORT
attempt -e 'const { createSocket } = require("dgram");
  createSocket("udp4").bind(+process.env.UDP, () => createSocket("udp4").bind(+process.env.UDP));' >"$OUT/match.udp.log"

attempt -e 'require("net").createServer().listen(0, "192.0.2.1")' >"$OUT/near-miss.eaddrnotavail.log"
attempt -e 'const s = require("net").createServer(); s.listen(0); s.listen(0)' >"$OUT/near-miss.already-listening.log"
NO_FOLDER=$work/no-such-folder/app.sock attempt -e 'require("net").createServer().listen(process.env.NO_FOLDER)' >"$OUT/near-miss.socket-folder-missing.log"
attempt -e 'require("net").connect(1, "127.0.0.1")' >"$OUT/near-miss.econnrefused.log"
