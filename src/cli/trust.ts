/** `faultbook trust`: what a person vouches for. */
import { distrust, InputError, listTrust, openBook, stateFolder, trust, trustOf } from '../store/index.ts';
import { type ColorChoice, EXIT, print } from './terminal.ts';

/** What is trusted where no path is named: the project's own records. */
const OVERLAY = '.faultbook';
/** Changed files that are named. */
const SHOWN_FILES = 3;

export async function runTrust(
  path: string | undefined,
  flags: { readonly list?: true; readonly remove?: true; readonly color?: ColorChoice },
): Promise<number> {
  if (flags.list) return list();
  const target = path ?? OVERLAY;
  if (flags.remove) {
    if (!distrust(target)) throw new InputError(`${target} was not trusted; see: faultbook trust --list`);
    print(`${target} is not trusted any more.`);
    return EXIT.ok;
  }
  // Read first: what cannot be opened is nothing to vouch for.
  const book = await openBook({ books: [target] });
  if (book.records.length === 0)
    throw new InputError(`${target} holds no record that can be read; see: faultbook lint ${target}`);
  const before = trustOf(target);
  trust(target, new Date().toISOString().slice(0, 10));
  const many = book.records.length === 1 ? '1 record' : `${book.records.length} records`;
  print(`${before.trusted ? 'Was trusted already' : 'Trusted'}: ${target}, ${many}. You vouch for their text and commands: agents and pages
will give them as they give ours. Any change of a file there ends it. Take it back: faultbook trust --remove ${target}
Kept in ${stateFolder()}`);
  return EXIT.ok;
}

function list(): number {
  const entries = listTrust();
  if (entries.length === 0) print('Nothing is trusted but the book that came with the program.');
  for (const { path, date, files } of entries) {
    const state = trustOf(path);
    const count = Object.keys(files).length;
    const changed = state.trusted ? [] : (state.changed ?? []);
    print(
      `${path}  ${count} file${count === 1 ? '' : 's'}, since ${date}${
        state.trusted
          ? ''
          : `; CHANGED, not trusted: ${changed.slice(0, SHOWN_FILES).join(', ')}${changed.length > SHOWN_FILES ? ` and ${changed.length - SHOWN_FILES} more` : ''}`
      }`,
    );
  }
  return EXIT.ok;
}
