/** `faultbook hook AGENT`: what agents start before and after a command. `init` wires `dist/hook.cjs`, which is the same. */
import { AGENTS, PLAIN_OPTION, runHook } from '../hook/index.ts';
import { InputError } from '../store/index.ts';

/** Never returns: the hook ends the process. */
export function startHook(name: string, flags: { readonly 'exit-2'?: true }): Promise<number> {
  if (!Object.hasOwn(AGENTS, name))
    throw new InputError(
      `there is no hook for ${JSON.stringify(name)}; there are: ${Object.keys(AGENTS).join(', ')}`,
    );
  runHook(name, flags['exit-2'] ? PLAIN_OPTION : undefined);
  return new Promise(() => {});
}
