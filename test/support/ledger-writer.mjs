/** One of many writers of a ledger: keeps reports one by one, and says each that was acknowledged. */
import { writeSync } from 'node:fs';
import { appendReports } from '../../dist/index.js';

const [state, name, count] = process.argv.slice(2);
for (let i = 0; i < Number(count); i++) {
  const [kept] = appendReports(
    [
      {
        record: 'node/eaddrinuse',
        action: 'restart',
        outcome: 'persists',
        kind: 'reported',
        environment: {},
        readings: {},
        moved_to: null,
        note: `writer ${name}, report ${i}`,
      },
    ],
    '2026-11-30T20:00:00Z',
    null,
    state,
  );
  writeSync(1, `${kept.id}\n`);
}
