#!/bin/sh
# Builds the world of one sandbox and hands over to the driver. Runs as the first process of new mount, process,
# network, IPC and host-name namespaces, with the host's own tools; nothing of a package runs before the root is the
# world's. Paths come relative to the cache folder, so that no mount option needs escaping.
#
#   launch.sh MOUNTPOINT FIRST-FSTAB SECOND-FSTAB FOLDERS FILES SAVE CGROUPS DRIVER
set -eu
mountpoint=$1 first=$2 second=$3 folders=$4 files=$5 save=$6 cgroups=$7 driver=$8

cache=$PWD

# "0" means the writer; from here on everything that is born here is counted.
for group in $cgroups; do echo 0 >"$group/cgroup.procs"; done

mount -n -T "$first" --all --types tmpfs
mkdir "$mountpoint/upper" "$mountpoint/work" "$mountpoint/root"
mount -n -T "$first" --all --types overlay
cd "$mountpoint/root"
# shellcheck disable=SC2086
mkdir -p $folders
# shellcheck disable=SC2086
touch $files
# Where layers are named relative to the cache.
(cd "$cache" && mount -n -T "$second" --all)
# To keep what changes, the driver needs the upper layer and the place where it goes. It gets them as mounts of their own
# that are detached at once: from their root no `..` leads anywhere, whatever links a page makes to its descriptors.
if [ -n "$save" ]; then
  mkdir "$mountpoint/from" "$mountpoint/to"
  mount -n --bind "$mountpoint/upper" "$mountpoint/from"
  mount -n --bind "$save" "$mountpoint/to"
  exec 8<"$mountpoint/from" 9<"$mountpoint/to"
  umount -n -l "$mountpoint/from" "$mountpoint/to"
fi
# The root moves over the old one, as at the end of a boot; unlike a plain chroot this leaves nothing to climb out to.
mount -n --move . /
exec chroot . /usr/bin/perl -e "$driver"
