#ifndef PORCHLIGHT_COMMON_VERSION_H
#define PORCHLIGHT_COMMON_VERSION_H

/* The one place where the version stands; packages and manual pages take it from here. */
#define PORCHLIGHT_VERSION "0.1.0"

#endif
