#ifndef PORCHLIGHT_CONFIG_CITY_H
#define PORCHLIGHT_CONFIG_CITY_H

#include "config/config.h"

/* Where a city is. The cities are those that name a time zone: zone.tab of tzdata, which every
 * Debian has, some four hundred. A minute of arc is exact enough for a sunrise. */

#define CITY_TABLE "/usr/share/zoneinfo/zone.tab"

struct city {
    double latitude, longitude;
    char timezone[CONFIG_NAME_MAX];
};

/* `name` is the zone's last word, "Baku" or "Buenos Aires", whole or as "Asia/Baku"; case and _
 * are not minded. 0, or -1 with errno: ESRCH the table does not have it (up to three names that
 * are written much alike are in `near`, with commas; empty: none), or that of a table that cannot
 * be read. */
int city_find(const char *table, const char *name, struct city *out, char near[128]);

#endif
