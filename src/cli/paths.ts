/** How reports for CI name files. */
import nodePath from 'node:path';

/** The folder that CI systems take paths from: the workspace, where we run inside it. */
export function rootOf(cwd: string, workspace: string | undefined): string {
  if (!workspace) return cwd;
  const below = nodePath.relative(workspace, cwd);
  return below.startsWith('..') || nodePath.isAbsolute(below) ? cwd : workspace;
}

/** A path as reports name it (`DiagnosedInput.source`). `path`: of the system whose paths these are. */
export function reportedPath(source: string, root: string, path: typeof nodePath.posix = nodePath): string {
  if (source === '' || source === '-') return '-';
  const absolute = path.resolve(source);
  const below = path.relative(root, absolute);
  const outside = below === '' || below.split(path.sep)[0] === '..' || path.isAbsolute(below);
  const shown = (outside ? absolute : below).replaceAll(path.sep, '/');
  // A file called `-`, or a folder called `C:`, is neither standard input nor a drive.
  return !outside && /^(?:-$|[A-Za-z]:)/.test(shown) ? `./${shown}` : shown;
}
