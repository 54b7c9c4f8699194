/** `node dist/hook.cjs AGENT`: the hook by itself, which loads less than the command line. */
import { runHook } from './index.ts';

runHook(process.argv[2] ?? '', process.argv[3]);
