#!/usr/bin/env bash
# Provokes TS2307 afresh, cause by cause, and its look-alikes.
# needs: npm:typescript@7.0.2 npm:typescript@5.5.4 npm:typescript@3.8.3
# Most causes run on TypeScript 7 (native, fast); those that only older compilers have run on 5.5.
set -euo pipefail

: "${OUT:?a fresh folder for the logs}" "${TOOLS:?the folder with npm/<name>}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset LC_ALL LC_MESSAGES NODE_OPTIONS FORCE_COLOR

tsc() { # VERSION ARG…
  local version=$1
  shift
  node "$TOOLS/npm/typescript-$version/node_modules/typescript/bin/tsc" --noEmit "$@" 2>&1 || true
}
world() { # NAME: an empty project, current folder from here on
  mkdir -p "$work/$1/src" "$work/$1/node_modules"
  cd "$work/$1"
  echo '{ "name": "app", "version": "1.0.0", "private": true }' >package.json
}
options() { # compilerOptions JSON; include as second argument
  printf '{ "compilerOptions": { %s, "strict": true }, "include": %s }\n' "$1" "${2:-[\"src\"]}" >tsconfig.json
}
modern='"target": "es2022", "module": "preserve", "moduleResolution": "bundler", "lib": ["es5"], "skipLibCheck": true'
node10='"target": "es2017", "module": "commonjs", "moduleResolution": "node", "lib": ["es5"], "skipLibCheck": true'
asset="declare module '*.svg' { const url: string; export default url; }"

world not-installed
options "$modern"
echo '{ "name": "app", "version": "1.0.0", "dependencies": { "padder": "1.0.0" } }' >package.json
echo "import { pad } from 'padder'; export default pad;" >src/a.ts
tsc 7.0.2 >"$OUT/match.not-installed.log"
tsc 5.5.4 --pretty true >"$OUT/match.not-installed.pretty.log"
tsc 5.5.4 --locale zh-cn >"$OUT/match.not-installed.zh-cn.log"
tsc 5.5.4 --locale de >"$OUT/match.not-installed.de.log"
rm -r node_modules
options "$node10"
tsc 3.8.3 >"$OUT/match.not-installed.ts3.8.log"

world not-listed
options "$modern"
echo "import { pad } from 'padder'; export default pad;" >src/a.ts
tsc 7.0.2 >"$OUT/match.not-listed.log"

world wrong-path
options "$modern"
mkdir src/lib
echo 'export const x = 1;' >src/lib/util.ts
echo "import { x } from './util'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/match.wrong-path.log"

world case
options "$modern"
echo 'export const x = 1;' >src/userService.ts
echo "import { x } from './UserService'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/match.case.log"

world alias-not-mapped
options "$modern"
echo 'export const x = 1;' >src/util.ts
echo "import { x } from '@/util'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/match.alias-not-mapped.log"
options "$node10, \"paths\": { \"@/*\": [\"./src/*\"] }"
tsc 5.5.4 src/a.ts >"$OUT/match.tsconfig-not-read.log"
tsc 7.0.2 src/a.ts >"$OUT/near-miss.tsconfig-not-loaded.log" # TS5112

world alias-wrong-base
mkdir config
echo '{ "compilerOptions": { "lib": ["es5"], "paths": { "@/*": ["./src/*"] } } }' >config/base.json
echo '{ "extends": "./config/base.json", "include": ["src"] }' >tsconfig.json
echo 'export const x = 1;' >src/util.ts
echo "import { x } from '@/util'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/match.alias-wrong-base.log"

world kit
mkdir -p node_modules/kit/dist
echo '{ "name": "kit", "version": "1.0.0", "exports": { "./tools": { "types": "./dist/tools.d.ts", "default": "./dist/tools.js" } } }' >node_modules/kit/package.json
for name in tools secret; do
  echo "export declare const $name: number;" >"node_modules/kit/dist/$name.d.ts"
  echo "exports.$name = 1;" >"node_modules/kit/dist/$name.js"
done
echo "import { secret } from 'kit/dist/secret'; export default secret;" >src/a.ts
options "$modern"
tsc 7.0.2 >"$OUT/match.exports-blocks.log"
echo "import { tools } from 'kit/tools'; export default tools;" >src/a.ts
options "$node10"
tsc 5.5.4 >"$OUT/match.old-resolver.log"
options '"target": "es2017", "module": "es2015", "lib": ["es5"]'
tsc 5.5.4 >"$OUT/near-miss.classic-resolution.log" # TS2792

world wrong-extension
options '"target": "es2022", "module": "node16", "lib": ["es5"]'
echo 'export const x = 1;' >src/util.ts
echo "import { x } from './util.mjs'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/match.wrong-extension.log"
echo '{ "name": "app", "version": "1.0.0", "type": "module" }' >package.json
echo "import { x } from './util'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/near-miss.missing-extension.log" # TS2835

world non-code-file
options "$modern"
echo '<svg/>' >src/logo.svg
echo "import logo from './logo.svg'; export default logo;" >src/a.ts
tsc 7.0.2 >"$OUT/match.non-code-file.log"
mkdir types
echo "$asset" >types/assets.d.ts
tsc 7.0.2 >"$OUT/match.declaration-not-included.log"
options "$modern" '["src", "types"]'
sed -i "1i import type { Thing } from '../src/thing';" types/assets.d.ts
echo 'export type Thing = string;' >src/thing.ts
tsc 7.0.2 >"$OUT/match.declaration-is-module.log"
echo "import './site.css';" >src/a.ts
tsc 7.0.2 >"$OUT/near-miss.side-effect-import.log" # TS2882

world not-built
options "$modern"
mkdir -p packages/shared/src node_modules/@acme
echo '{ "name": "@acme/shared", "version": "1.0.0", "main": "dist/index.js", "types": "dist/index.d.ts" }' >packages/shared/package.json
echo 'export const x = 1;' >packages/shared/src/index.ts
ln -s ../../packages/shared node_modules/@acme/shared
echo "import { x } from '@acme/shared'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/match.not-built.log"

world not-generated
options "$modern"
echo "import type { Query } from './generated'; export const q: Query = '';" >src/a.ts
tsc 7.0.2 >"$OUT/match.not-generated.log"

world node-builtin
options "$node10"
echo "import { readFileSync } from 'node:fs'; export default readFileSync;" >src/a.ts
tsc 5.5.4 >"$OUT/match.node-builtin.log"
mkdir -p node_modules/@types/node
echo '{ "name": "@types/node", "version": "20.0.0", "types": "index.d.ts" }' >node_modules/@types/node/package.json
echo "declare module 'node:fs' { export function readFileSync(path: string): string; }" >node_modules/@types/node/index.d.ts
options "$node10, \"types\": []"
tsc 5.5.4 >"$OUT/match.types-list.log"
options "$modern, \"types\": []"
tsc 7.0.2 >"$OUT/near-miss.node-builtin-ts7.log" # TS2591

world dependency-declaration
options '"target": "es2022", "module": "preserve", "lib": ["es5"], "types": []' # library files are checked here
mkdir node_modules/widget
echo '{ "name": "widget", "version": "1.0.0", "types": "index.d.ts" }' >node_modules/widget/package.json
echo "import { Shape } from 'shapes'; export declare function draw(s: Shape): void;" >node_modules/widget/index.d.ts
echo "import { draw } from 'widget'; export default draw;" >src/a.ts
tsc 7.0.2 >"$OUT/match.dependency-declaration.log"

world untyped
options "$modern"
mkdir node_modules/plain
echo '{ "name": "plain", "version": "1.0.0", "main": "index.js" }' >node_modules/plain/package.json
echo 'exports.x = 1;' >node_modules/plain/index.js
echo "import { x } from 'plain'; export default x;" >src/a.ts
tsc 7.0.2 >"$OUT/near-miss.no-declaration-file.log" # TS7016
echo '{}' >src/data.json
echo "import d from './data.json'; export default d;" >src/a.ts
options "$node10"
tsc 5.5.4 >"$OUT/near-miss.json-module.log" # TS2732
node -e "require('padder')" >"$OUT/near-miss.node-cannot-find-module.log" 2>&1 || true

if command -v git >/dev/null; then
  world upstream
  options "$modern"
  mkdir src/lib
  echo 'export const x = 1;' >src/lib/hash.ts
  printf 'node_modules\nlib\n' >.gitignore
  echo "import { x } from './lib/hash'; export default x;" >src/a.ts
  git init -q .
  git add .
  git -c user.name=a -c user.email=a@example.org commit -qm init
  git clone -q "$work/upstream" "$work/clone"
  cd "$work/clone"
  tsc 7.0.2 >"$OUT/match.not-in-checkout.log"
fi
