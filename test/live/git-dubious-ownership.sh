#!/usr/bin/env bash
# needs: debian:git
# Provokes git's ownership check for every cause that one machine can stage without mounts or a container engine.
# Writes $OUT/match.<cause>.log and $OUT/near-miss.<name>.log.
set -euo pipefail

: "${OUT:?a fresh folder for the logs}"
if [ "$(id -u)" -ne 0 ]; then
  echo 'needs root: it has to own files as several users'
  exit 77
fi
OUT=$(cd "$OUT" && pwd)
if ! command -v git >/dev/null; then
  export PATH="${TOOLS:?git is not installed and TOOLS is not set}/usr/bin:$PATH"
  export GIT_EXEC_PATH="$TOOLS/usr/lib/git-core" GIT_TEMPLATE_DIR="$TOOLS/usr/share/git-core/templates"
fi

work=$(mktemp -d)
trap 'cd /; rm -rf "$work"' EXIT
chmod 755 "$work"
export GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
unset SUDO_UID GIT_DIR GIT_WORK_TREE GIT_CONFIG_COUNT 2>/dev/null || true

# daemon (1) is the person, www-data (33) the other account.
mkdir -p "$work/home/root" "$work/home/daemon" "$work/home/www-data"
chown 1:1 "$work/home/daemon"
chown 33:33 "$work/home/www-data"
as() {
  local uid=$1 home=$2
  shift 2
  HOME="$work/home/$home" XDG_CONFIG_HOME="$work/home/$home/.config" setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"
}
root() { HOME="$work/home/root" XDG_CONFIG_HOME="$work/home/root/.config" "$@"; }
repository() { # FOLDER UID: one commit, everything of that uid
  mkdir "$1"
  root git init -q "$1"
  echo one >"$1/a.txt"
  root git -C "$1" add a.txt
  root git -C "$1" -c user.name=a -c user.email=a@example.org commit -q -m one
  chown -R "$2:$2" "$1"
}
attempt() { # LOG COMMAND...: must fail
  local log="$OUT/$1.log"
  shift
  if "$@" >"$log" 2>&1; then
    echo "no failure: $*" >&2
    cat "$log" >&2
    exit 1
  fi
}
cd "$work"

repository other 33
attempt match.other-account as 1 daemon git -C "$work/other" status
attempt match.sudo-foreign root env SUDO_UID=1 git -C "$work/other" status

repository mine 1
attempt match.root-in-users-checkout root git -C "$work/mine" status

repository unmapped 54321
attempt match.unmapped-owner root git -C "$work/unmapped" status

repository parts 1
chown -R 0:0 "$work/parts/.git"
attempt match.gitdir-only as 1 daemon git -C "$work/parts" status
chown -R 1:1 "$work/parts/.git"
chown 0:0 "$work/parts"
attempt match.worktree-only as 1 daemon git -C "$work/parts" status

root git config --global --add safe.directory "$work/other"
attempt match.entry-for-other-user as 1 daemon git -C "$work/other" status
rm "$work/home/root/.gitconfig"

as 1 daemon git config --global --add safe.directory "$work"
attempt match.entry-path-differs as 1 daemon git -C "$work/other" status
rm "$work/home/daemon/.gitconfig"

repository outer 0
root git -C "$work/outer" -c protocol.file.allow=always -c safe.directory='*' submodule --quiet add "$work/outer" lib
chown -R 33:33 "$work/outer"
as 1 daemon git config --global --add safe.directory "$work/outer"
attempt match.submodule as 1 daemon git -C "$work/outer/lib" status
rm "$work/home/daemon/.gitconfig"

# Only since the security releases of 2024 the other end of a local clone checks as well.
if ! as 1 daemon git clone "$work/other" "$work/home/daemon/copy" >"$OUT/match.local-remote.log" 2>&1; then
  :
else
  rm "$OUT/match.local-remote.log"
fi

# In a container that forbids user namespaces this cause cannot be staged.
if unshare --user --map-root-user true 2>/dev/null; then
  attempt match.userns-nobody root unshare --user --map-root-user git -C "$work/mine" status
fi

attempt near-miss.not-a-repository as 1 daemon git -C "$work/home/daemon" status
attempt near-miss.local-config as 1 daemon git -C "$work/other" config --local user.name somebody
repository objects 1
chown -R 0:0 "$work/objects/.git/objects"
echo two >"$work/objects/a.txt"
attempt near-miss.insufficient-permission as 1 daemon git -C "$work/objects" add a.txt
