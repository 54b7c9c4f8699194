/** Records, one a line. */
import { inLang, type Lang, messagesOf, type Origin, type Tier } from './messages.ts';
import { visible } from './safe.ts';
import { styleOf } from './style.ts';
import { clip, pad, widthOf } from './width.ts';

export interface ListEntry {
  readonly id: string;
  readonly title: string;
  readonly title_zh: string | null;
  readonly tier: Tier;
  readonly origin: Origin;
}

/** Longest id that gets a column of its own. */
const MAX_ID_COLUMNS = 44;
/** With less room than this for a title, it goes on a line of its own. */
const MIN_TITLE_COLUMNS = 40;

export function renderList(
  entries: readonly ListEntry[],
  options: { readonly lang: Lang; readonly color: boolean; readonly columns: number },
): string {
  if (entries.length === 0) return `${messagesOf(options.lang).noRecords}\n`;
  const style = styleOf(options.color);
  const ids = Math.min(MAX_ID_COLUMNS, Math.max(...entries.map((e) => widthOf(e.id))));
  const room = options.columns - ids - 2;
  const lines = entries.map((e) => {
    const title = visible(inLang(options.lang, e.title, e.title_zh), 400);
    if (room < MIN_TITLE_COLUMNS)
      return `${style.bold(e.id)}\n  ${clip(title, Math.max(20, options.columns - 2))}`;
    return `${style.bold(pad(e.id, ids))}  ${clip(title, room)}`;
  });
  return `${lines.join('\n')}\n`;
}
