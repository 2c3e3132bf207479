#ifndef PORCHLIGHT_CONFIG_CA_PIN_H
#define PORCHLIGHT_CONFIG_CA_PIN_H

#include <stdint.h>

/* The pin of an authority: SHA-256 of its certificate in DER. */
enum { CA_PIN = 32 };

/* Of the one certificate in a PEM file. 0; or -1 with errno: EBADMSG where it holds none, EINVAL
 * where it holds several, so that none of them is the authority. */
int ca_pin_of_file(const char *path, uint8_t pin[CA_PIN]);

/* Of the certificate that `pem` begins with, behind whatever comes before it; *end is behind it.
 * 0, or -1: there is none. */
int ca_pin_of(const char *pem, uint8_t pin[CA_PIN], const char **end);

#endif
