#!/bin/sh
# Run this as root on the machine outside the venue that is to ring locked phones, from within the
# folder that `porchlight relay` made.
set -eu

here=$(dirname "$0")
etc=${PREFIX:-}/etc/porchlight
command -v porchlight-relay >/dev/null ||
    { echo "Nothing was installed. First: apt install ./porchlight-relay_*.deb" >&2; exit 1; }

install -d -m 0755 "$etc"
install -d -m 0700 "$etc/credentials"
install -m 0600 "$here"/credentials/* "$etc/credentials/"
install -m 0644 "$here/broker-ca.pem" "$here/relay.conf" "$etc/"
porchlight-relay --prefix "${PREFIX:-}" --check
[ -z "${PREFIX:-}" ] || exit 0
systemctl enable porchlight-relay
systemctl restart porchlight-relay
echo "The relay is running. Delete this folder: it holds the relay's keys."
