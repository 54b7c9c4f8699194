/**
 * Everything that a hostile page might try, tried: run by `test/isolation.test.ts`, as root and as an ordinary user.
 * As a program: `escape.mjs CACHE LAYERS` prints one JSON line per attempt; `escape.mjs CACHE LAYERS hang` starts a
 * double-forked process inside and waits to be killed.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findIsolation,
  type Identity,
  Sandbox,
  type SandboxSpec,
  type StepResult,
} from '../../src/lab/sandbox.ts';

export interface Attempt {
  readonly name: string;
  /** What got out, or in; empty: nothing. */
  readonly leak: string;
}

const LIMITS = { memory: 256, disk: 64, processes: 60 };

export function specOf(cache: string, layers: readonly string[]): SandboxSpec {
  return { cache, layers, binds: [], stacks: [], writable: [], isolation: findIsolation(), ...LIMITS };
}

/** @param canary a word that stands in files, variables and descriptors of the host; no output may hold it */
export async function tryEverything(
  cache: string,
  layers: readonly string[],
  canary: string,
): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  const spec = specOf(cache, layers);
  const single = spec.isolation.mode === 'single';
  const root: Identity = single ? { uid: 1000, gid: 1000, groups: [] } : { uid: 0, gid: 0, groups: [] };
  const user: Identity = { uid: 1000, gid: 1000, groups: [1000] };
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };
  const inside = async (script: string, who = root, timeoutMs = 20_000): Promise<StepResult> => {
    const sandbox = await Sandbox.open(spec);
    try {
      return await sandbox.run({ who, cwd: '/', env, script: `set +e\n${script}`, timeoutMs });
    } finally {
      await sandbox.close();
    }
  };
  const silent = async (name: string, script: string, who = root): Promise<void> => {
    const { output } = await inside(script, who);
    attempts.push({ name, leak: output.includes(canary) ? output.slice(0, 500) : '' });
  };
  const refused = async (name: string, script: string, who = root): Promise<void> => {
    const { output } = await inside(`if ( ${script} ) >/dev/null 2>&1; then echo DONE; fi`, who);
    attempts.push({ name, leak: output.includes('DONE') ? script : '' });
  };

  for (const who of [root, user]) {
    const as = `uid ${who.uid}`;
    await silent(
      `files of the host, ${as}`,
      `find / -xdev -type f -name '*canary*' 2>/dev/null; cat /etc/*canary* /root/*canary* /home/*/*canary* /tmp/*canary* 2>/dev/null; grep -rs ${canary} /etc /root /home /tmp /run /var/tmp`,
      who,
    );
    await silent(`environment, ${as}`, 'env; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"; set', who);
    await silent(
      `descriptors, ${as}`,
      'for f in /proc/*/fd/*; do case "$(readlink "$f")" in /*) timeout 1 head -c 1000 "$f" 2>/dev/null;; esac; done; for n in 3 4 5 6 7 8 9 10; do timeout 1 head -c 1000 <&$n; done 2>/dev/null',
      who,
    );
    await silent(
      `roots of other processes, ${as}`,
      `for r in /proc/*/root /proc/*/cwd; do cat "$r"/tmp/*canary* "$r"/etc/*canary* 2>/dev/null; done`,
      who,
    );
    await refused(`a new file system, ${as}`, 'mkdir -p /tmp/mnt; mount -t tmpfs none /tmp/mnt', who);
    await refused(`a device, ${as}`, 'mknod /tmp/sda b 8 0', who);
    await refused(`kernel settings, ${as}`, 'echo "|/tmp/x" > /proc/sys/kernel/core_pattern', who);
    await refused(`the kernel’s keyboard, ${as}`, 'echo h > /proc/sysrq-trigger', who);
    await refused(`kernel memory, ${as}`, 'head -c 1 /proc/kcore | grep -q .', who);
    await refused(
      `the driver’s memory, ${as}`,
      'head -c 1 /proc/1/mem || grep -q . /proc/1/environ || ls /proc/1/fd/0',
      who,
    );
    await refused(`the driver’s life, ${as}`, 'kill -9 1; sleep 0.2; kill -0 1 && false', who);
    await refused(`the packages’ files, ${as}`, 'echo x > /usr/bin/planted', who);
    await refused(
      `another host name, ${as}`,
      'hostname planted || echo planted > /proc/sys/kernel/hostname',
      who,
    );
    await refused(`another user’s namespaces, ${as}`, 'nsenter -t 1 -m -u -n true', who);
    await refused(`the old root, ${as}`, 'umount -l / || umount / || pivot_root / /tmp', who);
    await refused(
      `out of a chroot, ${as}`,
      "perl -e 'mkdir q(/tmp/c); chroot q(/tmp/c) or exit 1; chdir q(..) for 1..50; chroot q(.); exit(-e q(/proc/1) ? 1 : 0)'",
      who,
    );
  }
  if (!single) {
    // In a user namespace of its own a page is root over nothing that it did not have.
    await silent(
      'a user namespace of its own',
      `unshare --user --map-root-user --mount sh -c 'umount -l /proc 2>/dev/null; umount -l / 2>/dev/null; cat /etc/*canary* /tmp/*canary*' 2>/dev/null`,
      user,
    );
  }

  // What listens on the host: a port on loopback, one on every address, a socket in the file system, an abstract one.
  const servers: Server[] = [];
  const heard: string[] = [];
  const listen = (where: object): Promise<Server> =>
    new Promise((done, fail) => {
      const server = createServer((socket) => {
        heard.push(JSON.stringify(where));
        socket.end(`${canary}\n`);
      });
      server.on('error', fail).listen(where, () => done(server));
      servers.push(server);
    });
  const loopback = await listen({ port: 0, host: '127.0.0.1' });
  const outward = await listen({ port: 0, host: '0.0.0.0' });
  const socketPath = join(tmpdir(), `canary-${process.pid}.sock`);
  await listen({ path: socketPath });
  await listen({ path: `\0canary-${process.pid}` });
  const port = (s: Server) => (s.address() as { port: number }).port;
  const addresses = Object.values(networkInterfaces())
    .flat()
    .flatMap((a) => (a && a.family === 'IPv4' && !a.internal ? [a.address] : []));
  await inside(
    [
      `timeout 2 bash -c 'cat </dev/tcp/127.0.0.1/${port(loopback)}'`,
      ...addresses.map((a) => `timeout 2 bash -c 'cat </dev/tcp/${a}/${port(outward)}'`),
      `perl -e 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un(q(${socketPath}))) and print <S>'`,
      `perl -e 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack(q(S a*), AF_UNIX, qq(\\0canary-${process.pid}))) and print <S>'`,
    ].join('\n'),
  );
  for (const server of servers) server.close();
  attempts.push({ name: 'sockets of the host', leak: heard.join(' ') });
  const routes = await inside(
    "cat /proc/net/route | tail -n +2; timeout 2 bash -c 'echo </dev/tcp/192.0.2.1/80' && echo REACHED",
  );
  attempts.push({
    name: 'a route out',
    leak: routes.output.includes('REACHED') || /^\w+\s/.test(routes.output) ? routes.output : '',
  });

  // Bombs: the sandbox bears them, and is still there for the next step or ends; nothing of it stays.
  const bomb = async (name: string, script: string, judge: (result: StepResult) => string): Promise<void> => {
    const sandbox = await Sandbox.open(spec);
    try {
      const result = await sandbox.run({
        who: user,
        cwd: '/tmp',
        env,
        script: `set +e\n${script}`,
        timeoutMs: 8_000,
      });
      attempts.push({ name, leak: judge(result) });
    } catch (error) {
      attempts.push({
        name,
        leak: error instanceof Error && error.name === 'SandboxError' ? '' : String(error),
      });
    } finally {
      await sandbox.close();
    }
  };
  await bomb('a fork bomb', 'f() { f | f & }; f; sleep 3; ls /proc | grep -c "^[0-9]"', (r) => {
    const count = Number(/^\d+$/m.exec(r.output)?.[0] ?? 0);
    return count > LIMITS.processes + 10 ? `${count} processes` : '';
  });
  await bomb('memory', `perl -e '$x .= "x" x 67108864 for 1 .. 64; print length $x'`, (r) =>
    /^\d{10}$/m.test(r.output) ? '4 GiB were had' : '',
  );
  await bomb('disk', 'dd if=/dev/zero of=/tmp/big bs=1M count=1000 2>/dev/null; stat -c %s /tmp/big', (r) =>
    Number(r.output.trim()) > LIMITS.disk * 1024 * 1024 ? `${r.output.trim()} bytes` : '',
  );
  const before = process.memoryUsage().rss;
  await bomb('output', 'yes 0123456789abcdef | head -c 2000000000', (r) =>
    r.truncated && r.output.length < 2_000_000 && process.memoryUsage().rss - before < 300e6
      ? ''
      : `${r.output.length} characters`,
  );
  await bomb('time', 'trap "" TERM INT; (trap "" TERM; sleep 1000) & sleep 1000', (r) =>
    r.timedOut && r.ms < 12_000 ? '' : `${r.ms} ms`,
  );
  return attempts;
}

/** Processes of the host whose command line holds a word. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        return statSync(`/proc/${name}`).isDirectory() && commandLine(name).includes(word)
          ? [Number(name)]
          : [];
      } catch {
        return [];
      }
    });
}

function commandLine(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

const [, program = '', cache, layers, mode] = process.argv;
if (/escape\.mjs$/.test(program) && cache && layers) {
  const spec = specOf(cache, layers.split(','));
  if (mode === 'hang') {
    const sandbox = await Sandbox.open(spec);
    const who = spec.isolation.mode === 'single' ? 1000 : 0;
    const step = {
      who: { uid: who, gid: who, groups: [] },
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      timeoutMs: 600_000,
    };
    await sandbox.run({
      ...step,
      script: `(setsid bash -c 'exec -a ${process.env.MARK} sleep 5000' &) ; sleep 0.2`,
    });
    writeFileSync(1, 'hanging\n');
    await sandbox.run({ ...step, script: `exec -a ${process.env.MARK} sleep 4000` });
  } else {
    const attempts = await tryEverything(cache, layers.split(','), process.env.CANARY ?? '');
    process.stdout.write(`${JSON.stringify({ mode: spec.isolation.mode, attempts })}\n`);
  }
}
