#ifndef PORCHLIGHT_COMMON_VERSION_H
#define PORCHLIGHT_COMMON_VERSION_H

/* The version is set here and nowhere else; packages and manual pages take it from here. */
#define PORCHLIGHT_VERSION "0.2.0"

#endif
