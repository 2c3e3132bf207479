#!/bin/sh
# On the server that is to be the venue's broker outside, as root, from within the folder that
# porchlight setup made for it. Debian's mosquitto then serves the venue; Debian's nginx serves its
# phones, whose browsers reach a broker through a web server alone, and gives them the members' page
# where the package porchlight-page is installed. Whatever else these two served is put aside.
set -eu

here=$(dirname "$0")
root=${PREFIX:-}
# Made without the root key, the folder has none; a server that is to keep its own needs none.
accounts=$root/var/lib/mosquitto/dynamic-security.json
[ -e "$accounts" ] || [ -e "$here/dynamic-security.json" ] || {
    echo "This folder renews a server that has the venue's accounts; this server has none. With" >&2
    echo "the root key's file at hand (root = FILE) porchlight setup puts them into the folder." >&2
    exit 1
}
[ -n "$root" ] || for name in mosquitto nginx; do
    command -v "$name" >/dev/null || apt-get -q -y install --no-install-recommends "$name"
done
plugin=$(find /usr/lib -name mosquitto_dynamic_security.so | head -n 1)
[ -n "$plugin" ] || { echo "mosquitto has no dynamic security plugin here" >&2; exit 1; }

# With a prefix (trying out) nobody's but the caller's.
put() {
    if [ -n "$root" ]; then install "$@"; else install -o mosquitto -g mosquitto "$@"; fi
}

mkdir -p "$root/etc/mosquitto" "$root/var/lib/mosquitto"
put -m 0600 "$here/server.pem" "$root/etc/mosquitto/porchlight.pem"
sed "s|^plugin .*|plugin $plugin|" "$here/mosquitto.conf" >"$root/etc/mosquitto/mosquitto.conf"
# Accounts of phones that were invited since are kept: a second run renews the certificate alone.
[ -e "$accounts" ] || put -m 0600 "$here/dynamic-security.json" "$accounts"

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

systemctl enable mosquitto nginx
systemctl restart mosquitto nginx
echo "The broker runs. Remove this folder: it holds the server's key."
[ -e "$page/index.html" ] ||
    echo "To serve the members' page from here too: apt install ./porchlight-page_*.deb"
[ -e "$public/fullchain.pem" ] || cat <<EOF
Phones' browsers do not know this server's certificate. With a public name it can have one that they
know, renewed by itself; port 80 has to be free and reachable for it:

    apt install certbot
    certbot certonly --standalone -d $host --deploy-hook '
        ln -sf \$RENEWED_LINEAGE/fullchain.pem /etc/nginx/porchlight.crt
        ln -sf \$RENEWED_LINEAGE/privkey.pem /etc/nginx/porchlight.key
        systemctl reload nginx'

Then "page = https://$host/" in [venue] of the kiosk's porchlight.conf has new phones join here.
EOF
