/**
 * A pager for pages that are longer than the screen: the one process that a door starts. It is the person's own choice
 * (`FAULTBOOK_PAGER`, `PAGER`, else less), run by the shell as git and man run it, and gets the page on standard input.
 */
import { spawnSync } from 'node:child_process';

/** What less does unless `LESS` says otherwise: colours and links through, no screen of its own, gone when all fits. */
const LESS = 'FRX';

/**
 * Shows a page: through the pager where standard output is a terminal that the page does not fit into, else as it is.
 * @param wanted `false`: never through a pager.
 */
export function showPage(text: string, wanted = true): void {
  const { stdout, env } = process;
  const rows = stdout.rows ?? 0;
  const long = stdout.isTTY === true && text.split('\n').length > rows;
  const pager = env.FAULTBOOK_PAGER ?? env.PAGER ?? 'less';
  if (!wanted || !long || env.TERM === 'dumb' || pager.trim() === '' || pager.trim() === 'cat') {
    stdout.write(text);
    return;
  }
  const { status, error } = spawnSync(pager, {
    shell: true,
    input: text,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS, LESSCHARSET: 'utf-8', ...env },
  });
  // 126, 127: there is no such pager; what it did not show is shown.
  const missing =
    status === 126 ||
    status === 127 ||
    (error !== undefined && (error as NodeJS.ErrnoException).code !== 'EPIPE');
  if (missing) stdout.write(text);
}
