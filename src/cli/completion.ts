/**
 * Shell completion, made from the flag table. A script holds verbs, options and their choices; ids of records it asks the
 * program for, and only when one is completed: they change with every release and every project.
 */
import { InputError } from '../store/index.ts';
import { EXIT, print } from './terminal.ts';
import { VERBS } from './verbs.ts';
import { WIRINGS } from './wiring.ts';

interface Row {
  readonly verb: string;
  readonly summary: string;
  readonly options: readonly {
    readonly name: string;
    readonly help: string;
    readonly choices: readonly string[];
    readonly takes: boolean;
  }[];
  /** What its arguments are. */
  readonly args: 'ids' | 'shells' | 'agents' | 'command' | 'files';
}

const WITH_IDS: ReadonlySet<string> = new Set(['explain', 'export', 'prove', 'drill']);
const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** Arguments of which there are few. */
const WORDS = { shells: SHELLS, agents: Object.keys(WIRINGS) } as const;
/** Prints the ids, one a line. */
const IDS = 'faultbook list --format ids 2>/dev/null';

function rows(): Row[] {
  return Object.entries(VERBS).map(([verb, { summary, options }]) => ({
    verb,
    summary,
    options: Object.entries(options).map(([name, o]) => {
      const {
        help,
        choices = [],
        value,
      } = o as { help: string; choices?: readonly string[]; value?: string };
      return { name, help, choices, takes: value !== undefined };
    }),
    args: WITH_IDS.has(verb)
      ? 'ids'
      : verb === 'completion'
        ? 'shells'
        : verb === 'init' || verb === 'hook'
          ? 'agents'
          : verb === 'run' || verb === 'preflight'
            ? 'command'
            : 'files',
  }));
}

export function runCompletion(shell: string): number {
  if (shell === 'bash') print(bash(rows()));
  else if (shell === 'zsh') print(zsh(rows()));
  else if (shell === 'fish') print(fish(rows()));
  else
    throw new InputError(
      `there is no completion for ${JSON.stringify(shell)}; there is for ${SHELLS.join(', ')}`,
    );
  return EXIT.ok;
}

function bash(table: readonly Row[]): string {
  const verbs = table.map((r) => r.verb).join(' ');
  const options = table.map(
    (r) => `    ${r.verb}) words='${r.options.map((o) => `--${o.name}`).join(' ')} --help' ;;`,
  );
  const choices = table.flatMap((r) =>
    r.options.flatMap((o) =>
      o.choices.length > 0 ? [`    ${r.verb}:--${o.name}) words='${o.choices.join(' ')}' ;;`] : [],
    ),
  );
  const of = (args: Row['args']) =>
    table
      .filter((r) => r.args === args)
      .map((r) => r.verb)
      .join('|');
  return `# faultbook completion for bash:  source <(faultbook completion bash)
_faultbook() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} verb=diagnose words= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${table.map((r) => r.verb).join('|')}) verb=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $verb:$before in
${choices.join('\n')}
  esac
  if [[ -z $words && $word == -* ]]; then
    case $verb in
${options.join('\n')}
    esac
  elif [[ -z $words && $i -ge $COMP_CWORD ]]; then
    words='${verbs}'
  elif [[ -z $words ]]; then
    case $verb in
      ${of('ids')}) words=$(${IDS}) ;;
      ${of('shells')}) words='${WORDS.shells.join(' ')}' ;;
      ${of('agents')}) words='${WORDS.agents.join(' ')}' ;;
    esac
  fi
  # Ids hold slashes and colons; compgen takes them as they are.
  [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$word"))
  return 0
}
complete -o bashdefault -o default -F _faultbook faultbook
`;
}

/** Quoted for a single-quoted word of zsh and fish, and without what _arguments reads as syntax. */
const quoted = (text: string): string => text.replaceAll("'", '’').replace(/[[\]:\\]/g, ' ');

function zsh(table: readonly Row[]): string {
  const cases = table.map((r) => {
    const specs = r.options.map((o) => {
      const value = !o.takes
        ? ''
        : o.choices.length > 0
          ? `:${o.name}:(${o.choices.join(' ')})`
          : `:${o.name}:_files`;
      return `      '*--${o.name}[${quoted(o.help)}]${value}'`;
    });
    const args =
      r.args === 'ids'
        ? `'*:id:(('"\${(f)ids}"'))'`
        : r.args === 'shells' || r.args === 'agents'
          ? `'*:${r.args}:(${WORDS[r.args].join(' ')})'`
          : r.args === 'command'
            ? "'*::command:_normal'"
            : "'*:file:_files'";
    const before = r.args === 'ids' ? `      ids=("\${(f)$(${IDS})}")\n` : '';
    const spec = r.args === 'ids' ? "'*:id:($ids)'" : args;
    return `    ${r.verb})\n${before}      _arguments ${[...specs.map((s) => s.trim()), spec].join(' \\\n        ').replace("'*:id:($ids)'", '"*:id:($ids)"')} ;;`;
  });
  return `#compdef faultbook
# faultbook completion for zsh:  faultbook completion zsh > \${fpath[1]}/_faultbook
_faultbook() {
  local -a verbs ids
  verbs=(
${table.map((r) => `    '${r.verb}:${quoted(r.summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    _files
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join('\n')}
    *) _files ;;
  esac
}
if [[ $funcstack[1] == _faultbook ]]; then _faultbook "$@"; else compdef _faultbook faultbook; fi
`;
}

function fish(table: readonly Row[]): string {
  const verb = (name: string) => `test (__faultbook_verb) = ${name}`;
  const lines = [
    '# faultbook completion for fish:  faultbook completion fish > ~/.config/fish/completions/faultbook.fish',
    // The verb that was typed, or `-`.
    'function __faultbook_verb',
    '  for word in (commandline -opc)[2..-1]',
    `    if contains -- $word ${table.map((r) => r.verb).join(' ')}`,
    '      echo $word',
    '      return',
    '    end',
    '  end',
    '  echo -',
    'end',
    ...table.map((r) => `complete -c faultbook -n '${verb('-')}' -a ${r.verb} -d '${quoted(r.summary)}'`),
  ];
  for (const r of table) {
    for (const o of r.options) {
      const value = !o.takes ? '' : o.choices.length > 0 ? ` -x -a '${o.choices.join(' ')}'` : ' -r';
      lines.push(`complete -c faultbook -n '${verb(r.verb)}' -l ${o.name}${value} -d '${quoted(o.help)}'`);
    }
    if (r.args === 'ids') lines.push(`complete -c faultbook -n '${verb(r.verb)}' -f -a '(${IDS})'`);
    if (r.args === 'shells' || r.args === 'agents')
      lines.push(`complete -c faultbook -n '${verb(r.verb)}' -f -a '${WORDS[r.args].join(' ')}'`);
  }
  return `${lines.join('\n')}\n`;
}
