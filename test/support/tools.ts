/** Real programs that a test wants: unpacked beside us, or the test is skipped and says why. */
import type { TestContext } from 'vitest';
import { provision } from '../../scripts/provision.mjs';

/** @returns the root under which they lie; does not return where one cannot be had. */
export async function toolsOrSkip(
  context: TestContext,
  what: string,
  needs: readonly string[],
): Promise<string> {
  const { root, missing } = await provision([...needs]);
  if (missing[0]) {
    const reason = `${missing[0].need}: ${missing[0].reason}`;
    console.log(`skipped: ${what}: ${reason}`);
    context.skip(reason);
  }
  return root;
}
