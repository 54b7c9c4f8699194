/** The lab's driver as Perl: parts of it that say nothing unless they go wrong. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './support/cli.ts';

const driver = readFileSync(join(ROOT, 'src/lab/inside/driver.pl'), 'utf8');
const sub = (name: string) => new RegExp(`^sub ${name} \\{\\n[\\s\\S]*?^\\}\\n`, 'm').exec(driver)?.[0] ?? '';
const hasPerl = spawnSync('perl', ['-e', '1']).status === 0;

test.skipIf(!hasPerl || process.platform !== 'linux')(
  'sockets are read without a warning, of the heading of the kernel’s table either',
  () => {
    const parts = ['listening', 'asked_listeners', 'read_listeners'].map(sub);
    expect(parts.every((p) => p !== '')).toBe(true);
    const script = [
      'use strict; use warnings; my $LISTEN = "0A";',
      ...parts,
      'print scalar(%{ listening() }) ? "some" : "none";',
    ].join('\n');
    const { stdout, stderr } = spawnSync('perl', ['-e', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/some|none/);
  },
);
