#!/usr/bin/env bash
# needs: debian:postgresql-15
# Provokes "Peer authentication failed" afresh: $OUT/match.<cause>.log, and other refusals: $OUT/near-miss.<name>.log.
# Several accounts are needed; those that every Debian has serve (daemon runs the server), none is added.
set -euo pipefail
: "${OUT:?a fresh folder for the logs}"
if [ "$(id -u)" != 0 ]; then
  echo 'needs root, to connect as several accounts of the machine'
  exit 77
fi
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$bin" ] || bin=$(ls -d "${TOOLS:-/nonexistent}"/usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$bin" ] || { echo 'there is no PostgreSQL server here'; exit 77; }

work=$(mktemp -d "${TMPDIR:-/tmp}/pg.XXXXXX")
data=$work/data hba=$work/data/pg_hba.conf ident=$work/data/pg_ident.conf log=$work/server.log
chmod 755 "$work"
mkdir "$work/run"
chown daemon "$work" "$work/run"
chmod 755 "$work/run"

# as ACCOUNT [NAME=VALUE…] COMMAND…: with that account's ids and a clean environment. An account may be a number.
as() {
  local account=$1 group=65534
  shift
  group=$(id -g "$account" 2>/dev/null) || group=65534
  (cd / && setpriv --reuid="$account" --regid="$group" --clear-groups env -i \
    PATH="$bin:/usr/bin:/bin" HOME=/nonexistent LC_ALL=C.UTF-8 TZ=UTC \
    ${LD_LIBRARY_PATH:+LD_LIBRARY_PATH="$LD_LIBRARY_PATH"} PGHOST="$work/run" PGPORT="$port" "$@" </dev/null)
}
stop() {
  if [ -s "$data/postmaster.pid" ]; then
    local pid
    pid=$(head -n 1 "$data/postmaster.pid")
    kill -QUIT "$pid" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -rf "$work"
}
trap stop EXIT
port=5432
as daemon true || { echo 'cannot become another account here (no setpriv, or not allowed)'; exit 77; }
as daemon postgres --version >/dev/null 2>&1 || { echo "account daemon cannot run $bin/postgres"; exit 77; }

as daemon initdb --no-sync --pgdata="$data" --username=daemon --encoding=UTF8 --locale=C.UTF-8 \
  --auth-local=peer --auth-host=scram-sha-256 >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; exit 1; }
cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$work/run'
fsync = off
shared_buffers = 16MB
max_connections = 20
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
CONF
for attempt in 1 2 3 4 5 6; do
  port=$((20000 + RANDOM % 12000))
  if as daemon pg_ctl --pgdata="$data" --log="$log" --options="-p $port" --wait start >"$work/start.log" 2>&1; then break; fi
  [ "$attempt" != 6 ] || { cat "$work/start.log" "$log" >&2; exit 1; }
done
as daemon psql -qX -d postgres -c 'CREATE ROLE mail LOGIN' -c "CREATE ROLE billing LOGIN PASSWORD 'pw-billing'" \
  -c 'CREATE ROLE bin LOGIN' -c 'CREATE DATABASE shop OWNER mail'

cp "$hba" "$work/hba"
cp "$ident" "$work/ident"
reload() {
  local before
  before=$(wc -l <"$log")
  as daemon pg_ctl --pgdata="$data" reload >/dev/null
  for _ in $(seq 50); do
    if tail -n "+$((before + 1))" "$log" | grep -q 'SIGHUP'; then break; fi
    sleep 0.05
  done
  sleep 0.2
}
# The healthy world again: mail and bin get in through the socket, billing gets in with its password over TCP.
fresh() {
  cat "$work/hba" >"$hba"
  cat "$work/ident" >"$ident"
  reload
  mark=$(wc -l <"$log")
}
first() { sed -i "1i $1" "$hba"; }
# One log: what the client said, then what the server wrote meanwhile.
both() { # NAME ACCOUNT [NAME=VALUE…] COMMAND…
  local name=$1
  shift
  { as "$@" || true; } >"$OUT/$name.log" 2>&1
  tail -n "+$((mark + 1))" "$log" >>"$OUT/$name.log"
}

fresh
both match.other-os-user bin psql -wX -U daemon -d postgres -c 'SELECT 1'
fresh
both match.service-account www-data psql -wX -U mail -d shop -c 'SELECT 1'
fresh
both match.socket-instead-of-tcp bin PGPASSWORD=pw-billing psql -wX -U billing -d shop -c 'SELECT 1'
fresh
echo 'local   shop            billing                                 scram-sha-256' >>"$hba"
reload
both match.rule-order bin PGPASSWORD=pw-billing psql -wX -U billing -d shop -c 'SELECT 1'
fresh
first 'local   shop            billing                                 scram-sha-256'
both match.not-reloaded bin PGPASSWORD=pw-billing psql -wX -U billing -d shop -c 'SELECT 1'
fresh
first 'local   shop            billing                                 scram-sha256'
reload
both match.reload-rejected bin PGPASSWORD=pw-billing psql -wX -U billing -d shop -c 'SELECT 1'
fresh
{ echo 'local   shop            billing                                 scram-sha-256'; cat "$hba"; } >"$work/run/pg_hba.conf"
reload
both match.wrong-file bin PGPASSWORD=pw-billing psql -wX -U billing -d shop -c 'SELECT 1'
fresh
echo 'apps            www-data                mail' >>"$ident"
reload
both match.map-not-referenced www-data psql -wX -U mail -d shop -c 'SELECT 1'
fresh
echo 'apps            mail                    www-data' >>"$ident"
first 'local   all             mail                                    peer map=apps'
reload
both match.map-incomplete www-data psql -wX -U mail -d shop -c 'SELECT 1'
fresh
both match.unintended-role bin PGUSER=mail psql -wX -d shop -c 'SELECT 1'
fresh
both match.uid-without-name 64242 psql -wX -U mail -d shop -c 'SELECT 1'

fresh
both near-miss.password-authentication-failed bin PGPASSWORD=wrong psql -wX -h 127.0.0.1 -U billing -d shop -c 'SELECT 1'
fresh
both near-miss.role-does-not-exist nobody psql -wX -d shop -c 'SELECT 1'
fresh
first 'host    shop            billing         127.0.0.1/32            ident'
reload
both near-miss.ident-authentication-failed bin psql -wX -h 127.0.0.1 -U billing -d shop -c 'SELECT 1'
fresh
sed -i '/^local/d' "$hba"
reload
both near-miss.no-pg-hba-entry mail psql -wX -d shop -c 'SELECT 1'
cat "$work/hba" >"$hba"
reload
mark=$(wc -l <"$log")
first 'host    shop            billing         127.0.0.1/32            peer'
reload
both near-miss.peer-on-a-host-line bin psql -wX -h 127.0.0.1 -U billing -d shop -c 'SELECT 1'

# The healthy world was healthy, or nothing above says anything.
fresh
[ "$(as mail psql -wXAt -d shop -c 'SELECT 42')" = 42 ]
[ "$(as bin PGPASSWORD=pw-billing psql -wXAt -h 127.0.0.1 -U billing -d shop -c 'SELECT 42')" = 42 ]
