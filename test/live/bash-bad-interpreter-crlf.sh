#!/usr/bin/env bash
# needs: debian:bash debian:git
# Provokes a script with CR LF in its first line for every cause. bash from 5.2 on does not print the interpreter any
# more, so each script is started with both kinds of first line: #!/bin/bash where bash still names it, and env.
# Writes $OUT/match.<cause>.log and $OUT/near-miss.<name>.log.
set -euo pipefail

: "${OUT:?a fresh folder for the logs}"
OUT=$(cd "$OUT" && pwd)
if ! command -v git >/dev/null; then
  export PATH="${TOOLS:?git is not installed and TOOLS is not set}/usr/bin:$PATH"
  export GIT_EXEC_PATH="$TOOLS/usr/lib/git-core" GIT_TEMPLATE_DIR="$TOOLS/usr/share/git-core/templates"
fi
work=$(mktemp -d)
trap 'cd /; rm -rf "$work"' EXIT
export HOME="$work/home" XDG_CONFIG_HOME="$work/home/.config" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
unset GIT_DIR GIT_WORK_TREE GIT_CONFIG_COUNT 2>/dev/null || true
mkdir "$HOME"
git config --global user.name a
git config --global user.email a@example.org
git config --global core.autocrlf false

attempt() { # LOG SCRIPT: must fail; started by an interactive-like bash, as a person would
  local status=0
  (cd "$work" && bash --norc --noprofile -c "$2; exit \$?") >"$OUT/$1.log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    echo "no failure: $2" >&2
    exit 1
  fi
}
script() { # FILE FORMAT
  # The format holds the line endings.
  # shellcheck disable=SC2059
  printf "$2" >"$1"
  chmod +x "$1"
}
LF='#!/usr/bin/env bash\n\necho done\n'
CRLF='#!/usr/bin/env bash\r\n\r\necho done\r\n'
cd "$work"

script saved.sh "$CRLF"
attempt match.saved-with-crlf ./saved.sh
script first.sh '#!/usr/bin/env bash\r\n\necho done\n'
attempt match.first-line-only ./first.sh
printf 'printf "#!/usr/bin/env bash\\r\\necho done\\r\\n" > made.sh; chmod +x made.sh\n' >generator
sh generator
attempt match.generated ./made.sh

git init -q lf
script lf/x.sh "$LF"
git -C lf add x.sh
git -C lf commit -q -m one
git -c core.autocrlf=true clone -q -c core.autocrlf=true lf converted
attempt match.autocrlf-checkout ./converted/x.sh

printf '*.sh text eol=crlf\n' >lf/.gitattributes
git -C lf add .gitattributes
git -C lf commit -q -m two
git clone -q lf attribute
attempt match.eol-attribute ./attribute/x.sh

git init -q crlf
script crlf/x.sh "$CRLF"
git -C crlf add x.sh
git -C crlf commit -q -m one
git clone -q crlf committed
attempt match.committed-crlf ./committed/x.sh

# bash up to 5.1 names the interpreter, with ^M; later ones say something that does not show the CR.
script direct.sh '#!/bin/bash\r\necho done\r\n'
attempt direct ./direct.sh
if grep -q 'bad interpreter' "$OUT/direct.log"; then
  mv "$OUT/direct.log" "$OUT/match.saved-with-crlf-direct.log"
else
  mv "$OUT/direct.log" "$OUT/near-miss.required-file-not-found.log"
fi

script missing.sh '#!/nonexistent/bash\necho done\n'
attempt near-miss.interpreter-missing ./missing.sh
script env.sh '#!/usr/bin/env nonexistent-shell\necho done\n'
attempt near-miss.command-missing ./env.sh
script body.sh '#!/bin/bash\n\r\ncd /tmp\r\nexit 1\n'
attempt near-miss.carriage-return-commands ./body.sh
script option.sh '#!/bin/bash -e\r\necho done\r\n'
attempt near-miss.option-with-cr ./option.sh
