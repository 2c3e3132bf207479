#!/bin/sh
# Run this as root on the machine outside the venue that is to ring locked phones, from within the
# folder that `porchlight relay` made.
set -eu

here=$(dirname "$0")
etc=${PREFIX:-}/etc/porchlight

fail() {
    echo "Nothing was installed: $*" >&2
    exit 1
}
[ -n "${PREFIX:-}" ] || [ "$(id -u)" -eq 0 ] || fail "this needs root. Run: sudo sh $0"
command -v porchlight-relay >/dev/null ||
    fail "the package porchlight-relay is missing. Add Porchlight's package repository, then run:" \
        "sudo apt install porchlight-relay"
sed -n 's/^token *= *//p' "$here/relay.conf" | while read -r token; do
    [ -s "$here/credentials/$token" ] || [ -s "$etc/credentials/$token" ] ||
        fail "there is no token for ntfy. Write it, on one line, to $here/credentials/$token"
done

install -d -m 0755 "$etc"
install -d -m 0700 "$etc/credentials"
install -m 0600 "$here"/credentials/* "$etc/credentials/"
install -m 0644 "$here/broker-ca.pem" "$here/relay.conf" "$etc/"
porchlight-relay --prefix "${PREFIX:-}" --check || {
    echo "The relay was not started: its config has the mistake above." >&2
    exit 1
}
[ -z "${PREFIX:-}" ] || exit 0
systemctl enable porchlight-relay
systemctl restart porchlight-relay
echo "The relay is running. Delete this folder, here and on the stick: it holds the relay's keys."
