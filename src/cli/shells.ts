/**
 * For the start file of a shell: `fb COMMAND` runs a command under `faultbook run`, a key puts it before the line that is
 * being typed, and before a command the shell asks `preflight` where a fault is open. A shell never sees what its commands
 * print, so nothing here promises to explain a command that was run without it.
 */

export const SHELL_NAMES = ['bash', 'zsh', 'fish'] as const;
export type ShellName = (typeof SHELL_NAMES)[number];

/** @param cli path of our command line; both paths are absolute, so that no other program of that name is started. */
export function shellScript(shell: ShellName, node: string, cli: string): string {
  const start = `${quoted(node)} ${quoted(cli)}`;
  return shell === 'fish' ? fish(start) : posix(shell, start);
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

/** What bash and zsh have in common; the folder is asked for so that no program is started where nothing is open. */
function posix(shell: 'bash' | 'zsh', start: string): string {
  const common = `# faultbook for ${shell}:  faultbook init --print ${shell} >> ~/.${shell}rc
faultbook() { ${start} "$@"; }
# fb COMMAND: run it as it is; when it fails, say what is known about it.
fb() { faultbook run -- "$@"; }
# One line before a known dead end, only while a fault is open somewhere. It cannot stop a command.
_faultbook_before() {
  local open="\${FAULTBOOK_STATE:-\${XDG_STATE_HOME:-$HOME/.local/state}/faultbook}/open"
  [ -d "$open" ] || return 0
  local said
  said=$(faultbook preflight -- "$1" 2>/dev/null </dev/null) || printf '%s\\n' "$said" >&2
  return 0
}
`;
  return shell === 'zsh'
    ? `${common}autoload -Uz add-zsh-hook && add-zsh-hook preexec _faultbook_before
# Alt-f Alt-f: put fb before the line.
_faultbook_prefix() { [[ $BUFFER == fb\\ * ]] && BUFFER=\${BUFFER#fb } || BUFFER="fb $BUFFER"; zle end-of-line; }
zle -N _faultbook_prefix && bindkey '\\ef\\ef' _faultbook_prefix
`
    : `${common}# bash shows a command to a trap before it runs; ours is set only where there is none.
_faultbook_debug() {
  [ -n "\${COMP_LINE:-}" ] && return 0
  [ "$BASH_COMMAND" = "\${_faultbook_last:-}" ] && return 0
  case $BASH_COMMAND in _faultbook*|fb\\ *|faultbook\\ *) return 0 ;; esac
  _faultbook_last=$BASH_COMMAND
  _faultbook_before "$BASH_COMMAND"
}
if [ -z "$(trap -p DEBUG)" ]; then trap _faultbook_debug DEBUG; fi
# Alt-f Alt-f: put fb before the line.
_faultbook_prefix() {
  case $READLINE_LINE in fb\\ *) READLINE_LINE=\${READLINE_LINE#fb } ;; *) READLINE_LINE="fb $READLINE_LINE" ;; esac
  READLINE_POINT=\${#READLINE_LINE}
}
bind -x '"\\ef\\ef": _faultbook_prefix' 2>/dev/null
`;
}

function fish(start: string): string {
  return `# faultbook for fish:  faultbook init --print fish > ~/.config/fish/conf.d/faultbook.fish
function faultbook; ${start.replaceAll("'\\''", "'\\\\''")} $argv; end
# fb COMMAND: run it as it is; when it fails, say what is known about it.
function fb; faultbook run -- $argv; end
# One line before a known dead end, only while a fault is open somewhere. It cannot stop a command.
function _faultbook_before --on-event fish_preexec
    set -l state $FAULTBOOK_STATE
    if test -z "$state"
        set -l base $XDG_STATE_HOME
        test -n "$base"; or set base $HOME/.local/state
        set state $base/faultbook
    end
    test -d "$state/open"; or return 0
    set -l said (faultbook preflight -- "$argv[1]" 2>/dev/null </dev/null); or printf '%s\\n' $said >&2
end
# Alt-f Alt-f: put fb before the line.
function _faultbook_prefix
    set -l line (commandline)
    if string match -q 'fb *' -- "$line"
        commandline -r (string replace -r '^fb ' '' -- "$line")
    else
        commandline -r "fb $line"
    end
end
bind \\ef\\ef _faultbook_prefix
`;
}
