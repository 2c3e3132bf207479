# Who logs in before this kiosk is set up reads what to do.
[ -e /etc/porchlight/porchlight.conf ] || cat /usr/share/porchlight/card-welcome
