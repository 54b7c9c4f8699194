#!/usr/bin/env bash
# Makes examples/postgres-startup.log: what a real PostgreSQL server writes from start-up on, in an ordinary hour's
# trouble packed into half a minute, with one real fault in it: the nightly export is refused ("Peer authentication
# failed").
# usage: examples/make-postgres-startup-log.sh [OUTPUT]     (needs root and a PostgreSQL 15 server; half a minute)
#
# Nothing in the log is typed. Run as root, since several accounts connect; those that every Debian has serve, none is
# added. The cluster lives in a temporary folder, listens on a high loopback port, and is gone afterwards.
set -euo pipefail
out=$(realpath -m "${1:-$(dirname "$0")/postgres-startup.log}")
bin=$(ls -d /usr/lib/postgresql/*/bin "${TOOLS:-/nonexistent}"/usr/lib/postgresql/*/bin 2>/dev/null | head -n 1 || true)
[ "$(id -u)" = 0 ] || { echo 'needs root' >&2; exit 1; }
work=$(mktemp -d /tmp/pg.XXXXXX)
data=$work/data log=$work/postgresql.log port=$((20000 + RANDOM % 12000))
chmod 755 "$work"
mkdir "$work/run"
chown daemon "$work" "$work/run"

as() { # ACCOUNT [NAME=VALUE…] COMMAND…
  local account=$1
  shift
  (cd / && setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups env -i PATH="$bin:/usr/bin:/bin" \
    HOME=/nonexistent LC_ALL=C.UTF-8 TZ=UTC ${LD_LIBRARY_PATH:+LD_LIBRARY_PATH="$LD_LIBRARY_PATH"} \
    PGHOST="$work/run" PGPORT="$port" "$@" </dev/null) >>"$work/clients" 2>&1
}
start() { as daemon pg_ctl --pgdata="$data" --log="$log" --options="-p $port" --wait start; }
stop() { as daemon pg_ctl --pgdata="$data" --mode="$1" --wait stop; }
session() { # ACCOUNT APPLICATION DATABASE STATEMENT…
  local account=$1 name=$2 database=$3 statements=()
  shift 3
  for statement; do statements+=(-c "$statement"); done
  as "$account" PGAPPNAME="$name" psql -X -d "$database" "${statements[@]}" || true
}
admin() { session daemon psql "$@"; }
shop() { session bin shopd shop "$@"; } # bin is the account that the shop runs as
finish() {
  [ ! -s "$data/postmaster.pid" ] || stop immediate || true
  rm -rf "$work"
}
trap finish EXIT

as daemon initdb --no-sync --pgdata="$data" --username=daemon --encoding=UTF8 --locale=C.UTF-8 \
  --auth-local=peer --auth-host=scram-sha-256
cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$work/run'
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
log_checkpoints = on
log_connections = on
log_disconnections = on
log_lock_waits = on
log_temp_files = 0
log_statement = 'ddl'
log_min_duration_statement = '120ms'
log_autovacuum_min_duration = '15ms'
autovacuum_naptime = '1s'
deadlock_timeout = '200ms'
max_wal_size = '32MB'
min_wal_size = '32MB'
work_mem = '64kB'
shared_buffers = '16MB'
CONF

start
admin postgres 'CREATE ROLE bin LOGIN' 'CREATE DATABASE shop OWNER bin' \
  'SET log_statement = none' "CREATE ROLE export LOGIN PASSWORD 'pw-export'"
shop 'CREATE TABLE customer (id serial PRIMARY KEY, email text NOT NULL UNIQUE)' \
  'CREATE TABLE orders (id serial PRIMARY KEY, customer int NOT NULL REFERENCES customer, cents int CHECK (cents > 0), note text)' \
  'GRANT SELECT ON ALL TABLES IN SCHEMA public TO export'
shop "INSERT INTO customer (email) SELECT 'c' || n || '@example.org' FROM generate_series(1, 2000) n" \
  "INSERT INTO orders (customer, cents, note) SELECT 1 + n % 2000, 100 + n, repeat('x', 200) FROM generate_series(1, 60000) n" \
  'CREATE INDEX orders_by_customer ON orders (customer)'

# What a shop's day looks like: slow statements, sorts that spill, mistakes.
shop 'SELECT customer, sum(cents) FROM orders GROUP BY customer ORDER BY 2 DESC LIMIT 3'
shop 'SELECT a.id FROM orders a JOIN orders b ON a.note = b.note WHERE a.id < 40 ORDER BY b.cents LIMIT 1'
shop "INSERT INTO customer (email) VALUES ('c7@example.org')" 'SELECT name FROM customer WHERE id = 7'
shop 'SELECT count(*) FROM invoices'
shop 'INSERT INTO orders (customer, cents) VALUES (1, -5)' 'INSERT INTO orders (customer, cents) VALUES (NULL, 5)' \
  'DELETE FROM customer WHERE id = 3'
shop 'SELECT * FORM orders' "SELECT 'twelve'::int"
shop 'SET statement_timeout = 300' 'SELECT pg_sleep(2)'
shop 'SELECT pg_sleep(0.15)' 'UPDATE orders SET cents = cents + 1 WHERE id % 3 = 0'
admin postgres CHECKPOINT
# Somebody waits for a lock, and two wait for each other.
shop 'BEGIN; LOCK TABLE customer; SELECT pg_sleep(0.6); COMMIT' &
sleep 0.2
shop 'SELECT count(*) FROM customer'
wait
shop 'BEGIN; UPDATE customer SET email = email WHERE id = 1; SELECT pg_sleep(0.4); UPDATE customer SET email = email WHERE id = 2; COMMIT' &
shop 'BEGIN; UPDATE customer SET email = email WHERE id = 2; SELECT pg_sleep(0.4); UPDATE customer SET email = email WHERE id = 1; COMMIT'
wait
sleep 1.5

# A planned restart, with somebody still connected.
shop 'SELECT pg_sleep(30)' &
sleep 0.4
stop fast
wait
start
for n in 1 2 3; do shop "SELECT count(*) FROM orders WHERE customer = $n"; done
shop 'DELETE FROM orders WHERE id % 4 = 0'

# The fault: the export has a password, but goes through the socket, under another account. It tries three times.
for _ in 1 2 3; do
  as www-data PGPASSWORD=pw-export PGAPPNAME=export psql -wX -U export -d shop -c 'SELECT count(*) FROM orders' || true
  shop 'SELECT count(*) FROM customer'
  sleep 0.7
done
shop 'VACUUM ANALYZE orders' 'SELECT id, 100 / (cents - cents) FROM orders LIMIT 1'
shop 'ALTER TABLE orders ADD COLUMN paid boolean DEFAULT false' 'UPDATE orders SET paid = true WHERE id % 2 = 0'
admin postgres "ALTER SYSTEM SET work_mem = '1MB'" 'SELECT pg_reload_conf()'
sleep 1.2

# A backend is killed, as the kernel does when memory runs out: everybody is thrown out, and the server recovers.
shop 'SELECT pg_sleep(30)' &
sleep 0.5
victim=$(as daemon psql -XAt -d postgres -o "$work/victim" -c "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND application_name = 'shopd'" && cat "$work/victim")
kill -KILL "$victim"
wait
for _ in $(seq 50); do if as daemon pg_isready -d postgres; then break; fi; sleep 0.4; done
shop 'SELECT count(*) FROM orders'
# The machine loses power, and comes back.
shop "INSERT INTO orders (customer, cents) SELECT 1 + n % 2000, n FROM generate_series(1, 5000) n"
stop immediate
start
shop 'SELECT count(*) FROM orders WHERE paid' 'SELECT max(cents) FROM orders'
sleep 1.2
stop fast
cp "$log" "$out"
chmod 644 "$out"
wc -l "$out"
