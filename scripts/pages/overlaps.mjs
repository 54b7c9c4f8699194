/** docs/overlaps.md: every record against every other record's real output, and advice on which two records disagree. */
import { cell, table } from './book.mjs';

/** What is typed, without what differs from reader to reader. */
const normal = (commands) =>
  commands
    .join(' && ')
    .replace(/\{\{[^}]+\}\}|<[a-z][a-z0-9-]*>/g, '<>')
    .replace(/^sudo /, '')
    .replace(/\s+/g, ' ')
    .trim();

/** The same command, a fix here and a dead end there, in records that a reader may take for each other. */
function contradictions(records) {
  const near = (a, b) =>
    a.domain === b.domain ||
    [a, b].some((r) =>
      [...r.transition_graph.frequently_confused_with, ...r.transition_graph.leads_to].some((t) =>
        [a.id, b.id].includes(t.id ?? t),
      ),
    );
  return records.flatMap((a) =>
    a.workarounds.flatMap((fix) =>
      records
        .filter((b) => b.id !== a.id && near(a, b))
        .flatMap((b) =>
          b.dead_ends
            .filter((d) => normal(d.commands) !== '' && normal(d.commands) === normal(fix.commands))
            .map((d) => [
              a.id,
              `\`${fix.key}\`${fix.for.length > 0 ? ` for ${fix.for.join(', ')}` : ''}`,
              b.id,
              `\`${d.key}\`${d.except.length > 0 ? `, except for ${d.except.join(', ')}` : ''}`,
              `\`${cell(normal(fix.commands)).slice(0, 80)}\``,
            ]),
        ),
    ),
  );
}

export function overlapsPage({ records, found }) {
  const declared = (r) => r.transition_graph.frequently_confused_with.map((t) => t.id ?? t);
  const rows = records.map((r) => {
    const ids = r.samples
      .filter((s) => s.name.startsWith('match.'))
      .map((s) => ({ name: s.name, ids: found(s.text) }));
    const others = ids.flatMap(({ ids }) => ids.filter((id) => id !== r.id));
    return {
      r,
      samples: ids.length,
      own: ids.filter(({ ids }) => ids.includes(r.id)).length,
      others: [...new Set(others)].map((id) => [id, others.filter((o) => o === id).length]),
      nearMisses: r.samples.filter((s) => s.name.startsWith('near-miss.')).length,
    };
  });
  const undeclared = rows.flatMap(({ r, others }) =>
    others.filter(([id]) => !declared(r).includes(id)).map(([id, n]) => [r.id, id, String(n)]),
  );
  const against = contradictions(records);
  return `# Every record against every other record's output

Made by \`npm run pages\`: ${records.length} records, ${rows.reduce((sum, { samples }) => sum + samples, 0)} samples that must be found, ${rows.reduce((sum, r) => sum + r.nearMisses, 0)} near-misses that must not (\`test/records.test.ts\` holds
the book to it). A sample may hold two errors, where one follows from the other; the record then declares the other one.

Undeclared overlaps: ${undeclared.length === 0 ? 'none.' : `\n\n${table(['samples of', 'are also found by', 'samples'], undeclared)}`}

${table(
  ['record', 'samples', 'found by it', 'near-misses', 'also found in its samples, as declared'],
  rows.map(({ r, samples, own, nearMisses, others }) => [
    r.id,
    String(samples),
    String(own),
    String(nearMisses),
    others
      .filter(([id]) => declared(r).includes(id))
      .map(([id, n]) => `${id} (${n})`)
      .join(', '),
  ]),
)}

## One record's fix is another's dead end

The same command in two records of one domain, or of which one points to the other. That is no error: an action is good or bad for a cause.
It is listed so that an author looks whether both say for which.

${against.length === 0 ? 'None.' : table(['recommended in', 'as', 'a dead end in', 'as', 'command'], against)}
`;
}
