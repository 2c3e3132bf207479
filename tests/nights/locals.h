#ifndef PORCHLIGHT_NIGHTS_LOCALS_H
#define PORCHLIGHT_NIGHTS_LOCALS_H

#include "tests/nights/machine.h"

/* Local sockets: kiosk/common/unix_socket.h, simulated. The world is at the other end: it dials
 * control.sock and screen.sock, and answers at wipe.sock. */
struct local;

/* A packet came from the program; len 0: it hung up, or is gone. */
typedef void local_said(void *context, struct local *l, const void *bytes, size_t len);

void locals_begin(void);

/* NULL: nobody listens at a path with this end. */
struct local *local_dial(struct machine *m, const char *end, local_said *said, void *context);

/* Who is there when this machine's program connects to a path with this end; said NULL: nobody. */
void local_serve(struct machine *m, const char *end, local_said *said, void *context);

void local_send(struct local *l, const void *bytes, size_t len);
void local_hang_up(struct local *l);
bool local_is_open(const struct local *l);

#endif
