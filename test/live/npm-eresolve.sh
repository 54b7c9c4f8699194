#!/usr/bin/env bash
# needs: npm:npm@8.19.4 npm:npm@10.9.9 npm:npm@11.21.2
# npm/eresolve: every cause in a project of its own, against a registry on loopback that serves made-up packages,
# so that "a newer release exists" or "there is none" is a fact here. Writes $OUT/match.* and $OUT/near-miss.*.
set -euo pipefail
: "${OUT:?a fresh folder}" "${TOOLS:?unpacked tools}"
OUT=$(realpath "$OUT")
for v in 8.19.4 10.9.9 11.21.2; do
  [ -f "$TOOLS/npm/npm-$v/node_modules/npm/bin/npm-cli.js" ] || { echo "npm $v is not at \$TOOLS/npm/npm-$v"; exit 77; }
done
work=$(mktemp -d)
registry=
trap '[ -z "$registry" ] || kill "$registry" 2>/dev/null || true; rm -rf "$work"' EXIT
unset "${!npm_config_@}" NODE_OPTIONS
export HOME="$work/home" npm_config_cache="$work/cache" npm_config_userconfig="$work/home/.npmrc" \
  npm_config_globalconfig="$work/none" npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false NO_COLOR=1
mkdir -p "$HOME"; : > "$HOME/.npmrc"

cat > "$work/registry.mjs" <<'JS'
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
const uses = (call) => `const core = require('@acme/core');\nmodule.exports = () => core.${call}();\n`;
const core1 = "exports.mount = () => 'mounted'; exports.render = () => 'rendered';\n";
const core2 = "exports.mount = () => 'mounted';\n"; // render() is gone
const peer = (range) => ({ peerDependencies: { '@acme/core': range } });
const packages = {
  '@acme/core': [['1.0.0', {}, core1], ['1.4.0', {}, core1], ['2.0.0-rc.1', {}, core2, 'next'], ['2.0.0', {}, core2]],
  '@acme/core-lite': [['10.1.0', {}, core2]],
  // The next major takes core 2.
  '@acme/charts': [['1.1.0', peer('^1.0.0'), uses('render')], ['2.0.0', peer('^2.0.0'), uses('mount')]],
  // Came to take core 2 in a minor release.
  '@acme/forms': [['1.0.0', peer('^1.0.0'), uses('mount')], ['1.1.0', peer('^1.0.0 || ^2.0.0'), uses('mount')]],
  // Abandoned, and needs what core 2 no longer has.
  '@acme/grid': [['1.0.0', peer('^1.0.0'), uses('render')]],
  // Never widened its range, yet works with core 2.
  '@acme/badge': [['1.0.0', peer('^1.0.0'), uses('mount')]],
  // Released in lockstep.
  '@acme/ui': [['1.0.0', {}, 'module.exports = 1;\n'], ['2.0.0', {}, 'module.exports = 2;\n']],
  '@acme/ui-dom': [['1.0.0', { peerDependencies: { '@acme/ui': '1.0.0' } }, ''], ['2.0.0', { peerDependencies: { '@acme/ui': '2.0.0' } }, '']],
  // Its own dependencies quarrel.
  '@acme/kit': [['1.0.0', { dependencies: { '@acme/core': '^2.0.0', '@acme/badge': '^1.0.0' } }, '']],
};
const tarball = (files) => {
  const blocks = [];
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text), head = Buffer.alloc(512);
    head.write(`package/${name}`);
    for (const [at, value] of [[100, '0000644\0'], [108, '0000000\0'], [116, '0000000\0'], [136, '00000000000\0'], [156, '0'], [257, 'ustar\x0000']])
      head.write(value, at);
    head.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write('        ', 148);
    head.write(`${[...head].reduce((a, b) => a + b, 0).toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(head, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
};
const tarballs = new Map(), documents = new Map();
const server = createServer((req, res) => {
  const path = decodeURIComponent(req.url).slice(1);
  if (tarballs.has(path)) return res.end(tarballs.get(path));
  res.setHeader('content-type', 'application/json');
  if (!documents.has(path)) res.statusCode = 404;
  res.end(JSON.stringify(documents.get(path) ?? { error: 'not found' }));
}).listen(0, '127.0.0.1', () => {
  const base = `http://127.0.0.1:${server.address().port}/`;
  for (const [name, releases] of Object.entries(packages)) {
    const document = { name, 'dist-tags': {}, versions: {} };
    for (const [version, extra, code, tag = 'latest'] of releases) {
      const manifest = { name, version, main: 'index.js', ...extra };
      const tgz = tarball({ 'package.json': JSON.stringify(manifest), 'index.js': code });
      const file = `${name}/-/${name.split('/')[1]}-${version}.tgz`;
      tarballs.set(file, tgz);
      document['dist-tags'][tag] = version;
      document.versions[version] = { ...manifest, dist: { tarball: base + file, integrity: `sha512-${createHash('sha512').update(tgz).digest('base64')}` } };
    }
    documents.set(name, document);
  }
  writeFileSync(process.argv[2], base);
});
JS
node "$work/registry.mjs" "$work/url" & registry=$!
for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.1; done
npm_config_registry=$(cat "$work/url"); export npm_config_registry

version=10.9.9
npm() { node "$TOOLS/npm/npm-$version/node_modules/npm/bin/npm-cli.js" "$@"; }
project() { # project DEPENDENCIES [MORE]: a fresh project, entered
  cd "$(mktemp -d "$work/p.XXXX")"
  printf '{ "name": "web", "version": "1.0.0", "private": true, "dependencies": { %s } %s }\n' "$1" "${2:-}" > package.json
}
record() { # record NAME COMMAND…: what the command prints, whatever its exit status
  local name=$1
  shift
  "$@" > "$OUT/$name.log" 2>&1 || true
}

project '"@acme/core": "^2.0.0", "@acme/charts": "^1.0.0"'
record match.old-peer npm install
version=8.19.4 record match.old-peer.npm8 npm install
version=11.21.2 record match.old-peer.npm11 npm install
project '"@acme/core": "^2.0.0", "@acme/badge": "^1.0.0"'
record match.narrow-range npm install
npm install --legacy-peer-deps > /dev/null 2>&1
record near-miss.invalid-tree npm ls --all
rm -rf node_modules
record match.locked-conflict npm ci
project '"@acme/core": "^2.0.0", "@acme/grid": "^1.0.0"'
record match.abandoned npm install
project '"@acme/charts": "^2.0.0", "@acme/grid": "^1.0.0"'
record match.rival-peers npm install
project '"@acme/core": "^1.0.0"'
npm install > /dev/null 2>&1
record match.latest-too-new npm install @acme/charts
sed -i 's|"^1.0.0" }|"^1.0.0", "@acme/ui": "^1.0.0" }|' package.json
record near-miss.lock-out-of-sync npm ci
project '"@acme/ui": "^2.0.0", "@acme/ui-dom": "^1.0.0"'
record match.half-upgraded npm install
project '"@acme/forms": "1.0.0"'
npm install > /dev/null 2>&1
sed -i 's|"1.0.0" }|"^1.0.0", "@acme/charts": "^2.0.0" }|' package.json
record match.stale-lock npm install
project '"@acme/core": "2.0.0-rc.1", "@acme/forms": "^1.1.0"'
record match.prerelease npm install
project '"@acme/core": "npm:@acme/core-lite@^10.0.0", "@acme/forms": "^1.1.0"'
record match.substitute npm install
project '"@acme/core": "^1.0.0"' ', "workspaces": ["packages/*"]'
mkdir -p packages/ui
echo '{ "name": "@web/ui", "version": "1.0.0", "peerDependencies": { "@acme/core": "^2.0.0" } }' > packages/ui/package.json
record match.mixed-workspace npm install
project '"@acme/kit": "1.0.0"'
record match.strict-peer-deps npm install --strict-peer-deps
project '"@acme/core": "^2.5.0", "@acme/forms": "^1.1.0"'
record match.no-matching-version npm install
version=11.21.2 record near-miss.no-matching-version.npm11 npm install
project '"@acme/core": "^1.0.0", "@acme/grid": "^1.0.0"'
npm install > /dev/null 2>&1
record near-miss.overriding-peer-warning npm install @acme/core@2
project '"@acme/forms": "^1.1.0"' ', "overrides": { "@acme/forms": "1.0.0" }'
record near-miss.override npm install
