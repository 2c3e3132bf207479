#!/bin/sh
# Run this as root on the Pi, from the stick on which the repository is: it copies the repository to this
# machine, so that the stick can leave, and installs Porchlight from it. To upgrade, bring a newer
# repository and run its install.sh. apt checks it as one from a server: its signature, its age, and that
# it is not older than the last one.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=${PREFIX:-}
copy=$root/var/lib/porchlight-repository
keyring=porchlight-archive-keyring
suite=$(. "$root/etc/os-release" && echo "${VERSION_CODENAME:-unknown}")

fail() {
    echo "Nothing was installed: $*" >&2
    exit 1
}
[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "this needs root. Run: sudo sh $0"
[ -e "$here/dists/$suite/InRelease" ] ||
    fail "this repository has no packages for $suite, only for: $(cd "$here/dists" && echo *)." \
        "Packages for bookworm fit Debian 12, those for trixie Debian 13 and Raspberry Pi OS of today."

# The first time the stick's keys are taken. Later only the keyring's own package changes them.
keys=$root/usr/share/keyrings/$keyring.gpg
[ -e "$keys" ] || install -D -m 644 "$here/$keyring.gpg" "$keys"
rm -rf "$copy.new"
mkdir -p "$copy.new" "$root/etc/apt/sources.list.d"
cp -r "$here/dists" "$here/pool" "$copy.new/"
chmod -R u=rwX,go=rX "$copy.new"
rm -rf "$copy"
mv "$copy.new" "$copy"
cat >"$root/etc/apt/sources.list.d/porchlight.sources" <<END
Types: deb
URIs: file:/var/lib/porchlight-repository
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/$keyring.gpg
END
[ -z "$root" ] || exit 0

apt-get -q update --error-on=any || fail "apt refused a list of packages; the line above that begins with E: says why."
apt-get -q -y install "$keyring" porchlight porchlight-page porchlight-registrar
echo "Porchlight is installed. Next: sudo porchlight setup"
