#!/bin/sh
# Run this as root on the server that becomes the venue's broker outside, from within the folder
# that porchlight setup made. Debian's mosquitto then serves the venue. Debian's nginx connects
# phones to it, because browsers reach a broker only through a web server, and gives them the
# members' page if the package porchlight-page is installed. What these two served before stays: a broker
# that is in use gets a second one beside it, and nginx one site more.
set -eu

here=$(dirname "$0")
root=${PREFIX:-}
parts=${PARTS:-all} # or broker or page alone: the other one is on another server
broker=mosquitto
theirs=
broker_install() {
    # A folder that was made without the root key has no accounts; a server keeps those that it has.
    # A broker that serves somebody else: with files of its own, or changed from what Debian ships.
    for file in "$root/etc/mosquitto/conf.d/"*.conf; do
        [ ! -e "$file" ] || theirs="$theirs $file"
    done
    conf=$root/etc/mosquitto/mosquitto.conf
    if [ -e "$conf" ] && ! grep -q "^# A broker for Porchlight" "$conf" &&
        grep -qvE '^ *(#|$)|^(pid_file|persistence|persistence_location|log_dest|include_dir) ' "$conf"; then
        theirs="$theirs $conf"
    fi
    [ -z "$theirs" ] || broker=mosquitto-porchlight
    accounts=$root/var/lib/$broker/dynamic-security.json
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

    mkdir -p "$root/etc/$broker"
    put -d -m 0700 "$root/var/lib/$broker"
    put -m 0600 "$here/server.pem" "$root/etc/$broker/porchlight.pem"
    sed -e "s|^plugin .*|plugin $plugin|" -e "s|/etc/mosquitto/|/etc/$broker/|" \
        -e "s|/var/lib/mosquitto|/var/lib/$broker|" "$here/mosquitto.conf" >"$root/etc/$broker/mosquitto.conf"
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
}
[ "$parts" = page ] || broker_install

nginx=$root/etc/nginx
page=$root/usr/share/porchlight/page
host=$(sed -n 's/^ *server_name \(.*\);$/\1/p' "$here/nginx.conf")
# The page's server leads to no broker, but lets the page connect to it; the broker's has no page.
web=$(mktemp)
trap 'rm -f "$web"' EXIT
case $parts in
page) sed -e '/location = \/mqtt {/,/^        }/d' -e "s|connect-src 'self'|& wss://${BROKER:-}|" ;;
broker) sed 's|try_files .*|return 404;|' ;;
*) cat ;;
esac <"$here/nginx.conf" >"$web"
public=$root/etc/letsencrypt/live/$host
mkdir -p "$nginx" "$page"
# What it serves for others: any site but Debian's empty one.
sites=
for site in "$nginx/sites-enabled/"* "$nginx/conf.d/"*.conf; do
    case $site in
    */sites-enabled/default | */conf.d/porchlight.conf | */conf.d/porchlight-ntfy.conf) ;;
    *) [ ! -e "$site" ] || sites="$sites $site" ;;
    esac
done
if [ -n "$sites" ]; then
    grep -q 'conf\.d/\*\.conf' "$nginx/nginx.conf" || {
        echo "Nothing of nginx was changed: its nginx.conf does not include conf.d/*.conf, so a site" >&2
        echo "cannot be added beside:" $sites >&2
        exit 1
    }
    mkdir -p "$nginx/conf.d" "${ACME:=$root/var/lib/porchlight-acme}"
    # Our server alone, with what nginx.conf says above it for all; its zone has a name of its own.
    awk -v host="$host" -v acme="$ACME" '
        /^http \{/ { http = 1; next }
        !http || /_temp_path / { next }
        /^}/ { exit }
        /limit_conn_zone/ { print; next }
        /^    server \{/ { print; printf "%s", above; ours = 1; next }
        !ours { above = above $0 "\n"; next }
        { print }
        END {
            print "    server {\n        listen 80;\n        server_name " host ";"
            print "        location /.well-known/acme-challenge/ {\n            root " acme ";\n        }"
            print "        location / {\n            return 301 https://$host$request_uri;\n        }\n    }"
        }' "$web" |
        sed 's/zone=address:/zone=porchlight:/; s/limit_conn address/limit_conn porchlight/' \
            >"$nginx/conf.d/porchlight.conf"
else
    [ ! -e "$nginx/nginx.conf" ] || [ -e "$nginx/nginx.conf.before-porchlight" ] ||
        mv "$nginx/nginx.conf" "$nginx/nginx.conf.before-porchlight"
    install -m 0644 "$web" "$nginx/nginx.conf"
fi
[ -z "$theirs$sites" ] || echo "Kept as they were:" $theirs $sites
if [ -e "$public/fullchain.pem" ]; then
    ln -sf "$public/fullchain.pem" "$nginx/porchlight.crt"
    ln -sf "$public/privkey.pem" "$nginx/porchlight.key"
elif [ "$parts" = page ]; then
    # One that no browser knows, for a start; or to stay, where nothing better is wanted.
    [ -e "$nginx/porchlight.crt" ] || {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$host" \
            -addext "subjectAltName=DNS:$host" -keyout "$nginx/porchlight-own.pem" \
            -out "$nginx/porchlight-own.crt" 2>/dev/null
        chmod 600 "$nginx/porchlight-own.pem"
        ln -sf "$nginx/porchlight-own.crt" "$nginx/porchlight.crt"
        ln -sf "$nginx/porchlight-own.pem" "$nginx/porchlight.key"
    }
else
    ln -sf "$root/etc/$broker/porchlight.pem" "$nginx/porchlight.crt"
    ln -sf "$root/etc/$broker/porchlight.pem" "$nginx/porchlight.key"
fi
[ -z "$root" ] || exit 0

if [ "$parts" = page ]; then
    systemctl enable nginx
    systemctl restart nginx
    exit 0
fi
# Debian's 1024 files would be 1024 connections, which anybody can hold open.
units=/etc/systemd/system
if [ "$broker" = mosquitto ]; then
    mkdir -p "$units/mosquitto.service.d"
    printf '[Service]\nLimitNOFILE=16384\n' >"$units/mosquitto.service.d/porchlight.conf"
else
    cat >"$units/$broker.service" <<EOF
[Unit]
Description=Porchlight's broker, beside another one
Wants=network-online.target
After=network-online.target

[Service]
User=mosquitto
ExecStart=/usr/sbin/mosquitto -c /etc/$broker/mosquitto.conf
Restart=always
LimitNOFILE=16384

[Install]
WantedBy=multi-user.target
EOF
fi
systemctl daemon-reload
systemctl enable "$broker" nginx
systemctl restart "$broker" nginx
# It alone lets phones in: its package, porchlight-registrar, is installed once.
if [ -e /usr/bin/porchlight-registrar ]; then
    systemctl enable porchlight-registrar
    systemctl restart porchlight-registrar
else
    echo "No phone can join before the registrar runs: apt install ./porchlight-registrar_*.deb"
fi
[ -z "${INSIDE:-}" ] || exit 0 # the rest is what its installer does
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
