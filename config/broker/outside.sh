#!/bin/sh
# Run this as root on the server that becomes the venue's broker outside, from within the folder
# that porchlight setup made. Debian's mosquitto then serves the venue. Debian's nginx connects
# phones to it, because browsers reach a broker only through a web server, and gives them the
# members' page if the package porchlight-page is installed. What these two served before is put
# aside.
set -eu

here=$(dirname "$0")
root=${PREFIX:-}
# A folder that was made without the root key has no accounts; a server keeps those that it has.
accounts=$root/var/lib/mosquitto/dynamic-security.json
[ -e "$accounts" ] || [ -e "$here/dynamic-security.json" ] || {
    echo "Nothing was installed: this folder has no accounts in it, because it was made without" >&2
    echo "the root key, and this server has none yet. On the kiosk, run porchlight setup again" >&2
    echo "with the root key's file (root = FILE), then copy the new folder here." >&2
    exit 1
}
[ -n "$root" ] || for name in mosquitto nginx; do
    command -v "$name" >/dev/null || apt-get -q -y install --no-install-recommends "$name"
done
plugin=$(find /usr/lib -name mosquitto_dynamic_security.so | head -n 1)
[ -n "$plugin" ] || {
    echo "Nothing was installed: mosquitto's dynamic security plugin is missing. Install" >&2
    echo "Debian's own package: apt install mosquitto" >&2
    exit 1
}

# With a prefix (to try it out) the files belong to whoever runs this.
put() {
    if [ -n "$root" ]; then install "$@"; else install -o mosquitto -g mosquitto "$@"; fi
}

mkdir -p "$root/etc/mosquitto" "$root/var/lib/mosquitto"
put -m 0600 "$here/server.pem" "$root/etc/mosquitto/porchlight.pem"
sed "s|^plugin .*|plugin $plugin|" "$here/mosquitto.conf" >"$root/etc/mosquitto/mosquitto.conf"
# A second run renews only the certificate: it keeps the accounts of phones that joined since. Those
# of 0.1.0 are put aside: there each kiosk administered the broker, and phones are invited again.
if [ -e "$accounts" ] && grep -q '"steward-' "$accounts" && [ -e "$here/dynamic-security.json" ]; then
    mv "$accounts" "$accounts.before-0.2"
fi
if [ ! -e "$accounts" ]; then
    put -m 0600 "$here/dynamic-security.json" "$accounts"
    install -d -m 0700 "$root/etc/porchlight/registrar"
    install -m 0600 "$here/registrar/"* "$root/etc/porchlight/registrar"
fi

nginx=$root/etc/nginx
page=$root/usr/share/porchlight/page
host=$(sed -n 's/^ *server_name \(.*\);$/\1/p' "$here/nginx.conf")
public=$root/etc/letsencrypt/live/$host
mkdir -p "$nginx" "$page"
[ ! -e "$nginx/nginx.conf" ] || [ -e "$nginx/nginx.conf.before-porchlight" ] ||
    mv "$nginx/nginx.conf" "$nginx/nginx.conf.before-porchlight"
install -m 0644 "$here/nginx.conf" "$nginx/nginx.conf"
if [ -e "$public/fullchain.pem" ]; then
    ln -sf "$public/fullchain.pem" "$nginx/porchlight.crt"
    ln -sf "$public/privkey.pem" "$nginx/porchlight.key"
else
    ln -sf "$root/etc/mosquitto/porchlight.pem" "$nginx/porchlight.crt"
    ln -sf "$root/etc/mosquitto/porchlight.pem" "$nginx/porchlight.key"
fi
[ -z "$root" ] || exit 0

# Debian's 1024 files would be 1024 connections, which anybody can hold open.
mkdir -p /etc/systemd/system/mosquitto.service.d
printf '[Service]\nLimitNOFILE=16384\n' >/etc/systemd/system/mosquitto.service.d/porchlight.conf
systemctl daemon-reload
systemctl enable mosquitto nginx
systemctl restart mosquitto nginx
# It alone lets phones in: its package, porchlight-registrar, is installed once.
if [ -e /usr/bin/porchlight-registrar ]; then
    systemctl enable porchlight-registrar
    systemctl restart porchlight-registrar
else
    echo "No phone can join before the registrar runs: apt install ./porchlight-registrar_*.deb"
fi
echo "The broker is running. Delete this folder: it holds the server's key."
[ -e "$page/index.html" ] ||
    echo "To serve the members' page from here too: apt install ./porchlight-page_*.deb"
[ -e "$public/fullchain.pem" ] || cat <<EOF
Browsers will warn of this server's certificate, because they do not know who made
it. If the server has a public name, it can get one that they accept and that renews
itself. Port 80 has to be free and reachable:

    apt install certbot
    certbot certonly --standalone -d $host --deploy-hook '
        ln -sf \$RENEWED_LINEAGE/fullchain.pem /etc/nginx/porchlight.crt
        ln -sf \$RENEWED_LINEAGE/privkey.pem /etc/nginx/porchlight.key
        systemctl reload nginx'

After that, set page = https://$host/ in [venue] of the kiosk's porchlight.conf, so that new phones
join here.
EOF
