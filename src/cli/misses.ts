/** `faultbook misses`: what could not be diagnosed here. */
import { type Diagnosis, DiagnosisSession, shapeOf } from '../diagnosis/index.ts';
import { redact } from '../redact/index.ts';
import { renderMisses } from '../render/index.ts';
import {
  addMisses,
  clearMisses,
  InputError,
  keepsMisses,
  type Miss,
  openBook,
  readMisses,
  switchMisses,
} from '../store/index.ts';
import { readText } from './input.ts';
import { columnsOf, EXIT, langOf, print } from './terminal.ts';

export async function runMisses(
  [what, file]: readonly string[],
  flags: { readonly format?: 'text' | 'json'; readonly lang?: string },
): Promise<number> {
  const zh = langOf(flags.lang) === 'zh';
  switch (what) {
    case 'on':
      switchMisses(true);
      print(
        zh
          ? '从现在起，诊断不了的报错会留一份在本机：去掉机密、去掉变动的部分。关掉：faultbook misses off'
          : 'From now on what cannot be diagnosed is kept here, on this machine: redacted, without what varies. Off: faultbook misses off',
      );
      return EXIT.ok;
    case 'off':
      switchMisses(false);
      print(
        zh
          ? '不再保留。已有的还在：faultbook misses clear 可清除。'
          : 'Nothing more is kept. What there is stays: faultbook misses clear',
      );
      return EXIT.ok;
    case 'clear':
      clearMisses();
      print(zh ? '已清除。' : 'Forgotten.');
      return EXIT.ok;
    case 'add': {
      const session = new DiagnosisSession(await openBook());
      await readText(file ?? '-', (text) => session.push(text));
      const misses = missesOf(session.end());
      addMisses(misses);
      print(
        zh
          ? `记下 ${misses.length} 类。`
          : `Kept: ${misses.length} kind${misses.length === 1 ? '' : 's'} of lines.`,
      );
      return EXIT.ok;
    }
    case undefined:
      return show(flags.format === 'json', zh ? 'zh' : 'en');
    default:
      throw new InputError(`misses takes on, off, add or clear, not ${JSON.stringify(what)}`);
  }
}

/** Keeps what a diagnosis did not know; the caller asked whether the person wants that. A disk that is full is no reason to fail. */
export function keepMisses(diagnosis: Diagnosis): void {
  try {
    addMisses(missesOf(diagnosis));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}

function missesOf({ shapes, findings }: Diagnosis): Miss[] {
  const date = new Date().toISOString().slice(0, 10);
  const lines = [
    ...shapes.map((s) => s.example),
    ...findings.filter((f) => f.verdict === 'possible').map((f) => f.excerpt),
  ];
  return lines.map((line) => {
    const example = redact(line);
    return { shape: shapeOf(example), example, date };
  });
}

function show(json: boolean, lang: 'en' | 'zh'): number {
  const groups = readMisses();
  print(
    json
      ? JSON.stringify(groups, null, 2)
      : renderMisses(groups, { lang, columns: columnsOf(), kept: keepsMisses() }),
  );
  return groups.length > 0 ? EXIT.ok : EXIT.noMatch;
}
