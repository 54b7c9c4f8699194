/** `faultbook run` at a terminal, with a person's keys: tmux is the terminal, and shows what a person would see. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { provision } from '../scripts/provision.mjs';
import { CLI, ROOT } from './support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'faultbook tést '));
const temporary = join(folder, 'tmp');
mkdirSync(temporary);
/** How long something may take to appear; nothing is measured by it. */
const PATIENCE_MS = 20_000;

let bin = '';
let missing: string | null = null;
beforeAll(async () => {
  const tools = await provision(['debian:tmux', 'debian:less', 'debian:vim-tiny', 'debian:make']);
  bin = join(tools.root, 'usr/bin');
  const version = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  missing =
    tools.missing[0]?.reason ?? (version.includes('util-linux') ? null : 'no script of util-linux here');
});
afterAll(() => {
  tmux('kill-server');
  rmSync(folder, { recursive: true, force: true });
});

function tmux(...args: string[]): string {
  const { stdout } = spawnSync(
    join(bin, 'tmux'),
    ['-S', join(folder, 'socket'), '-f', '/dev/null', ...args],
    {
      encoding: 'utf8',
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        HOME: folder,
        LANG: 'C.UTF-8',
        TMPDIR: temporary,
        FAULTBOOK_ENVIRONMENT: 'any',
        PS1: '$ ',
      },
    },
  );
  return stdout ?? '';
}

/** A terminal with a shell in it, in which `fb CMD…` is `faultbook run -- CMD…`. */
class Terminal {
  static count = 0;
  readonly name = `t${Terminal.count++}`;
  constructor() {
    const rc = join(folder, 'rc');
    writeFileSync(rc, `PS1='$ '\nfb() { '${process.execPath}' '${CLI}' run "$@"; }\ncd '${folder}'\n`);
    tmux('new-session', '-d', '-x', '100', '-y', '40', '-s', this.name, `exec bash --rcfile '${rc}' -i`);
  }
  /** What stands on the screen, without empty lines. */
  screen(): string {
    return tmux('capture-pane', '-p', '-t', this.name).replace(/\n+/g, '\n');
  }
  keys(...keys: string[]): void {
    tmux('send-keys', '-t', this.name, ...keys);
  }
  /** Types a line, as text. */
  line(text: string): void {
    tmux('send-keys', '-t', this.name, '-l', text);
    this.keys('Enter');
  }
  async sees(what: RegExp): Promise<string> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const screen = this.screen();
      if (what.test(screen)) return screen;
      if (Date.now() > until) throw new Error(`${what} did not appear:\n${screen}`);
      await sleep(50);
    }
  }
  close(): void {
    tmux('kill-session', '-t', this.name);
  }
}

function atTerminal(name: string, body: (terminal: Terminal) => Promise<void>): void {
  test(name, async (context: TestContext) => {
    if (missing !== null) {
      console.log(`skipped: ${name}: ${missing}`);
      return context.skip(missing);
    }
    const terminal = new Terminal();
    await terminal.sees(/^\$/m);
    try {
      await body(terminal);
    } finally {
      terminal.close();
    }
  });
}

atTerminal('the command sees a terminal of the same size, and follows when it changes', async (t) => {
  t.line(
    `fb sh -c 'test -t 0 && test -t 1 && test -t 2 && echo all; stty size; trap "stty size; exit 4" WINCH; while :; do sleep 0.1; done'; echo "rc=$?"`,
  );
  await t.sees(/^all\n40 100$/m);
  tmux('resize-window', '-t', t.name, '-x', '77', '-y', '20');
  await t.sees(/^20 77\nrc=4$/m);
});

atTerminal('words arrive as they are, and the environment too', async (t) => {
  writeFileSync(join(folder, 'bare'), '');
  t.line(
    `export SHELL=/bin/odd; unset LC_ALL; sh -c 'env | sort' >bare; fb -- sh -c 'env | sort | grep -v ^FAULTBOOK_RUN= >ours'; diff <(grep -v ^_= bare) <(grep -v ^_= ours); echo "rc=$?"`,
  );
  await t.sees(/^rc=0$/m);
  t.line(`clear; fb -- printf '%s|' "it's" '$HOME' '' 'a  b' '*' '\\n' --help; echo "rc=$?"`);
  await t.sees(/^it's\|\$HOME\|\|a {2}b\|\*\|\\n\|--help\|rc=0$/m);
});

atTerminal('Ctrl-C is for the command; no diagnosis', async (t) => {
  t.line(
    `fb sh -c 'trap "echo caught; exit 3" INT; echo fatal: ready; while :; do sleep 0.05; done'; echo "rc=$?"`,
  );
  await t.sees(/^fatal: ready$/m);
  t.keys('C-c');
  const screen = await t.sees(/^rc=3$/m);
  expect(screen).toMatch(/\^Ccaught\nrc=3/);
  t.line('clear; fb sleep 100; echo "rc=$?"');
  await sleep(500);
  t.keys('C-c');
  await t.sees(/^\^C.*rc=130$/ms);
});

atTerminal('Ctrl-Z and fg, with the modes of the terminal handed to and fro', async (t) => {
  t.line(`fb sh -c 'echo one; sleep 1; exec sleep 100'`);
  await t.sees(/^one$/m);
  await sleep(1500);
  t.keys('C-z');
  await t.sees(/Stopped/);
  t.line('stty -a | tr " ;" "\\n\\n" | grep -x -e -\\\\?icanon -e -\\\\?echo -e icanon; echo asked');
  const screen = await t.sees(/^asked$/m);
  expect(screen).toMatch(/^icanon$/m);
  expect(screen).not.toMatch(/^-icanon$/m);
  t.line('clear; fg; echo "rc=$?"');
  await t.sees(/run/);
  await sleep(500);
  t.keys('C-c');
  await t.sees(/^\^C.*rc=130$/ms);
});

atTerminal('vim: keys, Ctrl-Z, fg, and its screen is gone when it ends', async (t) => {
  const file = join(folder, 'text');
  t.line(`fb vim.tiny -u NONE '${file}'; echo "rc=$?"`);
  await t.sees(/^~$/m);
  t.keys('i');
  tmux('send-keys', '-t', t.name, '-l', 'written');
  t.keys('Escape');
  await t.sees(/^written$/m);
  t.keys('C-z');
  await t.sees(/Stopped/);
  t.line('fg');
  await t.sees(/^written\n~$/m);
  t.line(':wq');
  await t.sees(/^\$ fg\n.*\n\$\n*$/m);
  expect(readFileSync(file, 'utf8')).toBe('written\n');
});

atTerminal(
  'less and what it showed: a failure after it is not diagnosed from the pager’s screen',
  async (t) => {
    t.line(`clear; fb sh -c "less '${ROOT}examples/npm-ci-build.log'; exit 3"; echo "rc=$?"`);
    await t.sees(/^:|npm-ci-build/m);
    await sleep(300);
    t.keys('G');
    await sleep(300);
    t.keys('q');
    const screen = await t.sees(/^rc=3$/m);
    expect(screen).not.toContain('Known:');
  },
);

atTerminal('a password prompt: nothing typed is echoed or kept', async (t) => {
  t.line(
    `fb --on-fail json:secret.json sh -c 'stty -echo; printf "Password: "; read p; stty echo; echo; echo "fatal: \${#p} letters refused"; exit 4'; echo "rc=$?"`,
  );
  await t.sees(/^Password:/m);
  t.line('hunter2');
  const screen = await t.sees(/^rc=4$/m);
  expect(screen).toContain('fatal: 7 letters refused');
  expect(screen).not.toContain('hunter2');
  const document = readFileSync(join(folder, 'secret.json'), 'utf8');
  expect(document).not.toContain('hunter2');
  expect(JSON.parse(document)).toMatchObject({ exit_code: 4, diagnosis: { verdict: 'none' } });
});

atTerminal('the REPL of Node', async (t) => {
  t.line(`fb '${process.execPath}'; echo "rc=$?"`);
  await t.sees(/^>/m);
  t.line('6 * 7');
  await t.sees(/^42$/m);
  t.line('process.exit(12)');
  await t.sees(/^rc=12$/m);
});

atTerminal('a failure is diagnosed below its output; colours stay', async (t) => {
  t.line(
    `clear; fb sh -c "printf '\\033[31mred\\033[0m\\n'; tail -25 '${ROOT}examples/npm-ci-build.log'; exit 1" 2>&1 | cat; fb sh -c 'tail -25 "${ROOT}examples/npm-ci-build.log"; exit 1'; echo "rc=$?"`,
  );
  const screen = await t.sees(/^rc=1$/m);
  expect(screen).toContain('faultbook explain npm/eresolve');
  t.line(`clear; fb sh -c 'printf "\\033[31mred\\033[0m\\n"'`);
  await t.sees(/^red$/m);
  expect(tmux('capture-pane', '-e', '-p', '-t', t.name)).toContain('\x1b[31mred');
});

atTerminal('make: exit code, Ctrl-C without a diagnosis', async (t) => {
  writeFileSync(join(folder, 'Makefile'), 'all:\n\t@echo building; sleep 100\nbad:\n\t@exit 7\n');
  t.line('fb make bad; echo "rc=$?"');
  await t.sees(/^rc=2$/m);
  t.line('clear; fb make; echo "rc=$?"');
  await t.sees(/^building$/m);
  t.keys('C-c');
  const screen = await t.sees(/^rc=\d+$/m);
  expect(screen).not.toContain('faultbook:');
});

atTerminal('a signal to us reaches the command', async (t) => {
  t.line(`fb sh -c 'trap "echo told; exit 8" TERM; echo ready; while :; do sleep 0.05; done' & sleep 0; fg`);
  await t.sees(/^ready$/m);
  const pids = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(`${CLI} run sh -c trap "echo told`) && !line.includes('script'));
  process.kill(Number(pids[0]?.trim().split(' ')[0]), 'SIGTERM');
  await t.sees(/^told$/m);
});

atTerminal('where there is no `script`: the terminal itself, and one line on failure', async (t) => {
  // An argument list that is too long for the detour takes the same way.
  t.line(`fb sh -c 'test -t 1 && echo tty; exit 5' "$(head -c 110000 /dev/zero | tr '\\0' x)"; echo "rc=$?"`);
  await t.sees(/^tty\nfaultbook: exit 5; the output was not kept.*rc=5$/ms);
});

test('nothing is left behind', () => {
  expect(readdirSync(temporary)).toEqual([]);
});
