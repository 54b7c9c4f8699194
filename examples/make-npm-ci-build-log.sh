#!/usr/bin/env bash
# Makes examples/npm-ci-build.log: a real build, run step by step the way a hosted runner does, that ends in ERESOLVE.
# usage: examples/make-npm-ci-build-log.sh [OUTPUT]        (needs git, node >= 20, npm and the network; about a minute)
#
# Nothing in the log is typed: every step is run in a clean temporary project, and the small runner below only puts
# ISO timestamps, `##[group]` and `##[error]` lines around what the programs print, as GitHub's runner does.
set -euo pipefail
out=$(realpath -m "${1:-$(dirname "$0")/npm-ci-build.log}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work/home" CI=true NO_COLOR=1 LC_ALL=C.UTF-8 GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_CONFIG_SYSTEM=/dev/null
export npm_config_cache="${NPM_CACHE:-$HOME/.npm}" npm_config_audit=false npm_config_fund=false \
  npm_config_update_notifier=false npm_config_userconfig="$HOME/.npmrc" npm_config_loglevel=warn \
  npm_config_logs_dir="$HOME/.npm/_logs"
export GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@localhost GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@localhost
mkdir -p "$HOME" "$work/origin/src" "$work/origin/test" "$work/origin/website" "$work/origin/feed"
: > "$HOME/.npmrc"
git config --file "$GIT_CONFIG_GLOBAL" init.defaultBranch main

# The repository that the build clones.
cd "$work/origin"
cat > package.json <<'JSON'
{
  "name": "storefront",
  "version": "3.2.0",
  "private": true,
  "type": "module",
  "scripts": {
    "lint": "eslint --ext .ts,.tsx src test",
    "typecheck": "tsc --noEmit --extendedDiagnostics",
    "test": "vitest run --dir test --reporter=verbose",
    "build": "vite build",
    "check:feed": "node --test --test-reporter=spec feed/"
  },
  "dependencies": {
    "react": "18.3.1",
    "react-dom": "18.3.1"
  },
  "devDependencies": {
    "@types/react": "18.3.12",
    "@types/react-dom": "18.3.1",
    "@typescript-eslint/eslint-plugin": "7.18.0",
    "@typescript-eslint/parser": "7.18.0",
    "eslint": "8.57.1",
    "typescript": "5.5.4",
    "vite": "5.4.11",
    "vitest": "2.1.8"
  }
}
JSON
cat > tsconfig.json <<'JSON'
{
  "compilerOptions": {
    "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler", "jsx": "react-jsx",
    "strict": true, "skipLibCheck": true, "lib": ["ES2022", "DOM"], "types": []
  },
  "include": ["src", "test"]
}
JSON
cat > .eslintrc.json <<'JSON'
{
  "root": true,
  "parser": "@typescript-eslint/parser",
  "plugins": ["@typescript-eslint"],
  "extends": ["eslint:recommended", "plugin:@typescript-eslint/recommended"],
  "rules": { "@typescript-eslint/no-explicit-any": "warn", "no-console": "warn" }
}
JSON
printf 'node_modules\ndist\npackage-lock.json\n' > .gitignore
cat > index.html <<'HTML'
<!doctype html>
<html lang="en"><body><div id="root"></div><script type="module" src="/src/main.tsx"></script></body></html>
HTML
cat > src/money.ts <<'TS'
export interface Money { readonly cents: number; readonly currency: 'EUR' | 'USD' | 'JPY' }
export function money(amount: number, currency: Money['currency'] = 'EUR'): Money {
  return { cents: Math.round(amount * 100), currency };
}
export function add(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new Error(`cannot add ${b.currency} to ${a.currency}`);
  return { cents: a.cents + b.cents, currency: a.currency };
}
export function format(m: Money): string {
  return `${m.currency} ${(m.cents / 100).toFixed(m.currency === 'JPY' ? 0 : 2)}`;
}
TS
cat > src/cart.ts <<'TS'
import { add, type Money, money } from './money';
export interface Line { readonly sku: string; readonly price: Money; readonly quantity: number }
export function total(lines: readonly Line[]): Money {
  return lines.reduce((sum, l) => add(sum, { ...l.price, cents: l.price.cents * l.quantity }), money(0, lines[0]?.price.currency));
}
export function withLine(lines: readonly Line[], line: Line): readonly Line[] {
  const rest = lines.filter((l) => l.sku !== line.sku);
  const old = lines.find((l) => l.sku === line.sku);
  return [...rest, { ...line, quantity: line.quantity + (old?.quantity ?? 0) }];
}
export function parseSku(text: any): string {
  const found = /^[A-Z]{2}-\d{4}$/.exec(String(text).trim().toUpperCase());
  if (!found) throw new Error(`not a SKU: ${text}`);
  return found[0];
}
TS
cat > src/main.tsx <<'TS'
import { createRoot } from 'react-dom/client';
import { total } from './cart';
import { format, money } from './money';
function App() {
  return <p>{format(total([{ sku: 'AB-1234', price: money(19.9), quantity: 2 }]))}</p>;
}
const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
else console.error('no #root element');
TS
cat > test/money.test.ts <<'TS'
import { describe, expect, it } from 'vitest';
import { add, format, money } from '../src/money';
describe('money', () => {
  it.each([0, 0.01, 0.1, 0.99, 1, 1.005, 9.99, 10, 19.9, 99.95, 100, 1234.5, 99999.99])('keeps %d as whole cents', (n) => {
    expect(Number.isInteger(money(n).cents)).toBe(true);
  });
  it.each([['EUR', '12.50'], ['USD', '12.50'], ['JPY', '13']] as const)('formats %s', (c, text) => {
    expect(format(money(12.5, c))).toBe(`${c} ${text}`);
  });
  it('refuses to add two currencies', () => {
    expect(() => add(money(1, 'EUR'), money(1, 'USD'))).toThrow('cannot add USD to EUR');
  });
  it.each([1, 2, 3, 5, 8, 13, 21, 34, 55, 89])('adds %d to itself', (n) => {
    expect(add(money(n), money(n)).cents).toBe(n * 200);
  });
});
TS
cat > test/cart.test.ts <<'TS'
import { describe, expect, it, vi } from 'vitest';
import { parseSku, total, withLine } from '../src/cart';
import { money } from '../src/money';
const line = (sku: string, price: number, quantity = 1) => ({ sku, price: money(price), quantity });
describe('cart', () => {
  it('is zero when empty', () => { expect(total([]).cents).toBe(0); });
  it.each([1, 2, 3, 4, 5, 10, 25, 99])('multiplies by a quantity of %d', (n) => {
    expect(total([line('AB-1234', 2.5, n)]).cents).toBe(n * 250);
  });
  it('merges lines of one SKU', () => {
    expect(withLine([line('AB-1234', 1)], line('AB-1234', 1, 2))).toEqual([line('AB-1234', 1, 3)]);
  });
  describe('parseSku', () => {
    it.each(['AB-1234', 'ab-1234', ' zz-0000 ', 'XY-9999'])('takes %j', (s) => { expect(parseSku(s)).toMatch(/^[A-Z]{2}-\d{4}$/); });
    it.each(['', 'AB1234', 'A-1234', 'AB-12345', 'AB-12x4', '12-ABCD', null, undefined, 42])('refuses %j', (s) => {
      expect(() => parseSku(s)).toThrow('not a SKU');
    });
  });
  it('logs what it could not parse', () => {
    const seen = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    try { parseSku('nonsense'); } catch (e) { console.error(String(e)); }
    expect(seen).toHaveBeenCalledWith('Error: not a SKU: nonsense');
  });
});
TS
cat > feed/feed.test.js <<'JS'
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
const countries = ['AT', 'BE', 'CH', 'CZ', 'DE', 'DK', 'ES', 'FI', 'FR', 'IE', 'IT', 'JP', 'LU', 'NL', 'NO', 'PL', 'PT', 'SE', 'US'];
const row = (country) => ({ country, currency: country === 'JP' ? 'JPY' : country === 'US' ? 'USD' : 'EUR' });
for (const part of ['prices', 'stock']) {
  describe(`feed: ${part}`, () => {
    for (const country of countries) it(`has a row for ${country}`, () => assert.equal(row(country).currency.length, 3));
    it('has no two rows for one country', () => assert.equal(new Set(countries).size, countries.length));
  });
}
JS
cat > website/package.json <<'JSON'
{
  "name": "storefront-website",
  "version": "1.4.0",
  "private": true,
  "dependencies": {
    "react": "^19.0.0",
    "react-copy-to-clipboard": "5.1.0",
    "react-dom": "^19.0.0"
  }
}
JSON
git init -q . && git add . && git commit -q -m 'Storefront 3.2.0'
git commit -q --allow-empty -m 'website: React 19'

# A runner in a few lines.
stamp() { node -e '
  const { performance } = require("node:perf_hooks");
  const now = () => {
    const ms = performance.timeOrigin + performance.now();
    const fraction = String(Math.floor((ms % 1) * 10_000)).padStart(4, "0");
    return new Date(ms).toISOString().replace("Z", `${fraction}Z`);
  };
  require("node:readline").createInterface({ input: process.stdin }).on("line", (l) => console.log(`${now()} ${l}`));'; }
step() { # step NAME COMMAND…: one group with the command, then its output
  printf '##[group]Run %s\n%s\nshell: /usr/bin/bash -e {0}\n##[endgroup]\n' "$1" "$1"
  local code=0
  bash -e -c "$1" 2>&1 || code=$?
  [ "$code" = 0 ] || { printf '##[error]Process completed with exit code %s.\n' "$code"; return "$code"; }
}
build() {
  cd "$work"
  printf 'Current runner version: build.sh\n##[group]Operating System\n'; (. /etc/os-release; echo "$PRETTY_NAME"); echo '##[endgroup]'
  step "git clone --no-local origin checkout" &&
  cd checkout &&
  step 'git log --oneline --decorate -n 5 && git ls-files' &&
  step 'node -v && npm -v' &&
  step 'npm install' &&
  step 'npm ls' &&
  step 'npm run lint' &&
  step 'npm run typecheck' &&
  step 'npm test' &&
  step 'npm run check:feed' &&
  step 'npm run build' &&
  step 'npm pack --dry-run' &&
  cd website &&
  step 'npm install'
  echo 'Cleaning up orphan processes'
}
mkdir -p "$(dirname "$out")"
(build || true) | stamp > "$work/build.log"
mv "$work/build.log" "$out"
