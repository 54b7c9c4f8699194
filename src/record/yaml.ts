/**
 * YAML as rule files have it: maps, lists and texts, each value as it is written (`3.10` is not 3.1). What a
 * hostile file could do with the rest of the language (aliases that multiply, tags, nesting that exhausts the
 * stack) is refused before anything is composed.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser } from 'yaml';

export interface YamlProblem {
  /** One-based line. */
  readonly line: number;
  readonly message: string;
}

export interface YamlResult {
  readonly values: readonly unknown[];
  /** Of the first document that cannot be read; nothing of the file is used then. */
  readonly problem: YamlProblem | null;
}

/** Nesting that no rule needs, and that the parser's own stack still stands. */
const YAML_LIMITS = {
  maxFlowDepth: 32,
  /** `- - -`: collections opened on one line. */
  maxIndicatorsOfLine: 32,
  maxIndent: 200,
  maxDocuments: 1_000,
} as const;
/** What the lexer sends before the source of a text. */
const SCALAR_FOLLOWS = '\x1f';

export function readYaml(text: string): YamlResult {
  const tooDeep = nestingProblem(text);
  if (tooDeep) return { values: [], problem: tooDeep };
  const lines = new LineCounter();
  try {
    const composer = new Composer({
      schema: 'core',
      stringKeys: true,
      resolveKnownTags: false,
      // Its own check compares every key with every other.
      uniqueKeys: false,
      logLevel: 'silent',
    });
    stopAtFirstError(composer);
    const values: unknown[] = [];
    for (const document of composer.compose(new Parser(lines.addNewLine).parse(text))) {
      const trouble = document.errors[0] ?? document.warnings[0];
      if (trouble) throw new Refused(trouble.message, trouble.pos[0]);
      if (values.length >= YAML_LIMITS.maxDocuments) {
        throw new Refused(`it holds more than ${YAML_LIMITS.maxDocuments} documents`, 0);
      }
      values.push(plain(document.contents as Node | null));
    }
    return { values, problem: null };
  } catch (error) {
    const at = error instanceof Refused ? error.at : 0;
    return { values: [], problem: { line: lines.linePos(at).line, message: (error as Error).message } };
  }
}

/**
 * The composer collects errors and goes on: of a megabyte of commas a million. Its own handler is replaced, which
 * no option offers; were it ignored, the errors of the document would still be found, only later.
 */
function stopAtFirstError(composer: Composer): void {
  type Place = number | readonly number[] | { readonly offset: number };
  type OnError = (place: Place, code: string, message: string) => void;
  // It catches what is thrown, and tells its handler of that as well, at each level on the way out.
  let first: Refused | null = null;
  (composer as unknown as { onError: OnError }).onError = (place, _, message) => {
    const start = typeof place === 'object' && 'offset' in place ? place.offset : [place].flat()[0];
    first ??= new Refused(message, Number(start));
    throw first;
  };
}

class Refused extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Looked at token by token, without a stack: deep nesting makes the parser exhaust its own, fatally at times. */
function nestingProblem(text: string): YamlProblem | null {
  let line = 1;
  let flow = 0;
  let indicators = 0;
  let lineStart = true;
  let scalar = false;
  for (const token of new Lexer().lex(text)) {
    if (scalar) scalar = false;
    else if (token === SCALAR_FOLLOWS) scalar = true;
    else if (token === '[' || token === '{') flow++;
    else if (token === ']' || token === '}') {
      if (flow === 0) return { line, message: `a ${token} closes nothing` };
      flow--;
    } else if (token === '-' || token === '?' || (token === ':' && flow === 0)) indicators++;
    const spaces = lineStart && /^ +$/.test(token) ? token.length : 0;
    const deep =
      flow > YAML_LIMITS.maxFlowDepth ||
      indicators > YAML_LIMITS.maxIndicatorsOfLine ||
      spaces > YAML_LIMITS.maxIndent;
    if (deep) return { line, message: 'it is nested too deeply' };
    const breaks = token.split('\n').length - 1;
    lineStart = token.endsWith('\n');
    if (breaks > 0) {
      line += breaks;
      indicators = flow === 0 ? 0 : indicators;
    }
  }
  return null;
}

function plain(node: Node | null): unknown {
  if (node === null) return null;
  const at = node.range?.[0] ?? 0;
  if (isAlias(node)) throw new Refused('it holds an alias (*name): write the value itself', at);
  if (node.tag !== undefined) throw new Refused(`it holds a tag (${node.tag.slice(0, 60)})`, at);
  if (isScalar(node)) {
    const { value, source } = node;
    return value === null || typeof value === 'string' ? value : (source ?? String(value));
  }
  if (isSeq(node)) return node.items.map((item) => plain(item as Node | null));
  if (!isMap(node)) return null;
  const seen = new Set<string>();
  return Object.fromEntries(
    node.items.map(({ key, value }) => {
      const name = String((key as { value?: unknown } | null)?.value ?? '');
      if (seen.has(name)) {
        throw new Refused(
          `the key ${JSON.stringify(name.slice(0, 60))} stands twice`,
          (key as Node).range?.[0] ?? at,
        );
      }
      seen.add(name);
      return [name, plain(value as Node | null)];
    }),
  );
}
