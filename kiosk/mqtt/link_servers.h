#ifndef PORCHLIGHT_MQTT_LINK_SERVERS_H
#define PORCHLIGHT_MQTT_LINK_SERVERS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* Which DNS servers to ask by one network interface: those that its own link has named, as
 * systemd-networkd writes them down. Where nobody writes them down (NetworkManager), all that the
 * machine knows, those in this link's own network first: one that this link does not reach costs
 * c-ares a try of 2 s. Servers of the
 * machine itself (systemd-resolved's 127.0.0.53) are left out, since no interface but lo reaches
 * them. */

enum { LINK_SERVERS_MAX = 512 };

/* Their addresses with commas between them. False: none is known. */
bool link_servers(const char *interface, char out[LINK_SERVERS_MAX]);

/* Puts the servers first that are in the IPv4 network of `address`, whose mask is `mask`. Pure. */
void link_servers_near_first(char servers[LINK_SERVERS_MAX], const struct in_addr *address,
                             const struct in_addr *mask);

/* Adds to `out` the servers in `text`: words after each line's `key`, such as "DNS=" in networkd's
 * state of a link or "nameserver " in resolv.conf. Pure. */
void link_servers_add(const char *text, const char *key, char out[LINK_SERVERS_MAX]);

#endif
