#include "kiosk/mqtt/link_servers.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETWORKD "/run/systemd/netif/links/%u"

static bool link_servers_is_here(const char *server)
{
    return strncmp(server, "127.", 4) == 0 || strcmp(server, "::1") == 0;
}

/* Zones ("fe80::1%eth0") and names for TLS ("9.9.9.9#dns.quad9.net") are left out. */
static void server_add(const char *word, size_t len, char out[LINK_SERVERS_MAX])
{
    char server[INET6_ADDRSTRLEN];
    struct in6_addr ip;
    size_t used = strlen(out), bare = 0;
    while (bare < len && word[bare] != '%' && word[bare] != '#')
        bare++;
    if (bare >= sizeof server || used + bare + 2 > LINK_SERVERS_MAX)
        return;
    snprintf(server, sizeof server, "%.*s", (int)bare, word);
    bool is_server = inet_pton(AF_INET, server, &ip) == 1 || inet_pton(AF_INET6, server, &ip) == 1;
    if (is_server && !link_servers_is_here(server))
        snprintf(out + used, LINK_SERVERS_MAX - used, "%s%s", used ? "," : "", server);
}

void link_servers_add(const char *text, const char *key, char out[LINK_SERVERS_MAX])
{
    size_t len = strlen(key);
    for (const char *line = text; *line; line += strspn(line, "\n")) {
        size_t end = strcspn(line, "\n");
        const char *word = line + len, *after = line + end;
        while (strncmp(line, key, len) == 0 && word < after) {
            size_t n = strcspn(word, " \t\n");
            server_add(word, n, out);
            word += n + strspn(word + n, " \t");
        }
        line = after;
    }
}

static void link_servers_read(const char *path, const char *key, char out[LINK_SERVERS_MAX])
{
    char *line = NULL;
    size_t size = 0;
    FILE *f = fopen(path, "re");
    while (f && getline(&line, &size, f) >= 0)
        link_servers_add(line, key, out);
    free(line);
    if (f)
        fclose(f);
}

void link_servers_near_first(char servers[LINK_SERVERS_MAX], const struct in_addr *address,
                             const struct in_addr *mask)
{
    char all[LINK_SERVERS_MAX], out[LINK_SERVERS_MAX] = "";
    for (int far = 0; far <= 1; far++) {
        char *rest = NULL;
        strcpy(all, servers);
        for (char *one = strtok_r(all, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
            struct in_addr ip;
            bool near = inet_pton(AF_INET, one, &ip) == 1 &&
                        ((ip.s_addr ^ address->s_addr) & mask->s_addr) == 0;
            if (near == !far)
                server_add(one, strlen(one), out);
        }
    }
    strcpy(servers, out);
}

static void own_network_first(const char *interface, char servers[LINK_SERVERS_MAX])
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *a = all; a; a = a->ifa_next)
        if (strcmp(a->ifa_name, interface) == 0 && a->ifa_addr && a->ifa_netmask &&
            a->ifa_addr->sa_family == AF_INET)
            link_servers_near_first(servers, &((struct sockaddr_in *)a->ifa_addr)->sin_addr,
                                    &((struct sockaddr_in *)a->ifa_netmask)->sin_addr);
    freeifaddrs(all);
}

bool link_servers(const char *interface, char out[LINK_SERVERS_MAX])
{
    char path[64];
    out[0] = '\0';
    snprintf(path, sizeof path, NETWORKD, if_nametoindex(interface));
    link_servers_read(path, "DNS=", out);
    if (out[0] == '\0')
        link_servers_read("/run/systemd/resolve/resolv.conf", "nameserver ", out);
    if (out[0] == '\0')
        link_servers_read("/etc/resolv.conf", "nameserver ", out);
    own_network_first(interface, out);
    return out[0] != '\0';
}
