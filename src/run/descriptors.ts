/**
 * Descriptors beyond the three that whoever started us means for the command: `3>file`, the job server of `make -j`.
 * Node marks the first few of those that it finds as its own affair, so that a child would not get them.
 */
import { readdirSync, readlinkSync } from 'node:fs';

/** Node marks no further than this, as long as there are gaps; what lies beyond is inherited anyway. */
const LAST_MARKED = 15;
/** How a make tells the makes below it where its job server listens. */
const JOB_SERVER = /--jobserver-(?:auth|fds)=(\d+),(\d+)/;

/** A command that is to be run. */
export interface Launch {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Descriptors beyond the three that it gets as they are. */
  readonly inherited: readonly number[];
}

/** Call it before anything is opened. Linux only: elsewhere nothing says what a descriptor is. */
export function inheritedDescriptors(env: NodeJS.ProcessEnv): readonly number[] {
  const targets = new Map<number, string>();
  try {
    for (const name of readdirSync('/proc/self/fd')) {
      const fd = Number(name);
      if (fd > 2 && fd <= LAST_MARKED) targets.set(fd, targetOf(fd));
    }
  } catch {
    return [];
  }
  const jobServer =
    JOB_SERVER.exec(env.MAKEFLAGS ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  return [...targets]
    .filter(([fd, target]) => jobServer.includes(fd) || isForCommand(target, [...targets.values()]))
    .map(([fd]) => fd)
    .sort((a, b) => a - b);
}

/** Node's own: its event loop, pipes of which it holds both ends, /dev/null. */
function isForCommand(target: string, all: readonly string[]): boolean {
  if (target === '' || target.startsWith('anon_inode:') || target === '/dev/null') return false;
  return !target.startsWith('pipe:') || all.filter((other) => other === target).length === 1;
}

function targetOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Where a descriptor of the command comes from, as `spawn` has it. */
type Place = 'inherit' | 'pipe' | 'ignore' | number;

/** For `spawn`: the three, and those that go on as they are; holes stay holes. */
export function withInherited(three: readonly [Place, Place, Place], inherited: readonly number[]): Place[] {
  const places: Place[] = [...three];
  for (const fd of inherited) {
    while (places.length < fd) places.push('ignore');
    places[fd] = fd;
  }
  return places;
}
