/**
 * Confirmation: the real pattern on one line, in time linear in the line, whoever wrote the pattern.
 * RE2JS is a port of RE2 (automata, no backtracking); V8's own engine is exponential on hostile patterns.
 */
import { RE2JS } from 're2js';

export interface Confirmer {
  test(text: string): boolean;
  /** Named groups that took part in the leftmost match; empty where there is none. */
  groups(text: string): Readonly<Record<string, string>>;
}

/** @param source as printed by `printPattern`: plain RE2, no flags. Compiled at first use. */
export function confirmer(source: string): Confirmer {
  let compiled: RE2JS | null = null;
  const regex = (): RE2JS => {
    compiled ??= RE2JS.compile(source);
    return compiled;
  };
  return {
    test: (text) => regex().test(text),
    groups(text) {
      const groups: Record<string, string> = Object.create(null);
      const matcher = regex().matcher(text);
      if (!matcher.find()) return groups;
      for (const [name, value] of Object.entries(matcher.getNamedGroups())) {
        if (value !== null) groups[name] = value;
      }
      return groups;
    },
  };
}
