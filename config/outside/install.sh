#!/bin/sh
# Run this as root on the server outside the venue, with Debian 12 or 13, from within the folder that
# porchlight outside made. It sets up the broker, its registrar, the members' page, the relay and, if the
# folder has one, an ntfy server; gets a certificate that browsers know; and checks each part. Where page
# and broker are two servers, each has a folder with its own parts. What nginx and mosquitto serve here
# already stays. You can run it again.
#
#   --domain NAME             where members open the page, if it is not the broker's name
#   --certificate CHAIN KEY   use this certificate (PEM files); you renew them yourself
#   --mail ADDRESS            get one by certbot; its maker writes there before it expires
#   --own-certificate         neither: browsers will warn
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=${PREFIX:-}
setting() { sed -n "s/^$1=//p" "$here/settings"; }
host=$(setting host) port=$(setting port) topic=$(setting topic)
parts=$(setting parts) page=$(setting page) # parts: all, or broker or page alone
domain='' chain='' key='' mail='' how=''

fail() {
    echo "Stopped: $*" >&2
    exit 1
}
while [ $# -gt 0 ]; do
    case $1 in
    --domain) domain=${2:-} && shift 2 ;;
    --certificate) how=given chain=${2:-} key=${3:-} && shift 3 ;;
    --mail) how=certbot mail=${2:-} && shift 2 ;;
    --own-certificate) how=own && shift ;;
    *) fail "unknown option $1. Known are --domain NAME, --certificate CHAIN KEY, --mail ADDRESS and" \
        "--own-certificate" ;;
    esac
done
[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "this needs root. Run: sudo sh $0"

# --- questions --------------------------------------------------------------------------------------
ask() { # ask QUESTION DEFAULT
    if [ -t 0 ]; then
        printf '%s [%s] ' "$1" "$2" >&2
        read -r reply || reply=
    else
        reply=
    fi
    echo "${reply:-$2}"
}
case $parts in
page) domain=${domain:-$page} fixed=$page ;;
broker) domain=${domain:-$host} fixed=$host ;;
*) fixed=$domain ;;
esac
[ "$domain" = "$fixed" ] || fail "this folder is for $fixed alone. For another name, make it again with" \
    "porchlight outside --page NAME"
[ -n "$domain" ] || domain=$(ask "This server's name, under which members open the page:" "$host")
case $domain in
*[!A-Za-z0-9.-]* | .* | -* | '') fail "\"$domain\" is no host name. Expected one like kettle.example.org" ;;
esac
if [ -z "$how" ]; then
    [ ! -t 0 ] || cat >&2 <<END
Browsers want a certificate that they know. Let's Encrypt gives one for free: type your mail
address. It writes to you if the certificate is about to expire. Or take "own": browsers then
warn of the page, and no locked phone rings.
END
    mail=$(ask "Mail address, or own:" own)
    how=certbot
    [ "$mail" != own ] || how=own
fi
if [ "$how" = given ]; then
    openssl x509 -in "$chain" -noout -checkhost "$domain" 2>/dev/null | grep -q 'does match' ||
        fail "$chain is no certificate for $domain. Give the full chain, then the key"
    openssl x509 -in "$chain" -noout -checkend 86400 >/dev/null ||
        fail "the certificate $chain has expired, or does so within a day. Renew it first"
    [ "$(openssl x509 -in "$chain" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ] ||
        fail "$key is not the key of $chain"
fi

# --- packages ---------------------------------------------------------------------------------------
needed="nginx curl openssl"
[ "$parts" = page ] || needed="$needed mosquitto porchlight-registrar porchlight-relay"
[ "$parts" = broker ] || needed="$needed porchlight-page"
[ "$how" != certbot ] || needed="$needed certbot"
[ -z "$topic" ] || needed="$needed ntfy"
if [ -z "$root" ]; then
    missing=
    for package in $needed; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        apt-get -q update
        for package in $missing; do
            apt-cache show "$package" >/dev/null 2>&1 || fail "there is no package $package for this" \
                "Debian. Porchlight's come from its package repository: add it here first, as on the" \
                "kiosk. ntfy needs Debian 13. Then run this again"
        done
        # shellcheck disable=SC2086 # a list of words
        DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $missing
    fi
fi

# --- a certificate -----------------------------------------------------------------------------------
nginx=$root/etc/nginx
acme=$root/var/lib/porchlight-acme
mkdir -p "$nginx"
link() {
    ln -sf "$1" "$nginx/porchlight.crt"
    ln -sf "$2" "$nginx/porchlight.key"
}
certbot_run() {
    # CERTBOT_OPTIONS: another maker, as the tests have.
    # shellcheck disable=SC2086 # a list of words
    certbot certonly --non-interactive --agree-tos --keep-until-expiring -m "$mail" -d "$domain" \
        --cert-name "$domain" --deploy-hook 'systemctl reload nginx || true' ${CERTBOT_OPTIONS:-} "$@"
}
take_certificate() {
    live=${CERTBOT_LIVE:-/etc/letsencrypt/live}/$domain
    case $how in
    given)
        install -D -m 0644 "$chain" "$nginx/porchlight-given.crt"
        install -D -m 0600 "$key" "$nginx/porchlight-given.key"
        link "$nginx/porchlight-given.crt" "$nginx/porchlight-given.key"
        ;;
    certbot)
        # nginx answers at port 80 where it was here before; else certbot does.
        if [ -e "$nginx/conf.d/porchlight.conf" ]; then
            certbot_run --webroot -w "$acme"
        else
            certbot_run --standalone
        fi || fail "certbot got no certificate for $domain; its lines above say why. Port 80 has to be" \
            "reachable from the internet, and $domain has to lead here. Then run this again," \
            "or with --own-certificate"
        link "$live/fullchain.pem" "$live/privkey.pem"
        ;;
    own) ;; # the parts below have put one there
    esac
}

# --- checks -------------------------------------------------------------------------------------------
bad=0
check() { # check NAME WHAT-TO-DO COMMAND...
    name=$1 advice=$2
    shift 2
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if "$@" >/dev/null 2>&1; then
            printf '%-12s in order\n' "$name"
            return
        fi
        sleep 1
    done
    printf '%-12s NOT in order. %s\n' "$name" "$advice"
    bad=1
}
# Whether the broker's web server leads to it, as phones go there. The answer's body never ends.
upgrades() { # upgrades CURL-OPTIONS...
    [ "$(curl -s --max-time 2 --http1.1 "$@" -o /dev/null -w '%{http_code}' -H 'Connection: Upgrade' \
        -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Protocol: mqtt' \
        -H 'Sec-WebSocket-Key: cG9yY2hsaWdodCBjaGVjaw==' "https://$host/mqtt" || true)" = 101 ]
}
# The certificate that was made here, where browsers know none.
known() { [ "$how" = own ] && echo --cacert "$1" || true; }
check_page() {
    # shellcheck disable=SC2046 # nothing or two words
    check page "To see why: systemctl status nginx" curl -sf $(known "$1") --resolve "$domain:443:127.0.0.1" \
        "https://$domain/index.html"
}
check_name() {
    check name "$domain has no address yet, seen from here. Have your domain's provider set this server's" \
        getent hosts "$domain"
}
check_end() {
    echo
    [ "$bad" -eq 0 ] || fail "not all parts are in order. Fix those named above, and run this again"
}

# --- the parts ---------------------------------------------------------------------------------------
web=$here/broker
[ "$parts" != page ] || web=$here/web
sed -i "s/^\( *server_name \).*;/\1$domain;/" "$web/nginx.conf"
export ACME="$acme" INSIDE=yes PARTS="$parts" BROKER="$host"
sh "$web/install.sh"
take_certificate
[ -n "$root" ] || { nginx -tq && systemctl reload nginx; }
if [ "$parts" = page ]; then
    [ -z "$root" ] || exit 0
    check_page "$nginx/porchlight.crt"
    check_name
    check broker "Phones cannot reach it at $host yet, seen from here. Run the other folder's install.sh there" \
        upgrades -k
    check_end
    echo "The page runs. Delete this folder."
    exit 0
fi

# The relay and ntfy use the page's name.
sed -i "s|//$host\([:/]\)|//$domain\1|g" "$here/relay/"*.conf "$here/relay/"*.yml 2>/dev/null || true
topic=$(echo "$topic" | sed "s|//$host:|//$domain:|")
base=${topic%/*} password=
if [ -n "$topic" ]; then
    state=${NTFY_STATE:-/var/lib/ntfy} config=${NTFY_CONFIG:-/etc/ntfy/server.yml}
    if [ -z "$root" ]; then
        install -d -o _ntfy -g _ntfy -m 0700 "$state"
        install -D -m 0644 "$here/relay/ntfy.yml" "$config"
        systemctl enable ntfy
        systemctl restart ntfy
    fi
    # Users can be added once the server has made its file. Those that are there keep their passwords.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ ! -e "$state/auth.db" ] || break
        sleep 1
    done
    for user in relay phones; do
        password=$(openssl rand -hex 12)
        NTFY_PASSWORD=$password ntfy user --config="$config" add "$user" >/dev/null 2>&1 ||
            password="as before"
    done
    ntfy access --config="$config" relay "${topic##*/}" write-only >/dev/null 2>&1
    ntfy access --config="$config" phones "${topic##*/}" read-only >/dev/null 2>&1
    ntfy token --config="$config" add relay 2>&1 | grep -o 'tk_[a-z0-9]*' |
        head -n 1 >"$here/relay/credentials/push-first"
    chmod 600 "$here/relay/credentials/push-first"
    [ -s "$here/relay/credentials/push-first" ] || fail "ntfy gave no token. To see why: systemctl status ntfy"
    # It is served beside the page, with its certificate.
    mkdir -p "$nginx/conf.d"
    cat >"$nginx/conf.d/porchlight-ntfy.conf" <<END
server {
    listen ${base##*:} ssl;
    server_name $domain;
    ssl_certificate $nginx/porchlight.crt;
    ssl_certificate_key $nginx/porchlight.key;
    access_log off;
    location / {
        proxy_pass http://127.0.0.1:2586;
        proxy_http_version 1.1;
        proxy_set_header Host \$http_host;
        proxy_set_header X-Forwarded-For \$remote_addr;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_read_timeout 1h;
        proxy_buffering off;
    }
}
END
    # Our own nginx.conf names no folder of sites.
    if grep -q "^# Serves the page, and connects" "$nginx/nginx.conf"; then
        sed -i "s|^http {|&\n    include $nginx/conf.d/porchlight-ntfy.conf;|" "$nginx/nginx.conf"
    fi
    [ -n "$root" ] || { nginx -tq && systemctl reload nginx; }
fi
sh "$here/relay/install.sh"
[ -z "$topic" ] || echo "Write down, for the ntfy app on members' phones: topic $topic, user phones," \
    "password: $password"
if [ "$domain" != "$host" ]; then
    echo "On the kiosk, in /etc/porchlight/porchlight.conf, set:"
    echo "    below [venue]: page = https://$domain/"
    echo "    below [broker outside]: phones = wss://$domain/mqtt"
    echo "Then run: sudo systemctl reload porchlightd"
fi
[ -z "$root" ] || exit 0

ca=$here/broker/broker-ca.pem
check broker "To see why: systemctl status 'mosquitto*'" sh -c "openssl s_client -connect 127.0.0.1:$port \
    -servername $host -verify_hostname $host -CAfile '$ca' -verify_return_error </dev/null"
check registrar "To see why: systemctl status porchlight-registrar" systemctl is-active porchlight-registrar
[ "$parts" = broker ] || check_page "$ca"
check phones "They cannot reach the broker. To see why: systemctl status nginx" \
    upgrades -k --connect-to "::127.0.0.1:443"
check relay "To see why: journalctl -u porchlight-relay" sh -c 'journalctl -b -u porchlight-relay | grep -q connected'
# shellcheck disable=SC2046
[ -z "$topic" ] || check ntfy "To see why: systemctl status ntfy" curl -sf $(known "$ca") \
    --resolve "$domain:${base##*:}:127.0.0.1" "$base/v1/health"
check_name
[ "$parts" != broker ] || check page "https://$page/ cannot be opened from here yet. Run the other folder's install.sh \
there" curl -skf "https://$page/index.html"
check_end
echo "All parts run. Delete this folder, here and on the stick: it holds the server's keys."
