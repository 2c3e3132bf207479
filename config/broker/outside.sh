#!/bin/sh
# On the server that is to be the venue's broker outside, as root, from within the folder that
# porchlight setup made for it. Debian's mosquitto then serves the venue, and nothing else.
set -eu

here=$(dirname "$0")
command -v mosquitto >/dev/null || apt-get -q -y install --no-install-recommends mosquitto
plugin=$(find /usr/lib -name mosquitto_dynamic_security.so | head -n 1)
[ -n "$plugin" ] || { echo "mosquitto has no dynamic security plugin here" >&2; exit 1; }

install -d -m 0755 /etc/mosquitto
install -m 0640 -g mosquitto "$here/server.pem" /etc/mosquitto/porchlight.pem
sed "s|^plugin .*|plugin $plugin|" "$here/mosquitto.conf" >/etc/mosquitto/mosquitto.conf
# Accounts of phones that were invited since are kept: a second run renews the certificate alone.
[ -e /var/lib/mosquitto/dynamic-security.json ] ||
    install -m 0600 -o mosquitto -g mosquitto "$here/dynamic-security.json" /var/lib/mosquitto/
systemctl enable mosquitto
systemctl restart mosquitto
echo "The broker runs. Remove this folder: it holds the server's key."
